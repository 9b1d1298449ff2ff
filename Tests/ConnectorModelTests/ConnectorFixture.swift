import Base
import ConnectorModel
import JSONText
import Testing

/// Small connectors written in the test itself.
enum ConnectorFixture {
    static let head = """
        connector: {id: small, version: "1", title: Small, language: en}
        settings:
          account: {type: label, about: the account}
          zone: {type: zone, about: where days begin, else: UTC}
        secret: {about: a token}
        source:
          base: "https://{account}.example.com/v1"
          auth: bearer
          retry: {on: [rate_limited, unavailable, timeout], max: 2, first: 250ms, longest: 400ms}
          errors:
            code: /error
            in_success: /error
            reset: /reset
            details: {code: /error}
            say: {failed: it failed, rate_limited: slow down, unreadable: cannot be read, not_found: not there}
            rules:
              - {status: 429, code: BUDGET, kind: rate_limited, wait: reset}
              - {status: 429, kind: rate_limited}
              - {status: 503, kind: unavailable}
              - {status: 404, kind: not_found}
              - {code: DENIED, kind: forbidden}
              - {status: [4xx, 5xx], kind: failed}
          redact: {fields: [hidden], parameters: [token], matching: ["^secret-"]}
        tools:

        """

    static func reading(_ tools: String) -> ConnectorReading {
        ConnectorReader.read(Array((head + tools).utf8))
    }

    static func instance(_ tools: String) throws -> ConnectorInstance {
        let reading = reading(tools)
        #expect(reading.problems.isEmpty, "\(reading.problems)")
        return try ConnectorInstance(
            try #require(reading.connector),
            set: [("account", "acme")],
            secret: Secret(Array("tok-123456".utf8))
        )
    }

    static func call(
        _ tools: String,
        _ arguments: String = "{}",
        memory: ConnectorMemory = ConnectorMemory(),
        time: String = "2026-07-15T15:00:00Z"
    ) throws -> ConnectorCall {
        let instance = try instance(tools)
        return ConnectorCall(
            try #require(instance.connector.tools.first),
            of: instance,
            arguments: try JSONDocument(Array(arguments.utf8)).root,
            time: try #require(WallTime(rfc3339: Array(time.utf8))),
            memory: memory
        )
    }

    static func json(_ body: String, status: Int = 200, retryAfter: ByteString? = nil) -> ConnectorResponse {
        ConnectorResponse(
            status: status,
            contentType: "application/json",
            retryAfter: retryAfter,
            body: Array(body.utf8)
        )
    }

    /// One request, one answer, the result.
    static func result(_ tools: String, _ arguments: String = "{}", answer: String = "{}") throws -> String {
        var call = try call(tools, arguments)
        if case .send = call.next() {
            call.received(json(answer))
        }
        return try finished(&call)
    }

    static func finished(_ call: inout ConnectorCall) throws -> String {
        guard case .finish(let result) = call.next() else {
            Issue.record("the call goes on")
            return ""
        }
        let compact = result.structured.map { String(decoding: $0.json, as: UTF8.self) }
        return compact ?? String(decoding: result.text, as: UTF8.self)
    }
}

extension ConnectorCall {
    mutating func sent() -> ConnectorRequest? {
        if case .send(let request) = next() { request } else { nil }
    }

    mutating func waited() -> Duration? {
        if case .wait(let duration) = next() { duration } else { nil }
    }
}
