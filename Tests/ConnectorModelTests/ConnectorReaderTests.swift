import Base
import ConnectorModel
import Settings
import Testing
import YAMLText

/// A file with a mistake is refused whole, with every mistake and its place.
@Suite struct ConnectorReaderTests {
    static let closed = "input: {type: object, properties: {a: {type: string}}, additionalProperties: false}"

    @Test(arguments: [
        ("class: raed\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}", "`class`"),
        ("\(closed)\n    request: {get: /x, query: {a: {$arg: a}}}", "has no `class`"),
        ("class: read\n    request: {get: /x}", "has no `input`"),
        ("class: read\n    \(closed)\n    request: {get: /x}", "`a` is used nowhere"),
        ("class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: b}}}", "`b` is no argument"),
        ("class: read\n    \(closed)\n    request: {get: \"/x/{b}\", query: {a: {$arg: a}}}", "takes `b`"),
        ("class: read\n    \(closed)\n    request: {get: \"/x/{a}.json\"}", "no segment"),
        ("class: read\n    \(closed)\n    request: {get: /../x, query: {a: {$arg: a}}}", "no segment"),
        ("class: read\n    \(closed)\n    request: {get: /x, quary: {a: {$arg: a}}}", "`quary` is no key"),
        ("class: read\n    \(closed)\n    request: {get: /x, query: {a: {$agr: a}}}", "did you mean `$arg`"),
        ("class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a, als: 1}}}", "does not go with"),
        ("class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a, as: int}}}", "no word"),
        ("class: read\n    \(closed)\n    request: {get: /x, body: {a: {$arg: a}}}", "has no `body`"),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    result: {$at: x}",
            "JSON Pointer"
        ),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    result: {$var: v}",
            "`let` above"
        ),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    result: {$config: nope}",
            "setting"
        ),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    result: {$at: \"\", from: nope}",
            "earlier step"
        ),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    result: {$sum: text, of: 1}",
            "takes a list, this is a text"
        ),
        (
            "class: read\n    \(closed)\n    request: {get: /x, query: {a: {$arg: a}}}\n    let: {v: 1}",
            "`v` of `let` is used nowhere"
        ),
    ])
    func `each mistake is found and placed`(tool: String, message: String) throws {
        let reading = ConnectorFixture.reading("  t:\n    \(tool)\n")
        #expect(reading.connector == nil)
        let described = reading.problems.map(\.description)
        #expect(described.contains { $0.contains(message) }, "\(described)")
        #expect(reading.problems.allSatisfy { $0.position.line > 20 })
    }

    @Test func `all mistakes are told at once, in the order of the file`() {
        let reading = ConnectorFixture.reading(
            "  t:\n    class: read\n    \(Self.closed)\n    request: {got: /x}\n  u:\n    klass: read\n"
        )
        #expect(reading.problems.count >= 4)
        #expect(reading.problems.map(\.position) == reading.problems.map(\.position).sorted())
    }

    @Test(arguments: ["Host", "Cookie", "Content-Length", "Transfer-Encoding", "X\\r\\nY"])
    func `a connector cannot set headers that frame or identify`(name: String) {
        let text = ConnectorFixture.head.replacing("auth: bearer", with: "auth: bearer\n  headers: {\"\(name)\": x}")
        let tool = "  t: {class: read, input: {type: object}, request: {get: /x}}\n"
        #expect(ConnectorReader.read(Array((text + tool).utf8)).connector == nil)
    }

    @Test(arguments: ["http://{account}.example.com", "https://{nope}.example.com", "ftp://x"])
    func `the base is https and knows its settings`(base: String) {
        let text = ConnectorFixture.head.replacing("https://{account}.example.com/v1", with: base)
        let tool = "  t: {class: read, input: {type: object}, request: {get: /x}}\n"
        #expect(ConnectorReader.read(Array((text + tool).utf8)).connector == nil)
    }

    @Test(arguments: ["a.b", "evil.com/", "x@y", "", "-a", "a:1"])
    func `a setting in the host cannot lead to another host`(value: String) throws {
        let tool = "  t: {class: read, input: {type: object}, request: {get: /x}}\n"
        let connector = try #require(ConnectorFixture.reading(tool).connector)
        #expect(throws: ConnectorSettingProblem.self) {
            try ConnectorInstance(
                connector,
                set: [("account", ByteString(value))],
                secret: Secret(Array("abcdef".utf8))
            )
        }
    }

    @Test(arguments: ["", "a b", "a\nb", "é"])
    func `a secret that would break a header is refused and never shown`(secret: String) throws {
        let tool = "  t: {class: read, input: {type: object}, request: {get: /x}}\n"
        let connector = try #require(ConnectorFixture.reading(tool).connector)
        let problem = #expect(throws: ConnectorSettingProblem.self) {
            try ConnectorInstance(connector, set: [("account", "acme")], secret: Secret(Array(secret.utf8)))
        }
        #expect(secret.isEmpty || problem?.description.contains(secret) == false)
    }

    @Test func `the base can be set to a stand-in, and the credential goes where it belongs`() throws {
        let tool = "  t: {class: read, input: {type: object}, request: {get: /x, query: {a: 1}}}\n"
        let text = ConnectorFixture.head.replacing("auth: bearer", with: "auth: path") + tool
        let connector = try #require(ConnectorReader.read(Array(text.utf8)).connector)
        let instance = try ConnectorInstance(
            connector,
            set: [("base", "http://127.0.0.1:9/rest/")],
            secret: Secret(Array("1/abc".utf8))
        )
        #expect(instance.origin == "http://127.0.0.1:9")
        var call = ConnectorCall(connector.tools[0], of: instance, arguments: nil, time: WallTime(milliseconds: 0))
        let sent = call.sent()
        let request = try #require(sent)
        #expect(instance.target(of: request).reveal() == Array("/rest/1/abc/x?a=1".utf8))
        #expect(instance.authorization == nil)
    }
}
