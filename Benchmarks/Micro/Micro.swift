// What one decision costs, without sockets: `scripts/bench micro`. Prints one JSON object, nanoseconds a call.
//
// Each figure is the best of three rounds: the machine is shared, and what disturbs a round only ever adds to it.

import Base
import JSONText
import PolicyEngine
import RateLimits

@main
enum Micro {
    static let rules = """
        {"require":[{"conditions":[{"path":"args.text","op":"length_gte","value":1}]}],
         "deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}]},
                    {"conditions":[{"path":"args.path","op":"starts_with","value":"/etc"}]},
                    {"conditions":[{"path":"args.tag","op":"in","value":["internal","secret"]}]},
                    {"conditions":[{"path":"args.text","op":"contains","value":"DROP TABLE"}]}],
         "limits":[{"counter":"calls","window":"minute","max":1000000000}]}
        """
    static let request = """
        {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool_0025","arguments":{"text":"hi","amount":42.5,\
        "path":"/srv/data","tag":"public","count":3},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
        "io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}
        """
    static let schema = """
        {"name":"tool_0025","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"amount":{"type":"number"},\
        "path":{"type":"string"},"tag":{"type":"string"},"count":{"type":"integer"}},"required":["text"]}}
        """

    static func main() throws {
        if CommandLine.arguments.contains("messages") {
            return try Messages.run()
        }
        var figures: [(String, Double)] = []
        let bytes = Array(request.utf8)
        figures.append(("read_request_330_bytes", try best { _ = try JSONDocument(bytes) }))
        let document = try JSONDocument(bytes)
        let arguments = document.root["params"]?["arguments"]
        let definition = ToolDefinition(try JSONDocument(Array(schema.utf8)).root)
        for count in [1, 50, 4_000] {
            let policy = try policy(tools: count)
            let name = count == 1 ? "tool_0000" : "tool_0025"
            let call = PolicyCall(
                tool: ByteString(name),
                definition: definition,
                arguments: arguments,
                caller: PolicyCaller(grant: "g", label: "bench", server: "s", organisation: "o"),
                time: WallTime(milliseconds: 1_795_226_400_000)
            )
            guard policy.decide(call).outcome == .allow else {
                throw Failure.unexpected
            }
            figures.append(("decide_five_rules_of_\(count)_tools", try best { _ = policy.decide(call) }))
            guard count == 50 else {
                continue
            }
            let table = LimitTable()
            var now: Int64 = 0
            figures.append(
                (
                    "decide_and_reserve_one_limit",
                    try best {
                        now += 1_000
                        _ = Admission.admit(policy: policy, call: call, limits: table, now: Instant(nanoseconds: now))
                    }
                )
            )
        }
        print("{" + figures.map { "\"\($0.0)_ns\":\(Int($0.1.rounded()))" }.joined(separator: ",") + "}")
    }

    enum Failure: Error { case unexpected, refused(String) }

    static func policy(tools: Int) throws -> CompiledPolicy {
        let entries = (0..<tools).map { number in
            let digits = String(number)
            return "\"tool_" + String(repeating: "0", count: 4 - digits.count) + digits + "\":" + rules
        }
        let text = #"{"version":"1","default":"deny","tools":{"# + entries.joined(separator: ",") + "}}"
        let loaded = CompiledPolicy.load(Array(text.utf8))
        guard let policy = loaded.policy else {
            throw Failure.refused(loaded.findings.first.map { "\($0)" } ?? "")
        }
        return policy
    }

    /// Nanoseconds per call of `body`, the best of three rounds of 200,000.
    static func best(_ body: () throws -> Void) throws -> Double {
        var best = Double.infinity
        let clock = ContinuousClock()
        for _ in 0..<3 {
            let elapsed = try clock.measure {
                for _ in 0..<20_000 {
                    try body()
                }
            }
            best = min(best, Double(elapsed.components.attoseconds) / 1e9 + Double(elapsed.components.seconds) * 1e9)
        }
        return best / 20_000
    }
}
