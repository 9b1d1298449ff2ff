import AuditJournal
import Base
import EventLoops
import Glibc
import RateLimits
import Synchronization
import TestSupport
import Testing
import Upstreams

@testable import Gateway

/// What happens to a call on its way; all but the last reach the server.
private enum Fault: String, CaseIterable {
    case none, toolError, rpcError, resetBeforeAnswer, resetInAnswer, timeOut, clientGone
}

@Suite("What goes wrong and what limits get back", .serialized)
struct RefundTests {
    /// Closes every connection behind its answer, so that each call needs a new one.
    private static func upstream() -> ScriptedUpstream {
        ScriptedUpstream { message in upstreamReply(to: SentMessage(message)) }
    }

    private static func upstreamReply(to sent: SentMessage) -> ScriptedUpstream.Reply {
        let close = ["connection: close"]
        switch sent.method {
        case "server/discover":
            let result = """
                {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":1,\
                "cacheScope":"public"}
                """
            return .json(sent.result(result), headers: close)
        case "tools/list":
            let tools = #"{"name":"work","inputSchema":{"type":"object"}}"#
            let result = #"{"resultType":"complete","ttlMs":600000,"cacheScope":"public","tools":[\#(tools)]}"#
            return .json(sent.result(result), headers: close)
        default:
            return reply(to: sent, close)
        }
    }

    private static func reply(to sent: SentMessage, _ close: [String]) -> ScriptedUpstream.Reply {
        let fault = Fault.allCases.first { sent.arguments.contains(#""\#($0.rawValue)""#) } ?? .none
        switch fault {
        case .none:
            return .json(
                sent.result(#"{"resultType":"complete","content":[{"type":"text","text":"ran"}]}"#),
                headers: close
            )
        case .toolError:
            return .json(sent.result(#"{"resultType":"complete","isError":true,"content":[]}"#), headers: close)
        case .rpcError: return .json(sent.error(-32000), headers: close)
        case .resetBeforeAnswer: return .custom { socket, _ in socket.reset() }
        case .resetInAnswer:
            return .custom { socket, _ in
                socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{")
                socket.reset()
            }
        case .timeOut, .clientGone: return .custom { socket, _ in _ = socket.isEnded() }
        }
    }

    private static func options(maximum: Int) -> Harness.Options {
        var options = Harness.Options()
        options.workers = 2
        options.policy = """
            {"version":"1","default":"deny","tools":{"work":{"limits":[\
            {"counter":"sliding","window":"hour","max":\(maximum)},\
            {"counter":"calendar","window":"month","max":\(maximum),"align":"calendar","increment":{"from":"args.amount"}}]}}}
            """
        options.upstreamLimits.idleTimeout = .milliseconds(150)
        options.configure = { $0.keepsCounters = true }
        return options
    }

    private static func send(_ client: TestClient, _ fault: Fault) {
        client.sendModern(
            "tools/call",
            #""name":"work","arguments":{"fault":"\#(fault.rawValue)","amount":1}"#,
            name: "work"
        )
    }

    /// Calls with faults, from several connections at once; the answers.
    private static func call(_ gateway: Harness, _ faults: [Fault], _ upstream: ScriptedUpstream) -> [String] {
        let answers = Guarded<[String]>([])
        let threads = 4
        let done = Counter()
        for thread in 0..<threads {
            onThread {
                for (index, fault) in faults.enumerated() where index % threads == thread {
                    guard let client = try? gateway.client() else {
                        continue
                    }
                    let before = upstream.bodies(containing: #""clientGone""#).count
                    send(client, fault)
                    if fault == .clientGone {
                        // Gone once the server has it.
                        for _ in 0..<2_000 where upstream.bodies(containing: #""clientGone""#).count == before {
                            usleep(1_000)
                        }
                        client.socket.end()
                    } else if let answer = client.socket.readMessage() {
                        answers.withLock { $0.append(answer.text) }
                    }
                }
                done.add()
            }
        }
        while done.count < threads {
            usleep(1_000)
        }
        return answers.withLock { $0 }
    }

    /// How many calls are admitted until the limit refuses one.
    private static func left(_ gateway: Harness, atMost limit: Int) throws -> Int {
        for count in 0...limit {
            let client = try gateway.client()
            send(client, .none)
            let text = try #require(client.socket.readMessage()).text
            if text.contains("rate_limited") {
                return count
            }
            #expect(text.contains("ran"), "\(text)")
        }
        return limit + 1
    }

    @Test(
        "R5, D10: a refused connection gives back once, and resets, time-outs, errors and clients that are gone give nothing",
        arguments: 0..<3
    )
    func randomFaults(seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        let faults = (0..<32).map { _ in Fault.allCases.randomElement(using: &random) ?? .none }
        let spare = 5
        let upstream = Self.upstream()
        let journal = try TestJournal()
        var options = Self.options(maximum: faults.count + spare)
        options.configure = {
            $0.keepsCounters = true
            $0.journal = journal.journal
        }
        let gateway = try await Harness.start(upstream, options)
        _ = try gateway.client().modern("tools/list")
        var refused = 0
        for part in 0..<4 {
            let answers = Self.call(gateway, Array(faults[part * 8..<part * 8 + 8]), upstream)
            #expect(answers.allSatisfy { !$0.contains("rate_limited") }, "\(answers)")
            upstream.refuse()
            let failed = Self.call(gateway, Array(repeating: .none, count: 8), upstream)
            #expect(failed.count == 8 && failed.allSatisfy { $0.contains("upstream unavailable") }, "\(failed)")
            refused += failed.count
            upstream.listenAgain()
        }
        #expect(try Self.left(gateway, atMost: spare + 3) == spare)
        // At a full counter a refund would be seen at once.
        upstream.refuse()
        let answers = Self.call(gateway, Array(repeating: .none, count: 4), upstream)
        #expect(answers.allSatisfy { $0.contains("rate_limited") }, "\(answers)")
        await gateway.stop()
        let outcomes = try journal.rows(of: "outcome")
        #expect(outcomes.filter { $0.contains(#""given_back":true"#) }.count == refused)
        #expect(outcomes.filter { $0.contains(#""result":"unreachable""#) }.count == refused)
    }

    @Test(
        "R5, H6: a gateway that ends takes nothing back of calls that went out, nor does a clock that was ahead for a while",
        arguments: [nil, 0, 40 * 86_400_000] as [Int64?]
    )
    func shutdown(ahead: Int64?) async throws {
        let upstream = Self.upstream()
        var options = Self.options(maximum: 10)
        options.upstreamLimits.idleTimeout = .seconds(60)
        let gateway = try await Harness.start(upstream, options)
        _ = try gateway.client().modern("tools/list")
        let clients = try (0..<4).map { _ in try gateway.client() }
        for client in clients {
            Self.send(client, .timeOut)
        }
        while upstream.bodies(containing: #""timeOut""#).count < clients.count {
            usleep(1_000)
        }
        await gateway.service.drain(within: .milliseconds(20))
        let states = gateway.service.takeCounterChanges().states
        #expect(states.count == 2 && states.allSatisfy { !$0.windows.isEmpty }, "\(states)")
        // The next process finds four of ten spent.
        let next = try await Harness.start(upstream, nextOptions(gateway, options))
        if let ahead {
            let mark = WallTime(milliseconds: next.service.limitTime.milliseconds + ahead)
            #expect(next.service.startLimits(from: mark) >= ahead - 60_000)
        }
        #expect(next.service.restore(counters: states) == 0)
        let left = try Self.left(next, atMost: 10)
        #expect(left == 6, "\(states)")
        await next.stop()
    }

    @Test("D10, MS-10: a client that leaves while the answer's body still comes ends the server's work too")
    func leavesInsideTheBody() async throws {
        let ended = Shared(false)
        let upstream = ScriptedUpstream { message in
            let sent = SentMessage(message)
            guard sent.method == "tools/call" else {
                return Self.upstreamReply(to: sent)
            }
            return .custom { socket, _ in
                socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{")
                ended.value = socket.isEnded()
            }
        }
        var options = Self.options(maximum: 10)
        options.upstreamLimits.idleTimeout = .seconds(60)
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        Self.send(client, .none)
        while upstream.bodies(containing: "tools/call").isEmpty {
            usleep(1_000)
        }
        usleep(50_000)
        client.socket.end()
        for _ in 0..<500 where !ended.value {
            usleep(10_000)
        }
        #expect(ended.value)
        await gateway.stop()
    }

    private func nextOptions(_ gateway: Harness, _ options: Harness.Options) -> Harness.Options {
        var next = options
        next.keys = gateway.keys
        next.tokens = (gateway.token, gateway.otherToken)
        return next
    }
}
