import Base
import PolicyEngine
import Stores

/// A document that loads.
struct PolicyDocument: Sendable {
    let source: [UInt8]
    let policy: CompiledPolicy
    private let tools: ToolSet?

    /// Compiles a document; its findings are said, and it is refused when one is an error.
    static func compile(
        _ source: [UInt8],
        from path: String,
        _ invocation: Invocation
    ) throws(CommandFailure) -> PolicyDocument {
        let tools = try PolicyFiles.tools(invocation)
        let (policy, findings) = CompiledPolicy.check(source, tools: tools)
        for finding in findings {
            invocation.console.say(PolicyFiles.line(finding, in: path))
        }
        guard let policy else {
            throw .refused("`\(path)` is refused: see above; nothing was changed")
        }
        return PolicyDocument(source: source, policy: policy, tools: tools)
    }

    /// What becomes different for calls; `nil` when there is nothing to compare with.
    func changes(from before: PolicyVersion?) -> [PolicyChange]? {
        guard let before, let old = CompiledPolicy.load(before.source).policy else {
            return nil
        }
        return PolicyDifference.changes(from: old, to: policy, tools: tools)
    }
}

/// A policy in the editor of the person at the terminal.
enum PolicyEditor {
    /// What a policy without any version begins as: it denies everything.
    static let template = Array("{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {}\n}\n".utf8)

    /// A file a person works on, in a folder of its own that only they can read.
    struct Draft {
        let folder: String
        var path: String { "\(folder)/policy.json" }

        func remove() {
            FileAccess.removeFolder(folder, files: ["policy.json"])
        }
    }

    /// What the person makes of a document, once it loads, and the draft, which the caller removes.
    ///
    /// A draft that does not load can be edited again, else it is kept, and said where.
    static func edit(
        _ source: [UInt8],
        _ invocation: Invocation
    ) throws(CommandFailure) -> (PolicyDocument, Draft) {
        let console = invocation.console
        let editors = ["VISUAL", "EDITOR"].compactMap { console.environment[$0] }
        guard console.inputIsTerminal, let editor = editors.first(where: { !$0.isEmpty }) else {
            throw .usage(
                "give the document with `--file`; `policy edit` without it needs a terminal, and an editor in EDITOR"
            )
        }
        let file = Draft(folder: try FileAccess.makeTemporaryFolder(prefix: "toolgate-edit"))
        let path = file.path
        do throws(FileProblem) {
            try FileAccess.write(source, to: path)
        } catch {
            throw .environment(error.message)
        }
        while true {
            let isDone = console.edit(editor, path)
            let draft = try PolicyFiles.read(path)
            guard isDone, draft != source else {
                let words = isDone ? "the document is as it was" : "the editor `\(editor)` ended badly"
                let isLost = draft == source
                if isLost {
                    file.remove()
                }
                let failure = "\(words): nothing was changed" + (isLost ? "" : "; the draft is `\(path)`")
                throw isDone ? .refused(failure) : .environment(failure)
            }
            do throws(CommandFailure) {
                return (try PolicyDocument.compile(draft, from: path, invocation), file)
            } catch {
                guard Confirmation.isAgreed("It does not load. Edit it again?", console) else {
                    throw .refused("nothing was changed; the draft is `\(path)`")
                }
            }
        }
    }
}
