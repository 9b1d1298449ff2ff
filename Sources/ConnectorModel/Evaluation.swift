import Base
import UnicodeText

/// Why a template gave nothing usable.
enum EvaluationFailure: Error, Hashable, Sendable {
    /// The agent's argument is not what the tool needs.
    case argument(name: ByteString, reason: Reason)
    /// An operator met a kind of value it does not take: the API answered otherwise than the connector expects.
    case type(operator: String)
    /// A time zone nobody knows.
    case zone(ByteString)
    /// More steps than one call may take.
    case tooMuchWork

    /// What an argument should have been.
    enum Reason: String, Hashable, Sendable {
        case integer
        case decimal
        case text
        case json
        case object = "json-object"
        case flag
        case date
        /// A key that may not be set.
        case denied
    }
}

/// What one step of a call came to, for the templates after it.
struct StepRecord: Sendable {
    /// The body, or what the step puts in its place.
    var body: ConnectorValue?
    /// The HTTP status; 0 when there was no answer.
    var status = 0
    /// From sending to the whole answer.
    var elapsedMilliseconds = 0
    /// What went wrong, for steps that keep their failures.
    var failure: String?
    /// Whether the answer came out of the cache.
    var isCached = false
    /// Whether there was more than the step may read.
    var isTruncated = false
}

/// Everything templates of one call are evaluated against.
struct Evaluation: Sendable {
    /// LIMIT: operators and elements one call may go through.
    static let maximumWork = 5_000_000

    /// The arguments, an object.
    var arguments: [ConnectorMember] = []
    /// Names of arguments the schema knows.
    var declared: Set<ByteString> = []
    /// The connector's settings.
    var settings: [ByteString: ConnectorValue] = [:]
    /// `scheme://host[:port]` of the API.
    var origin: ByteString = ""
    /// The tool's `let`.
    var variables: [ByteString: Template] = [:]
    /// What the steps came to.
    var steps: [ByteString: StepRecord] = [:]
    /// The step whose answer `$at` means without `from`.
    var latest: ByteString = ""
    /// The civil clock.
    var time = WallTime(milliseconds: 0)
    private var computed: [ByteString: ConnectorValue?] = [:]
    private var zones: [ByteString: TimeZoneRules] = [:]
    private var work = 0
    /// The text looked through last, as words: reports look through one text many times.
    var lastWords: (text: ByteString, words: WordText)?

    init() {}

    /// What a template comes to, `nil` for what is absent; `scope` is the element at hand, without one the last answer.
    mutating func value(
        _ template: Template,
        in scope: ConnectorValue? = nil
    ) throws(EvaluationFailure) -> ConnectorValue? {
        try spend(1)
        switch template {
        case .constant(let value): return value
        case .list(let templates): return .list(try values(templates, in: scope))
        case .object(let members): return .object(try self.members(members, in: scope))
        case .operation(let operation): return try evaluate(operation, in: scope)
        }
    }

    /// Whether a condition holds; what is absent does not.
    mutating func holds(_ template: Template?, in scope: ConnectorValue? = nil) throws(EvaluationFailure) -> Bool {
        guard let template else {
            return true
        }
        return try value(template, in: scope)?.isTrue ?? false
    }

    /// What is there of several templates.
    mutating func values(
        _ templates: [Template],
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        var values: [ConnectorValue] = []
        for template in templates {
            if let value = try value(template, in: scope) {
                values.append(value)
            }
        }
        return values
    }

    mutating func members(
        _ templates: [TemplateMember],
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> [ConnectorMember] {
        var members: [ConnectorMember] = []
        for template in templates {
            if let value = try value(template.value, in: scope) {
                members.append(ConnectorMember(template.key, value))
            }
        }
        return members
    }

    mutating func spend(_ steps: Int) throws(EvaluationFailure) {
        work += steps
        guard work <= Self.maximumWork else {
            throw .tooMuchWork
        }
    }

    /// A value of `let`, evaluated once it is asked for; steps that come later make it anew.
    mutating func variable(_ name: ByteString) throws(EvaluationFailure) -> ConnectorValue? {
        if let known = computed[name] {
            return known
        }
        guard let template = variables[name] else {
            return nil
        }
        let value = try value(template, in: nil)
        computed[name] = .some(value)
        return value
    }

    /// Puts a step's record in place; what was computed before may have seen less.
    mutating func record(_ record: StepRecord, of name: ByteString) {
        steps[name] = record
        latest = name
        computed.removeAll()
    }

    mutating func zone(_ template: Template?, in scope: ConnectorValue?) throws(EvaluationFailure) -> TimeZoneRules {
        guard let template, let name = try value(template, in: scope)?.text else {
            return .utc
        }
        if let known = zones[name] {
            return known
        }
        guard let rules = TimeZoneRules(iana: name) else {
            throw .zone(name)
        }
        zones[name] = rules
        return rules
    }

    private mutating func evaluate(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        switch operation.kind {
        case .arg, .rest, .config, .at, .var, .status, .now, .today, .origin, .elapsed, .failed, .failure, .cached,
            .truncated:
            try source(operation, in: scope)
        case .if, .choose, .coalesce, .compact, .merge, .pick, .prefixed: try building(operation, in: scope)
        case .equal, .less, .atMost, .in, .and, .or, .not, .present:
            .boolean(try truth(operation, in: scope))
        case .each, .filter, .count, .sum, .group, .sort, .take, .lookup: try list(operation, in: scope)
        case .add, .subtract, .multiply, .divide, .round, .integer, .midnight, .rfc3339:
            try number(operation, in: scope)
        case .text, .concat, .join, .format, .firstWord, .mentions, .mentioned: try text(operation, in: scope)
        }
    }
}
