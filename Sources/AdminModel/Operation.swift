/// The methods of the admin API.
public enum AdminMethod: String, Hashable, Sendable, CaseIterable {
    /// Reads.
    case get = "GET"
    /// Makes, or does.
    case post = "POST"
    /// Makes or replaces as a whole.
    case put = "PUT"
    /// Changes parts.
    case patch = "PATCH"
    /// Removes.
    case delete = "DELETE"

    /// Whether it changes nothing.
    public var isSafe: Bool { self == .get }
}

/// Who may do an operation; each includes the ones before it.
public enum Access: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Everybody who reaches the listener.
    case open
    /// Whoever is signed in, about themselves.
    case person
    /// Every role.
    case viewer
    /// Whoever a policy names, which is judged with the approval itself: every role may ask.
    case approver
    /// `policy_manager` and `admin`.
    case policyManager
    /// `admin`.
    case admin

    /// Whether the other asks for more.
    public static func < (left: Access, right: Access) -> Bool { left.rawValue < right.rawValue }

    /// As the OpenAPI document has it.
    public var word: String {
        switch self {
        case .open: "open"
        case .person: "person"
        case .viewer: "viewer"
        case .approver: "approver"
        case .policyManager: "policy_manager"
        case .admin: "admin"
        }
    }
}

/// One thing that can be asked of the admin API.
///
/// Nothing is served that is not one of these, and the OpenAPI document is made of them.
public struct Operation: Sendable {
    /// A part of a path.
    public enum Segment: Hashable, Sendable {
        /// These very bytes.
        case literal(String)
        /// A parameter by this name.
        case parameter(String)
    }

    /// A parameter of the path or the query.
    public struct Parameter: Sendable {
        /// Its name.
        public let name: String
        /// What it has to look like; text, a word, a whole number, a time or a flag.
        public let shape: Shape
        /// A sentence for people.
        public let about: String

        /// A parameter from its parts.
        public init(_ name: String, _ shape: Shape, _ about: String) {
            self.name = name
            self.shape = shape
            self.about = about
        }
    }

    /// What comes back when it is done.
    public enum Answer: Sendable {
        /// JSON of this shape, with this status.
        case json(Int, Shape)
        /// Nothing: 204.
        case nothing
        /// An endless stream of events.
        case events
    }

    /// What an edit has to say about the state it is based on.
    public enum Basis: Hashable, Sendable {
        /// Nothing.
        case none
        /// `If-Match`.
        case tag
        /// `If-Match`, when the sender cares.
        case freeTag
        /// `If-Match`, or `If-None-Match: *` to make it.
        case tagOrAbsence
    }

    /// Its name.
    public let id: OperationID
    /// Its method.
    public let method: AdminMethod
    /// Its path below ``Target/root``.
    public let path: [Segment]
    /// One line for people.
    public let summary: String
    /// Who may do it.
    public let access: Access
    /// Parameters of the path, in their order.
    public var pathParameters: [Parameter] = []
    /// Parameters of the query; all may be left out.
    public var query: [Parameter] = []
    /// The body; `nil`: there is none.
    public var body: Shape?
    /// What comes back.
    public var answer: Answer
    /// What an edit has to say.
    public var basis = Basis.none
    /// Whether an `Idempotency-Key` is taken.
    public var takesKey = false

    /// An operation at a path such as `/servers/{server}/tools`.
    init(
        _ id: OperationID,
        _ method: AdminMethod,
        _ path: String,
        _ access: Access,
        _ summary: String,
        _ answer: Answer
    ) {
        self.id = id
        self.method = method
        self.summary = summary
        self.access = access
        self.answer = answer
        self.path = path.split(separator: "/").map { part in
            part.first == "{" ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
        pathParameters = self.path.compactMap { segment in
            guard case .parameter(let name) = segment else {
                return nil
            }
            return PathParameters.parameter(named: name)
        }
    }

    /// Its path as it is written.
    public var template: String {
        path.map { segment in
            switch segment {
            case .literal(let text): "/\(text)"
            case .parameter(let name): "/{\(name)}"
            }
        }.joined()
    }

    /// The first part of its path: what it is about.
    public var subject: String {
        guard case .literal(let text)? = path.first else {
            return ""
        }
        return text
    }

    func taking(_ body: Shape) -> Operation {
        var operation = self
        operation.body = body
        return operation
    }

    func asking(_ query: Parameter...) -> Operation {
        var operation = self
        operation.query += query
        return operation
    }

    func paged() -> Operation {
        asking(
            Parameter("limit", .whole(1...200), "how many at most; 50 when it is left out"),
            Parameter("cursor", .text(TextRule(.opaque, length: 1...2_048)), "`next` of the page before")
        )
    }

    func basedOn(_ basis: Basis) -> Operation {
        var operation = self
        operation.basis = basis
        return operation
    }

    func keyed() -> Operation {
        var operation = self
        operation.takesKey = true
        return operation
    }
}

/// What the parameters of paths are, by name: the same everywhere.
enum PathParameters {
    static func parameter(named name: String) -> Operation.Parameter {
        switch name {
        case "id": .init(name, .text(TextRule(.id, length: 36...36)), "its identity")
        case "version": .init(name, .whole(1...1_000_000_000), "the number of the version")
        case "tool": .init(name, .text(TextRule(length: 1...1_024)), "the tool's name, as its server gives it")
        case "label", "member": .init(name, .text(TextRule(.label, length: 1...128)), "its label, or its identity")
        case "decision": .init(name, .text(TextRule(.opaque, length: 1...256)), "the decision's `id`")
        default: .init(name, .text(TextRule(.name, length: 1...63)), "its name")
        }
    }
}
