import Base
import JSONText
import Testing

@testable import Upstreams

@Suite("collecting a server's tools")
struct ToolListingTests {
    private static func page(_ tools: String, cursor: String? = nil) throws -> JSONDocument {
        let next = cursor.map { ",\"nextCursor\":\($0)" } ?? ""
        return try JSONDocument(Array("{\"result\":{\"tools\":[\(tools)]\(next)}}".utf8))
    }

    private func failure(_ builder: inout ToolListBuilder, _ document: JSONDocument) -> UpstreamFailure.Kind? {
        do throws(UpstreamFailure) {
            _ = try builder.take(document)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("D5: pages are joined, a name that stands twice is reported and the first one kept")
    func pages() throws {
        var builder = ToolListBuilder(limits: UpstreamLimits())
        let first = try Self.page(#"{"name":"a","description":"first"},{"name":"b"}"#, cursor: "\"\"")
        #expect(try builder.take(first) == "")
        #expect(try builder.take(Self.page(#"{"name":"a","description":"second"},{"name":"c"}"#)) == nil)
        let listing = builder.listing
        #expect(listing.tools.map { $0["name"]?.string?.text } == ["a", "b", "c"])
        #expect(listing.tools[0]["description"]?.string?.text == "first")
        #expect(listing.duplicates == ["a"])
    }

    @Test("D5: a cursor that comes twice, and more pages than allowed, end the listing")
    func endless() throws {
        var builder = ToolListBuilder(limits: UpstreamLimits())
        #expect(failure(&builder, try Self.page("", cursor: "\"x\"")) == nil)
        #expect(failure(&builder, try Self.page("", cursor: "\"x\"")) == .protocolViolation(.endlessList))
        var limits = UpstreamLimits()
        limits.maximumPages = 2
        builder = ToolListBuilder(limits: limits)
        #expect(failure(&builder, try Self.page("", cursor: "\"1\"")) == nil)
        #expect(failure(&builder, try Self.page("", cursor: "\"2\"")) == .protocolViolation(.endlessList))
    }

    @Test("MC-08: a list of an unknown resultType is none, an absent one is complete")
    func resultType() throws {
        var builder = ToolListBuilder(limits: UpstreamLimits())
        let complete = #"{"result":{"tools":[{"name":"a"}],"resultType":"complete"}}"#
        #expect(failure(&builder, try JSONDocument(Array(complete.utf8))) == nil)
        for type in [#""task""#, "null", "1"] {
            let document = try JSONDocument(Array(#"{"result":{"tools":[],"resultType":\#(type)}}"#.utf8))
            #expect(failure(&builder, document) == .protocolViolation(.result))
        }
    }

    @Test("E7: too many tools or bytes are refused")
    func bounds() throws {
        var limits = UpstreamLimits()
        limits.maximumTools = 2
        var builder = ToolListBuilder(limits: limits)
        #expect(failure(&builder, try Self.page(#"{"name":"a"},{"name":"b"},{"name":"c"}"#)) == .tooLarge)
        limits = UpstreamLimits()
        limits.maximumListBytes = 64
        builder = ToolListBuilder(limits: limits)
        #expect(failure(&builder, try Self.page(#"{"name":"a"}"#)) == nil)
        #expect(failure(&builder, try Self.page(#"{"name":"b"}"#)) == .tooLarge)
    }

    @Test("MC-04: a tool with an invalid x-mcp-header is left out and named")
    func annotations() throws {
        var builder = ToolListBuilder(limits: UpstreamLimits())
        let bad =
            #"{"name":"bad","inputSchema":{"type":"object","properties":{"x":{"type":"number","x-mcp-header":"X"}}}}"#
        let good =
            #"{"name":"good","inputSchema":{"type":"object","properties":{"x":{"type":"string","x-mcp-header":"X"}}}}"#
        #expect(try builder.take(Self.page("\(bad),\(good),{\"title\":\"nameless\"}")) == nil)
        #expect(builder.listing.tools.map { $0["name"]?.string?.text } == ["good"])
        #expect(builder.listing.unusable.map(\.name) == ["bad", ""])
    }

    @Test(
        "what is no list of tools is a violation, not an empty list (D6)",
        arguments: [
            #"{"result":{}}"#, #"{"result":{"tools":{}}}"#, #"{"error":{"code":-32601,"message":"x"}}"#,
            #"{"result":{"tools":[],"nextCursor":5}}"#,
        ]
    )
    func violations(text: String) throws {
        var builder = ToolListBuilder(limits: UpstreamLimits())
        #expect(failure(&builder, try JSONDocument(Array(text.utf8))) == .protocolViolation(.result))
    }
}
