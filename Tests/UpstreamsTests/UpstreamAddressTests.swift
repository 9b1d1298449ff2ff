import Base
import HTTPTransport
import Testing

@testable import Upstreams

@Suite("addresses of servers")
struct UpstreamAddressTests {
    private func problem(_ text: String, allowsInsecure: Bool = false) -> UpstreamAddress.Problem? {
        do throws(UpstreamAddress.Problem) {
            _ = try UpstreamAddress(text.utf8, allowsInsecure: allowsInsecure)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "an address is split into origin and target",
        arguments: [
            ("https://mcp.example.com/mcp", true, "mcp.example.com", 443, "/mcp"),
            ("https://MCP.Example.com:8443", true, "mcp.example.com", 8443, "/"),
            ("http://127.0.0.1:3001/mcp?team=a", false, "127.0.0.1", 3001, "/mcp?team=a"),
            ("http://localhost", false, "localhost", 80, "/"),
            ("http://[::1]:9/x", false, "::1", 9, "/x"),
            ("HTTPS://a_b.test?x", true, "a_b.test", 443, "/?x"),
        ]
    )
    func split(text: String, isSecure: Bool, host: String, port: UInt16, target: String) throws {
        let address = try UpstreamAddress(text.utf8)
        let origin = HTTPOrigin(isSecure ? .https : .http, host: ByteString(host), port: port)
        #expect(address.origin == origin)
        #expect(address.target == Array(target.utf8))
    }

    @Test(
        "what is no address of a server is refused and told apart",
        arguments: [
            ("ftp://a/b", UpstreamAddress.Problem.scheme), ("a.b/c", .scheme), ("", .scheme), ("https:/a", .scheme),
            ("https://user:pass@a.b/", .userInfo), ("https:///x", .host), ("https://a b/", .host),
            ("https://exa\u{00E4}mple/", .host), ("https://[::1/", .host), ("https://[::1]x/", .host),
            ("https://a:0/", .port), ("https://a:65536/", .port), ("https://a:+1/", .port), ("https://a:/", .port),
            ("https://a:123456/", .port), ("https://a/b#c", .fragment), ("https://a/b c", .target),
            ("https://a/\u{00E4}", .target), ("https://a//b", .target), ("https://a/b\r\nX: y", .target),
        ]
    )
    func refused(text: String, expected: UpstreamAddress.Problem) {
        #expect(problem(text) == expected)
    }

    @Test(
        "G1: plain http leaves this machine only where the operator says so",
        arguments: [
            ("http://example.com/mcp", UpstreamAddress.Problem.insecure), ("http://10.0.0.1/mcp", .insecure),
            ("http://127.0.0.1.evil.test/", .insecure), ("http://127.1/", .insecure),
            ("http://localhost.evil.test/", .insecure),
            ("http://127.9.9.9/", nil), ("http://LOCALHOST:1/", nil),
        ]
    )
    func plainText(text: String, expected: UpstreamAddress.Problem?) {
        #expect(problem(text) == expected)
        #expect(problem(text, allowsInsecure: true) == nil)
    }
}
