import Base
import Secrets
import Synchronization
import Testing
import Upstreams

@testable import Gateway

/// What a server refused without doing anything is sent once more.
@Suite("Calls that are sent again", .serialized)
struct RetryTests {
    private static let call =
        #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_lead","arguments":{}}}"#

    @Test("MC-05: a server that finds the headers wrong is listed again and called once more", arguments: [1, 9])
    func relisted(refusals: Int) async throws {
        let counter = Counter()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call", counter.add() <= refusals else {
                return nil
            }
            return .json(sent.error(-32020), status: 400)
        }
        var options = Harness.Options()
        options.policy = """
            {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"c","window":"hour","max":1}]}}}
            """
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        let answer = try client.request("POST", Self.call).text
        #expect(answer.contains("ran create_lead") == (refusals == 1), "\(answer)")
        #expect(!answer.contains("-32020"))
        #expect(upstream.bodies(containing: "tools/call").count == 2)
        #expect(upstream.bodies(containing: "tools/list").count == 2)
        await gateway.stop()
    }

    @Test("E2: a tool that turns out to have changed is not called again")
    func changed() async throws {
        let counter = Counter()
        let other = #"{"name":"create_lead","description":"another","inputSchema":{"type":"object"}}"#
        let upstream = Upstreams.modern(
            { sent in sent.method == "tools/call" ? .json(sent.error(-32020), status: 400) : nil },
            tools: { counter.add() == 1 ? Upstreams.tools : other }
        )
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        let answer = try client.request("POST", Self.call).text
        #expect(!answer.contains("ran create_lead") && !answer.contains("-32020"), "\(answer)")
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }

    @Test("a 401 starts a renewal, and what was refused is sent once more", arguments: [true, false])
    func renewed(isRenewed: Bool) async throws {
        let upstream = Upstreams.legacy { sent in
            guard sent.method == "tools/call", sent.message.field("x-key") != "new" else {
                return nil
            }
            return .json("{}", status: 401)
        }
        let renewal = CredentialRenewal()
        let renewals = Counter()
        var options = Harness.Options()
        options.headers = [("x-key", "old")]
        options.amend = { definition in definition.servers[0].upstream.renewal = renewal }
        let gateway = try await Harness.start(upstream, options)
        renewal.onRefusal {
            renewals.add()
            if isRenewed {
                var next = Harness.Options()
                next.keys = gateway.keys
                next.headers = [("x-key", "new")]
                try? gateway.reload(upstream, next)
            }
            renewal.end(isReplaced: isRenewed)
        }
        var client = try gateway.client()
        _ = try client.initialize()
        let answer = try client.request("POST", Self.call).text
        #expect(answer.contains("ran create_lead") == isRenewed, "\(answer)")
        #expect(upstream.bodies(containing: "tools/call").count == (isRenewed ? 2 : 1))
        #expect(renewals.count >= 1)
        await gateway.stop()
    }

    @Test("of many that a server refuses one renews, and all are told")
    func single() {
        let renewal = CredentialRenewal()
        let begun = Counter()
        let told = Guarded<[Bool]>([])
        renewal.refused { isReplaced in told.withLock { $0.append(isReplaced) } }
        #expect(told.withLock { $0 } == [false], "there is nobody to renew it")
        renewal.onRefusal { begun.add() }
        for isReplaced in [false, true] {
            for _ in 0..<3 {
                renewal.refused { isReplaced in told.withLock { $0.append(isReplaced) } }
            }
            renewal.end(isReplaced: isReplaced)
        }
        renewal.refused { isReplaced in told.withLock { $0.append(isReplaced) } }
        #expect(told.withLock { $0 } == [false, false, false, false, true, true, true, true])
        #expect(begun.count == 2)
    }
}
