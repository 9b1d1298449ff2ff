import JSONText
import TestSupport
import Testing
import ToolCatalogue

@Suite("what definitions cost in tokens")
struct TokenEstimateTests {
    /// Counted with `o200k_base` by Tests/tokens: the entry of `tools/list`, compact.
    private func counted() throws -> [(definition: JSONValue, tokens: Int)] {
        let path = "\(Corpora.repository)/Tests/ToolCatalogueTests/Data/tokens.jsonl"
        return try #require(Corpora.bytes(ofFile: path)).split(separator: UInt8(ascii: "\n")).map { line in
            let root = try JSONDocument(Array(line)).root
            return (try #require(root["definition"]), try #require(root["tokens"]?.number?.int))
        }
    }

    // Counted with `o200k_base` by Tests/tokens: the entry of `tools/list`, compact.
    @Test("an estimate is within a tenth and two tokens of what a real vocabulary counts")
    func near() throws {
        let cases = try counted()
        #expect(cases.count == 9)
        for (definition, tokens) in cases {
            let tool = try #require(DescribedTool(definition))
            let estimate = TokenEstimate.tokens(of: tool)
            let name = String(decoding: tool.name, as: UTF8.self)
            #expect(abs(estimate - tokens) * 10 <= tokens + 20, "\(name): \(estimate) for \(tokens)")
        }
    }

    @Test("blanks between the parts of a schema cost nothing, blanks in its texts do")
    func blanks() throws {
        func tokens(_ schema: String) throws -> Int {
            let text = #"{"name":"x","inputSchema":\#(schema)}"#
            return TokenEstimate.tokens(of: try #require(DescribedTool(try JSONDocument(Array(text.utf8)).root)))
        }
        let tight = try tokens(#"{"type":"object","description":"a b"}"#)
        #expect(try tokens("{ \"type\" : \"object\" ,\n\t\"description\":\"a b\" }") == tight)
        #expect(try tokens(#"{"type":"object","description":"a b and quite a few more words"}"#) > tight + 4)
    }

    @Test("shares are rounded hundredths of a percent")
    func shares() {
        #expect(TokenEstimate.share(618, of: 200_000) == 31)
        #expect(TokenEstimate.share(0, of: 200_000) == 0)
        #expect(TokenEstimate.share(1_000_000, of: 1_000_000) == 10_000)
        #expect(TokenEstimate.share(5, of: 0) == 0)
        #expect(TokenEstimate.share(.max, of: 1_000_000) > 0)
    }
}
