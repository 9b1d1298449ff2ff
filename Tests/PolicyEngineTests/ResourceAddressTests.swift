import Base
import JSONText
import Testing

@testable import PolicyEngine

@Suite("addresses of resources")
struct ResourceAddressTests {
    private static func policy(_ resources: String) throws -> CompiledPolicy {
        let text = #"{"version":"1","default":"deny","resources":\#(resources)}"#
        return try #require(CompiledPolicy.load(Array(text.utf8)).policy)
    }

    @Test("law 1: an address that a server may take for another one is no address where there are rules")
    func traversal() throws {
        let policy = try Self.policy(#"{"allow":["docs://files/public/*"]}"#)
        #expect(policy.allowsResource("docs://files/public/a"))
        #expect(policy.allowsResource("docs://files/public/a..b/.c/{name}?x=../y#.."))
        for address: ByteString in [
            "docs://files/public/../private/x", "docs://files/public/%2e%2e/private/x",
            "docs://files/public/.%2E/private",
            "docs://files/public/./a", "docs://files/public/..", "docs://files/public/..?x",
            "docs://files/public/a\tb", "docs://files/public/a\\..\\b",
        ] {
            #expect(!policy.allowsResource(address), "\(address)")
        }
        let denying = try #require(
            CompiledPolicy.load(
                Array(#"{"version":"1","default":"allow","resources":{"deny":["docs://files/private/*"]}}"#.utf8)
            ).policy
        )
        #expect(denying.allowsResource("docs://files/public/a"))
        for address: ByteString in [
            "docs://files/./private/x", "DOCS://files/private/x", " docs://files/private/x", "docs://files/pri\nvate/x",
            "docs://files:/private/x",
        ] {
            #expect(!denying.allowsResource(address), "\(address)")
        }
    }

    @Test("without rules for resources an address is the server's own business")
    func withoutRules() throws {
        let open = try #require(CompiledPolicy.load(Array(#"{"version":"1","default":"allow"}"#.utf8)).policy)
        #expect(open.allowsResource("docs://files/public/../private/x"))
    }

    @Test("FR2: what would be dear to fold counts as if it were nearly the argument, and is not folded")
    func foldingIsBounded() throws {
        let policy = try #require(
            CompiledPolicy.load(
                Array(
                    #"""
                    {"version":"1","default":"deny","tools":{"pay":{"deny_if":[
                      {"conditions":[{"path":"args.amount","op":"gt","value":100}]}]},
                     "say":{"require":[{"conditions":[{"path":"args.text","op":"starts_with","value":"a","ignore_case":true}]}]}}}
                    """#.utf8
                )
            ).policy
        )
        func decide(_ tool: ByteString, _ arguments: String) throws -> Outcome {
            let document = try JSONDocument(Array(arguments.utf8))
            let caller = PolicyCaller(grant: "g", server: "s", organisation: "o")
            return policy.decide(
                PolicyCall(
                    tool: tool,
                    arguments: document.root,
                    caller: caller,
                    time: WallTime(milliseconds: 1_795_000_000_000)
                )
            ).outcome
        }
        #expect(try decide("pay", #"{"amount":1}"#) == .allow)
        #expect(try decide("pay", #"{"amount":1,"é":2}"#) == .allow)
        let long = String(repeating: "\u{FDFA}", count: 1_000)
        #expect(try decide("pay", #"{"amount":1,"\#(long)":2}"#) == .deny)
        let many = (0..<200).map { #""é\#($0)":1"# }.joined(separator: ",")
        #expect(try decide("pay", #"{"amount":1,\#(many)}"#) == .deny)
        #expect(try decide("say", #"{"text":"Añb"}"#) == .allow)
        let text = String(repeating: "\u{FDFA}", count: 20_000)
        #expect(try decide("say", #"{"text":"a\#(text)"}"#) == .deny)
        #expect(try decide("say", #"{"text":"a\#(String(repeating: "b", count: 100_000))"}"#) == .allow)
    }
}
