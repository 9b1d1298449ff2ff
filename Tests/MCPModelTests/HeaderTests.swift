import Base
import JSONText
import MCPModel
import Testing

@Suite("header rules")
struct HeaderTests {
    @Test(
        "A7: a plain value means itself",
        arguments: ["", "a", "tools/call", "a b", "=?base64?SGk=", "SGk=?=", "=?BASE64?SGk=?="]
    )
    func plain(value: String) {
        #expect(HeaderValue.decoded(Array(value.utf8)[...])?.text == value)
    }

    @Test(
        "A7, I-05: a value between the markers means what it decodes to",
        arguments: [
            ("=?base64?SGVsbG8=?=", "Hello"), ("=?base64??=", ""), ("=?base64?w6k=?=", "é"), ("=?base64?IGE=?=", " a"),
            ("=?base64?YQo=?=", "a\n"), ("=?base64?PT9iYXNlNjQ/eD89?=", "=?base64?x?="),
        ]
    )
    func encoded(value: String, text: String) {
        #expect(HeaderValue.decoded(Array(value.utf8)[...])?.text == text)
    }

    @Test(
        "A7: bad base64, bytes that are not UTF-8, and what is not visible ASCII are refused",
        arguments: [
            "=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?SGVsbG9=?=", "=?base64?/w==?=", "=?base64?wIA=?=",
            "=?base64?SGVsbG8-?=", "=?base64? SGVsbG8=?=", "é", " a", "a ", "a\tb", "a\u{7F}", "a\u{0}b", "\u{1}",
        ]
    )
    func malformed(value: String) {
        #expect(HeaderValue.decoded(Array(value.utf8)[...]) == nil)
        #expect(HeaderValue.means(Array(value.utf8)[...], Array("Hello".utf8)) == nil)
    }

    @Test(
        "A7: what is encoded decodes to the same, whatever it is",
        arguments: [
            "", "a", "a b", " a", "a ", "é", "a\nb", "=?base64?x?=", "=?base64?x", "\r\nX-Evil: 1", "a\tb", "\u{1F600}",
            "tools/call", "file:///a%20b",
        ]
    )
    func roundTrip(text: String) throws {
        let bytes = Array(text.utf8)
        let value = HeaderValue.encoded(bytes)
        #expect(value.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(HeaderValue.decoded(value[...]) == bytes)
        #expect(HeaderValue.means(value[...], bytes) == true)
        #expect(HeaderValue.means(value[...], bytes + [0x78]) == false)
    }

    @Test(
        "A7: the version header is one version or it is malformed",
        arguments: [
            ("2026-07-28", MCPHeaderRules.VersionField.known(.july2026)), ("2024-11-05", .known(.november2024)),
            ("v999.0.0", .unknown), ("1900-01-01", .unknown), ("2026-07-28,2026-07-28", .malformed),
            ("2026-07-28, 2025-06-18", .malformed), ("", .malformed), ("2026-07-28 x", .malformed),
            ("2026\u{2010}07", .malformed),
        ]
    )
    func version(value: String, expected: MCPHeaderRules.VersionField) {
        #expect(MCPHeaderRules.version(Array(value.utf8)[...]) == expected)
        #expect(MCPHeaderRules.version(nil) == .absent)
    }

    @Test(
        "A7: Mcp-Method must be the body's, byte for byte",
        arguments: [
            (nil, HeaderFault.missing(field: "Mcp-Method")), ("prompts/list", .mismatched(field: "Mcp-Method")),
            ("TOOLS/LIST", .mismatched(field: "Mcp-Method")),
            ("tools/list,tools/list", .mismatched(field: "Mcp-Method")),
            ("=?base64?dG9vbHMvbGlzdA==?=", .mismatched(field: "Mcp-Method")),
            ("tools/list\u{7F}", .malformed(field: "Mcp-Method")),
            ("", .mismatched(field: "Mcp-Method")), ("tools/list", nil),
        ] as [(String?, HeaderFault?)]
    )
    func method(value: String?, fault: HeaderFault?) {
        #expect(
            Self.fault { () throws(HeaderFault) in
                try MCPHeaderRules.checkMethod(value.map { Array($0.utf8)[...] }, is: Array("tools/list".utf8)[...])
            } == fault
        )
    }

    @Test(
        "A7: Mcp-Name must mean the body's name",
        arguments: [
            (nil, HeaderFault.missing(field: "Mcp-Name")), ("get", .mismatched(field: "Mcp-Name")),
            ("Café", .malformed(field: "Mcp-Name")), ("=?base64?Q2Fmw6k=?=", nil),
            ("=?base64?Q2Fmw6k?=", .malformed(field: "Mcp-Name")),
            ("=?BASE64?Q2Fmw6k=?=", .mismatched(field: "Mcp-Name")),
        ] as [(String?, HeaderFault?)]
    )
    func name(value: String?, fault: HeaderFault?) {
        #expect(
            Self.fault { () throws(HeaderFault) in
                try MCPHeaderRules.checkName(value.map { Array($0.utf8)[...] }, is: Array("Café".utf8))
            } == fault
        )
    }

    @Test("A7: every fault is −32020 at 400 and names no value")
    func faults() {
        let faults: [HeaderFault] = [
            .missing(field: "A"), .malformed(field: "A"), .mismatched(field: "A"), .unexpected(field: "A"),
            .duplicated(field: "A"), .tooMany,
        ]
        for fault in faults {
            let failure = fault.failure(id: RequestID(1))
            #expect((failure.code, failure.status) == (-32020, 400))
        }
        #expect(Set(faults.map(\.message)).count == faults.count)
    }

    @Test("MS-17: a parameter header is one by its prefix in any case")
    func parameters() {
        var headers = MCPHeaders()
        let names = ["Mcp-Param-Region", "MCP-PARAM-REGION", "mcp-param-", "mcp-paraх-a", "x-mcp-param-a"]
        let taken = names.map { headers.appendParameter(Array($0.utf8)[...], Array("eu".utf8)[...]) }
        #expect(taken == [true, true, false, false, false])
        #expect(headers.parameters.map(\.name) == ["region", "region"])
    }

    static func fault(_ check: () throws(HeaderFault) -> Void) -> HeaderFault? {
        do throws(HeaderFault) {
            try check()
            return nil
        } catch {
            return error
        }
    }
}
