import Base
import JSONText
import MCPModel
import Testing

@Suite("mirrored arguments")
struct ParameterHeaderTests {
    static let schema = """
        {"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},\
        "count":{"type":"integer","x-mcp-header":"Count"},"dry":{"type":"boolean","x-mcp-header":"Dry-Run"},\
        "where":{"type":"object","properties":{"zone":{"type":"string","x-mcp-header":"Zone"}}},\
        "plain":{"type":"string","default":{"x-mcp-header":"No"}}},\
        "examples":[{"x-mcp-header":1}]}
        """

    static func headers(_ pairs: [(String, String)]) -> [ParameterHeader] {
        var headers = MCPHeaders()
        for (name, value) in pairs {
            headers.appendParameter(Array("Mcp-Param-\(name)".utf8)[...], Array(value.utf8)[...])
        }
        return headers.parameters
    }

    @Test("annotations are found under properties alone, nested ones too")
    func found() throws {
        let found = try ParameterHeaders(inputSchema: Fixture.json(Self.schema))
        #expect(Set(found.entries.map(\.name)) == ["Region", "Count", "Dry-Run", "Zone"])
        #expect(found.entries.first { $0.name == "Zone" }?.path == ["where", "zone"])
        #expect(try ParameterHeaders(inputSchema: Fixture.json(#"{"type":"object"}"#)).isEmpty)
    }

    @Test(
        "MC-04: an invalid annotation makes the tool invalid",
        arguments: [
            (#"{"properties":{"a":{"type":"string","x-mcp-header":""}}}"#, AnnotationFault.name),
            (#"{"properties":{"a":{"type":"string","x-mcp-header":"a b"}}}"#, .name),
            (#"{"properties":{"a":{"type":"string","x-mcp-header":"é"}}}"#, .name),
            (#"{"properties":{"a":{"type":"string","x-mcp-header":1}}}"#, .name),
            (#"{"properties":{"a":{"type":"string","x-mcp-header":"a\r\nX"}}}"#, .name),
            (#"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#, .type),
            (#"{"properties":{"a":{"x-mcp-header":"A"}}}"#, .type),
            (#"{"properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}}"#, .type),
            (
                #"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
                .duplicate
            ),
            (#"{"x-mcp-header":"A","type":"string"}"#, .position),
            (#"{"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}"#, .position),
            (#"{"allOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#, .position),
            (#"{"$defs":{"a":{"type":"string","x-mcp-header":"A"}}}"#, .position),
            (#"{"properties":{"a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}}}"#, .position),
            (#"{"patternProperties":{"a":{"type":"string","x-mcp-header":"A"}}}"#, .position),
        ]
    )
    func invalid(schema: String, fault: AnnotationFault) throws {
        let value = try Fixture.json(schema)
        #expect(throws: fault) { try ParameterHeaders(inputSchema: value) }
    }

    @Test("a property may be called x-mcp-header without being an annotation")
    func property() throws {
        let schema = #"{"properties":{"x-mcp-header":{"type":"string"}}}"#
        #expect(try ParameterHeaders(inputSchema: Fixture.json(schema)).isEmpty)
    }

    @Test(
        "MS-15, MS-16: present exactly when the argument is, and equal",
        arguments: [
            (#"{"region":"eu"}"#, [("Region", "eu")], nil),
            (#"{"region":"eu"}"#, [("region", "eu")], nil),
            (#"{"region":"é"}"#, [("Region", "=?base64?w6k=?=")], nil),
            (#"{"region":"eu"}"#, [("Region", "EU")], HeaderFault.mismatched(field: "Mcp-Param-Region")),
            (#"{"region":"eu"}"#, [], .missing(field: "Mcp-Param-Region")),
            (#"{"region":null}"#, [("Region", "eu")], .unexpected(field: "Mcp-Param-Region")),
            (#"{}"#, [("Region", "eu")], .unexpected(field: "Mcp-Param-Region")),
            (#"{"region":"eu"}"#, [("Region", "eu"), ("REGION", "eu")], .duplicated(field: "Mcp-Param-Region")),
            (#"{"region":"é"}"#, [("Region", "é")], .malformed(field: "Mcp-Param-Region")),
            (#"{"region":"Hi"}"#, [("Region", "=?base64?SGk?=")], .malformed(field: "Mcp-Param-Region")),
            (#"{"count":42}"#, [("Count", "42.0")], nil),
            (#"{"count":42.0}"#, [("Count", "42")], nil),
            (#"{"count":42}"#, [("Count", "43")], .mismatched(field: "Mcp-Param-Count")),
            (#"{"count":9007199254740993}"#, [("Count", "9007199254740992")], .mismatched(field: "Mcp-Param-Count")),
            (#"{"count":42}"#, [("Count", "0x2A")], .mismatched(field: "Mcp-Param-Count")),
            (#"{"dry":true}"#, [("Dry-Run", "true")], nil),
            (#"{"dry":true}"#, [("Dry-Run", "True")], .mismatched(field: "Mcp-Param-Dry-Run")),
            (#"{"dry":true}"#, [("Dry-Run", "1")], .mismatched(field: "Mcp-Param-Dry-Run")),
            (#"{"where":{"zone":"a"}}"#, [("Zone", "a")], nil),
            (#"{"where":"zone"}"#, [("Zone", "a")], .unexpected(field: "Mcp-Param-Zone")),
            (#"{"region":["eu"]}"#, [], nil),
            (#"{"region":["eu"]}"#, [("Region", "eu")], .mismatched(field: "Mcp-Param-Region")),
            (#"{"region":""}"#, [("Region", "")], nil),
        ] as [(String, [(String, String)], HeaderFault?)]
    )
    func check(arguments: String, pairs: [(String, String)], fault: HeaderFault?) throws {
        let rules = try ParameterHeaders(inputSchema: Fixture.json(Self.schema))
        let value = try Fixture.json(arguments)
        #expect(
            HeaderTests.fault { () throws(HeaderFault) in
                try rules.check(Self.headers(pairs), arguments: value)
            } == fault
        )
    }

    @Test("A8: headers no schema declares are counted, dropped, and never sent on; too many are refused")
    func strays() throws {
        let rules = try ParameterHeaders(inputSchema: Fixture.json(Self.schema))
        let arguments = try Fixture.json(#"{"region":"eu"}"#)
        let sent = Self.headers([("Region", "eu"), ("Evil", "1"), ("Evil", "2"), ("Regio", "x")])
        #expect(try rules.check(sent, arguments: arguments) == 3)
        #expect(try rules.fields(for: arguments).map(\.name.text) == ["Mcp-Param-Region"])
        let flood = Self.headers((0...64).map { ("x\($0)", "1") })
        #expect(
            HeaderTests.fault { () throws(HeaderFault) in
                try ParameterHeaders.none.check(flood, arguments: nil)
            } == .tooMany
        )
    }

    @Test(
        "MC-03, A7: what is sent is computed from the body, encoded, and accepted by our own check",
        arguments: [
            (
                #"{"region":"eu","count":1e2,"dry":false,"where":{"zone":"z"}}"#,
                ["Region": "eu", "Count": "100", "Dry-Run": "false", "Zone": "z"]
            ),
            (#"{"region":" é\r\nX: 1"}"#, ["Region": "=?base64?IMOpDQpYOiAx?="]),
            (#"{"region":null,"count":null}"#, [:]),
            (#"{"region":"=?base64?SGk=?="}"#, ["Region": "=?base64?PT9iYXNlNjQ/U0drPT89?="]),
        ]
    )
    func fields(arguments: String, expected: [String: String]) throws {
        let rules = try ParameterHeaders(inputSchema: Fixture.json(Self.schema))
        let value = try Fixture.json(arguments)
        let fields = try rules.fields(for: value)
        let found = Dictionary(uniqueKeysWithValues: fields.map { ($0.name.text, $0.value.text) })
        #expect(found == Dictionary(uniqueKeysWithValues: expected.map { ("Mcp-Param-\($0.key)", $0.value) }))
        let back = Self.headers(found.map { (String($0.key.dropFirst(10)), $0.value) })
        #expect(try rules.check(back, arguments: value) == 0)
    }

    @Test("a value too long for a header field is refused before anything is sent")
    func tooLong() throws {
        let rules = try ParameterHeaders(inputSchema: Fixture.json(Self.schema))
        let value = try Fixture.json(#"{"region":"\#(String(repeating: "x", count: 9000))"}"#)
        #expect(
            HeaderTests.fault { () throws(HeaderFault) in
                _ = try rules.fields(for: value)
            } == .malformed(field: "Mcp-Param-Region")
        )
    }
}
