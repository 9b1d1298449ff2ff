import Base
import PolicyEngine
import Testing

@Suite("Loading a policy")
struct LoadTests {
    @Test("the smallest policy loads, decides and has a version")
    func smallest() throws {
        let (policy, findings) = CompiledPolicy.load(Array(#"{"version":"1","default":"deny"}"#.utf8))
        #expect(findings.isEmpty)
        let loaded = try #require(policy)
        #expect(loaded.version.count == 12)
        let caller = PolicyCaller(grant: "g", server: "s", organisation: "o")
        let call = PolicyCall(tool: "x", caller: caller, time: WallTime(milliseconds: 0))
        #expect(loaded.decide(call).rule == "(default deny)")
    }
}
