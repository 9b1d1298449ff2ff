internal import AdminModel
internal import Base
internal import JSONText
internal import Stores

/// A request that was understood: what a handler gets.
struct AdminRequest: Sendable {
    let operation: Operation
    /// Of the path, decoded.
    let parameters: [String: ByteString]
    /// Of the query, decoded.
    let query: [String: ByteString]
    /// The body, which has the operation's shape.
    var body: JSONDocument?
    var precondition = Precondition.none
    var idempotencyKey: ByteString?
    /// Who asks; `nil` only for open operations.
    var principal: Principal?
    let now: WallTime
    /// Where it came from.
    var address: ByteString = ""
    /// What the sender calls itself.
    var client: ByteString = ""
    /// The `Host` it was sent to, which was checked.
    var host: ByteString = ""

    /// A parameter of the path.
    func parameter(_ name: String) -> ByteString { parameters[name] ?? "" }

    /// How many elements a page has.
    var limit: Int { query["limit"].flatMap { Int($0.text) } ?? 50 }

    /// The place behind which the page begins.
    ///
    /// - Throws: ``Problem`` when it is no cursor of this list.
    func cursor(parts: Int = 1) throws(Problem) -> Cursor? {
        guard let text = query["cursor"] else {
            return nil
        }
        guard let cursor = Cursor(text.bytes, list: operation.id.rawValue, parts: parts) else {
            throw Problem(
                .malformed,
                "the cursor is none of this list",
                remedy: "give `next` of the page before, or none",
                errors: [FieldError(pointer: "cursor", message: "it is no cursor of this list")]
            )
        }
        return cursor
    }

    /// A text of the body.
    func text(_ key: StaticString) -> ByteString? {
        body?.root[key]?.string.map { ByteString($0.bytes) }
    }

    /// A flag of the body.
    func flag(_ key: StaticString) -> Bool? { body?.root[key]?.boolean }
}

/// What a handler answers.
struct AdminAnswer: Sendable {
    var status = 200
    var type: StaticString = "application/json"
    var body: [UInt8] = []
    var tag: EntityTag?
    /// The path of what was made.
    var location: String?
    var cookie: [UInt8]?
    var allow: [String] = []
    var retryAfter: Int?

    static let nothing = AdminAnswer(status: 204)

    /// Whether it has no end.
    var isStream: Bool { "\(type)" == "text/event-stream" }

    /// Why it was not done.
    static func problem(_ problem: Problem) -> AdminAnswer {
        var answer = AdminAnswer(status: problem.status, type: "application/problem+json", body: problem.json)
        answer.allow = problem.allow
        answer.retryAfter = problem.retryAfter
        return answer
    }

    static func json(_ body: [UInt8], status: Int = 200, tag: EntityTag? = nil) -> AdminAnswer {
        AdminAnswer(status: status, body: body, tag: tag)
    }
}
