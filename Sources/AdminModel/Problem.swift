internal import Base
internal import JSONText

/// One mistake of a request, at its place.
public struct FieldError: Hashable, Sendable {
    /// A JSON Pointer into the body, or the name of a parameter.
    public let pointer: String
    /// What is wrong.
    public let message: String
    /// What would be right; `nil` when the message says it.
    public let remedy: String?
    /// The place in a document that was sent as it is: line and column, both from 1.
    public let place: (line: Int, column: Int)?
    /// `error` or `warning`, and a word for programs: of documents that have findings of their own.
    public let finding: (severity: String, code: String)?

    /// A mistake from its parts.
    public init(
        pointer: String,
        message: String,
        remedy: String? = nil,
        place: (line: Int, column: Int)? = nil,
        finding: (severity: String, code: String)? = nil
    ) {
        self.pointer = pointer
        self.message = message
        self.remedy = remedy
        self.place = place
        self.finding = finding
    }

    /// Whether the two say the same.
    public static func == (left: FieldError, right: FieldError) -> Bool {
        left.pointer == right.pointer && left.message == right.message && left.remedy == right.remedy
            && left.place?.line == right.place?.line && left.place?.column == right.place?.column
            && left.finding?.severity == right.finding?.severity && left.finding?.code == right.finding?.code
    }

    /// Place and message.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(pointer)
        hasher.combine(message)
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("pointer")
        writer.string(pointer)
        writer.key("message")
        writer.string(message)
        if let remedy {
            writer.key("remedy")
            writer.string(remedy)
        }
        if let place {
            writer.key("line")
            writer.number(place.line)
            writer.key("column")
            writer.number(place.column)
        }
        if let finding {
            writer.key("severity")
            writer.string(finding.severity)
            writer.key("code")
            writer.string(finding.code)
        }
        writer.endObject()
    }
}

/// Why a request of the admin API was not done (RFC 9457).
public struct Problem: Error, Hashable, Sendable {
    /// The kinds there are; the list is closed.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case malformed
        case invalid
        case unauthenticated
        case secondFactorRequired = "second-factor-required"
        case wrongCode = "wrong-code"
        case forbidden
        case crossOrigin = "cross-origin"
        case wrongHost = "wrong-host"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case refused
        case stale
        case tooLarge = "too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case keyReused = "key-reused"
        case preconditionRequired = "precondition-required"
        case tooMany = "too-many"
        case internalError = "internal"
        case unavailable

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .malformed: 400
            case .unauthenticated, .secondFactorRequired, .wrongCode: 401
            case .forbidden, .crossOrigin: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .refused: 409
            case .stale: 412
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .wrongHost: 421
            case .invalid, .keyReused: 422
            case .preconditionRequired: 428
            case .tooMany: 429
            case .internalError: 500
            case .unavailable: 503
            }
        }

        /// The same for all problems of the kind.
        public var title: String {
            switch self {
            case .malformed: "the request cannot be read"
            case .invalid: "the request says something that cannot be"
            case .unauthenticated: "nobody is signed in"
            case .secondFactorRequired: "a code is needed"
            case .wrongCode: "the code is wrong"
            case .forbidden: "your role may not do this"
            case .crossOrigin: "the request comes from another site"
            case .wrongHost: "this is not the host"
            case .notFound: "there is no such thing"
            case .methodNotAllowed: "this cannot be done with it"
            case .refused: "a rule forbids it"
            case .stale: "somebody else changed it in between"
            case .tooLarge: "the request is too large"
            case .unsupportedMediaType: "only JSON is understood"
            case .keyReused: "the idempotency key was used for another request"
            case .preconditionRequired: "an edit has to say what it is based on"
            case .tooMany: "too much at once"
            case .internalError: "the gateway could not do it"
            case .unavailable: "not now"
            }
        }
    }

    /// Its kind.
    public let code: Code
    /// What is wrong, for people.
    public let detail: String
    /// What to do next; `nil` when the detail says it.
    public let remedy: String?
    /// Mistakes at their places.
    public let errors: [FieldError]
    /// Seconds after which another attempt is worth it.
    public let retryAfter: Int?
    /// The methods that could be used instead.
    public let allow: [String]

    /// A problem from its parts.
    public init(
        _ code: Code,
        _ detail: String,
        remedy: String? = nil,
        errors: [FieldError] = [],
        retryAfter: Int? = nil,
        allow: [String] = []
    ) {
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.errors = errors
        self.retryAfter = retryAfter
        self.allow = allow
    }

    /// The HTTP status.
    public var status: Int { code.status }

    /// The body, `application/problem+json`.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("type")
        writer.string("urn:toolgate:problem:\(code.rawValue)")
        writer.key("title")
        writer.string(code.title)
        writer.key("status")
        writer.number(status)
        writer.key("detail")
        writer.string(detail)
        if let remedy {
            writer.key("remedy")
            writer.string(remedy)
        }
        if !errors.isEmpty {
            writer.key("errors")
            writer.beginArray()
            for error in errors {
                error.write(to: &writer)
            }
            writer.endArray()
        }
        writer.endObject()
        return writer.output
    }
}
