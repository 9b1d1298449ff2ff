import Base
import ConnectorModel
import JSONText
import Testing

/// Requests out, answers in: what crosses the border of the machine.
@Suite struct ConnectorCallTests {
    static let read = """
          get_thing:
            class: read
            input: {type: object, properties: {id: {type: string}, q: {type: string}}, required: [id], additionalProperties: false}
            request: {get: "/things/{id}", query: {q: {$arg: q}}}
        """
    static let write = """
          make:
            class: write
            input: {type: object, properties: {n: {type: integer}}, additionalProperties: false}
            request: {post: /things, body: {n: {$arg: n}}}
        """

    @Test(arguments: [
        ("a/b", "/things/a%2Fb"), ("ção ?#%", "/things/%C3%A7%C3%A3o%20%3F%23%25"), ("a.b~c", "/things/a.b~c"),
        ("..%2f", "/things/..%252f"),
    ])
    func `an argument is one whole segment of a path`(text: String, path: String) throws {
        var call = try ConnectorFixture.call(Self.read, "{\"id\":\"\(text)\"}")
        #expect(call.sent()?.path.text == path)
    }

    @Test(arguments: ["", ".", ".."])
    func `no segment is empty or leads elsewhere`(text: String) throws {
        var call = try ConnectorFixture.call(Self.read, "{\"id\":\"\(text)\"}")
        guard case .finish(let result) = call.next() else {
            Issue.record("sent")
            return
        }
        #expect(result.isError && result.failure == .invalid)
    }

    @Test func `a value of the query never becomes another parameter`() throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1","q":"a&admin=1#x"}"#)
        #expect(call.sent()?.query == "q=a%26admin%3D1%23x")
    }

    @Test func `lists and objects of the query stand in brackets`() throws {
        var call = try ConnectorFixture.call(
            """
              list:
                class: read
                input: {type: object, properties: {ids: {type: array}}, additionalProperties: false}
                request:
                  get: /things
                  query: {filter: {id: {$arg: ids}, at: {from: 1}, statuses: [{p: 1, s: 2}]}, with: [a, b]}
            """,
            #"{"ids":[1,2]}"#
        )
        #expect(
            call.sent()?.query.text.replacing("%5B", with: "[").replacing("%5D", with: "]")
                == "filter[id][]=1&filter[id][]=2&filter[at][from]=1&filter[statuses][0][p]=1&filter[statuses][0][s]=2"
                + "&with[]=a&with[]=b"
        )
    }

    @Test func `an argument cannot become structure`() throws {
        var call = try ConnectorFixture.call(
            """
              make:
                class: write
                input: {type: object, properties: {n: {type: string}}, additionalProperties: false}
                request: {post: /things, body: {name: {$arg: n}, fixed: true}}
            """,
            #"{"n":"x\",\"fixed\":false,\"y\":\""}"#
        )
        #expect(call.sent()?.body?.text == #"{"name":"x\",\"fixed\":false,\"y\":\"","fixed":true}"#)
    }

    @Test func `reads are tried again with growing delays and writes never`() throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        var delays: [Duration] = []
        for _ in 0..<2 {
            #expect(call.sent() != nil)
            call.received(ConnectorFixture.json("{}", status: 503))
            let wait = call.waited()
            delays.append(try #require(wait))
        }
        #expect((.milliseconds(250) ..< .milliseconds(350)).contains(delays[0]))
        #expect((.milliseconds(400) ..< .milliseconds(500)).contains(delays[1]))
        #expect(call.sent() != nil)
        call.failed(.unavailable)
        #expect(try ConnectorFixture.finished(&call).contains("unavailable"))

        var write = try ConnectorFixture.call(Self.write)
        #expect(write.sent()?.isSafe == false)
        write.received(ConnectorFixture.json("{}", status: 503))
        #expect(try ConnectorFixture.finished(&write).contains("unavailable"))
    }

    @Test(arguments: [("3", 3), ("Wed, 15 Jul 2026 15:00:07 GMT", 7), ("0", 0)])
    func `Retry-After is obeyed as seconds and as a date`(text: String, seconds: Int) throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        #expect(call.sent() != nil)
        call.received(ConnectorFixture.json("{}", status: 429, retryAfter: ByteString(text)))
        #expect(call.waited() == .seconds(seconds))
    }

    @Test func `nobody is kept waiting for minutes`() throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        #expect(call.sent() != nil)
        call.received(ConnectorFixture.json("{}", status: 429, retryAfter: "600"))
        #expect(try ConnectorFixture.finished(&call).contains(#""retryAfterSeconds":600"#))
    }

    @Test func `a spent budget is waited for until the time of the last good answer`() throws {
        var first = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        #expect(first.sent() != nil)
        // 2026-07-15T15:00:20Z
        first.received(ConnectorFixture.json(#"{"reset":1784127620}"#))
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#, memory: first.memory)
        #expect(call.sent() != nil)
        call.received(ConnectorFixture.json(#"{"error":"BUDGET"}"#, status: 429))
        #expect(call.waited() == .seconds(20))
    }

    @Test func `an error inside a good status is an error`() throws {
        #expect(
            try ConnectorFixture.result(Self.read, #"{"id":"1"}"#, answer: #"{"error":"DENIED"}"#)
                == #"{"error":{"kind":"forbidden","status":200,"code":"DENIED"}}"#
        )
    }

    @Test(arguments: [302, 301, 307])
    func `G2: a redirect is an error and nothing is sent after it`(status: Int) throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        #expect(call.sent() != nil)
        call.received(ConnectorResponse(status: status, contentType: "text/html", body: []))
        #expect(try ConnectorFixture.finished(&call).contains("unreadable"))
    }

    @Test(arguments: [
        ("text/html", "<html>"), ("application/json", "{\"a\":"), ("application/json", "{\"a\":1,\"a\":2}"),
    ])
    func `what cannot be read strictly is an error`(type: String, body: String) throws {
        var call = try ConnectorFixture.call(Self.read, #"{"id":"1"}"#)
        #expect(call.sent() != nil)
        call.received(ConnectorResponse(status: 200, contentType: ByteString(type), body: Array(body.utf8)))
        #expect(try ConnectorFixture.finished(&call).contains("unreadable"))
    }

    @Test func `secrets, named fields, marked parameters and patterns are masked at any depth`() throws {
        let answer = #"{"a":["Bearer tok-123456"],"hidden":"x","u":"https://h/p?x=1&token=abc&y=2","p":"secret-9"}"#
        #expect(
            try ConnectorFixture.result(Self.read, #"{"id":"1"}"#, answer: answer)
                == #"{"a":["Bearer [redacted]"],"hidden":"[redacted]","#
                + #""u":"https://h/p?x=1&token=[redacted]&y=2","p":"[redacted]"}"#
        )
    }

    @Test(arguments: [
        "Bearer tok-123456", "dG9rLTEyMzQ1Ng==", "eDp0b2stMTIzNDU2", "746f6b2d313233343536", "tok%2D123456",
        #"\\u0074ok-123456"#,
    ])
    func `E11: the secret is masked in every form an API may echo it in`(form: String) throws {
        let result = try ConnectorFixture.result(Self.read, #"{"id":"1"}"#, answer: #"{"a":"\#(form)"}"#)
        #expect(result.contains("[redacted]"), "\(result)")
        #expect(!result.contains("123456") && !result.contains("EyMzQ1"), "\(result)")
    }

    @Test func `numbers keep the digits they were written with`() throws {
        var call = try ConnectorFixture.call(
            """
              make:
                class: write
                input: {type: object, properties: {n: {type: number}}, additionalProperties: false}
                request: {post: /things, body: {n: {$arg: n}}}
            """,
            #"{"n":12345678901234567890.10}"#
        )
        #expect(call.sent()?.body?.text == #"{"n":12345678901234567890.10}"#)
    }

    @Test func `an answer nobody asked for changes nothing`() throws {
        var call = try ConnectorFixture.call(Self.read, "{}")
        call.received(ConnectorFixture.json("{}"))
        call.failed(.timedOut)
        #expect(try ConnectorFixture.finished(&call).contains("invalid"))
    }

    // MARK: - Pages

    static func paged(_ kind: String, _ place: String, maximum: Int = 3) -> String {
        """
          all:
            class: read
            input: {type: object, additionalProperties: false}
            request:
              post: /list
              safe: true
              pages: {kind: \(kind), items: /items, next: \(place), query: at, max: \(maximum), size: 2}
            result: {ids: {$each: {$at: /items}, as: {$at: /id}}, cut: {$truncated: step1}}
        """
    }

    @Test(arguments: [
        ("next-link", "/next", #","next":"https://evil.example/"}"#, ["", "at=2"]),
        ("offset", "/next", #","next":50}"#, ["", "at=50"]),
        ("last-id", "/id", "}", ["", "at=2"]),
    ])
    func `all pages are read, and only our own address is asked`(
        kind: String,
        place: String,
        first: String,
        queries: [String]
    ) throws {
        var call = try ConnectorFixture.call(Self.paged(kind, place))
        #expect(call.sent()?.query.text == queries[0])
        call.received(ConnectorFixture.json(#"{"items":[{"id":1},{"id":2}]"# + first))
        #expect(call.sent()?.query.text == queries[1])
        call.received(ConnectorFixture.json(#"{"items":[{"id":3}]}"#))
        #expect(try ConnectorFixture.finished(&call) == #"{"ids":[1,2,3],"cut":false}"#)
    }

    @Test func `endless pages are cut, and the result says so`() throws {
        var call = try ConnectorFixture.call(Self.paged("next-link", "/next", maximum: 2))
        for _ in 0..<2 {
            #expect(call.sent() != nil)
            call.received(ConnectorFixture.json(#"{"items":[{"id":1}],"next":"x"}"#))
        }
        #expect(try ConnectorFixture.finished(&call) == #"{"ids":[1,1],"cut":true}"#)
    }
}
