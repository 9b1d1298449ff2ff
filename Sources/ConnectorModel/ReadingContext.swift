import Base
import Settings
import YAMLText

/// What the templates of one tool may refer to, and what they did refer to: for finding what is used nowhere.
struct ReadingContext {
    /// Problems found so far, of the whole file.
    var problems: Problems
    /// The connector's settings.
    var settings: Set<ByteString> = []
    /// The arguments of the tool's schema.
    var arguments: Set<ByteString> = []
    /// Whether the schema lets other arguments pass.
    var isOpen = false
    /// The values of `let` so far.
    var variables: Set<ByteString> = []
    /// The steps so far; a batch adds its commands.
    var steps: Set<ByteString> = []
    /// Arguments some template took.
    var usedArguments: Set<ByteString> = []
    /// Whether some template took the rest of them.
    var usesRest = false
    /// Values of `let` some template took.
    var usedVariables: Set<ByteString> = []

    init(problems: Problems) {
        self.problems = problems
    }

    mutating func add(
        _ code: SettingsProblem.Code,
        at position: YAMLPosition,
        _ message: String,
        remedy: String? = nil
    ) {
        problems.add(code, at: position, message, remedy: remedy)
    }

    /// Notes that an argument is used; a problem when the tool has none of that name.
    mutating func use(argument name: ByteString, at position: YAMLPosition) {
        usedArguments.insert(name)
        check(name, in: arguments, what: "argument of this tool", at: position)
    }

    /// Notes that a value of `let` is used.
    mutating func use(variable name: ByteString, at position: YAMLPosition) {
        usedVariables.insert(name)
        check(name, in: variables, what: "value of `let` above", at: position)
    }

    /// A problem when there is no earlier step of that name.
    mutating func use(step name: ByteString, at position: YAMLPosition) {
        check(name, in: steps, what: "earlier step", at: position)
    }

    /// A problem when the connector has no setting of that name.
    mutating func use(setting name: ByteString, at position: YAMLPosition) {
        check(name, in: settings, what: "setting of this connector", at: position)
    }

    private mutating func check(
        _ name: ByteString,
        in known: Set<ByteString>,
        what: String,
        at position: YAMLPosition
    ) {
        guard !known.contains(name) else {
            return
        }
        let names = known.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }
        let nearest = NearestName.of(name.bytes, among: names)
        let list = names.isEmpty ? "there is none" : "known: " + names.map { "`\($0.shown)`" }.joined(separator: ", ")
        add(
            .unresolved,
            at: position,
            "`\(name.bytes.shown)` is no \(what)",
            remedy: nearest.map { "did you mean `\($0.shown)`?" } ?? list
        )
    }
}
