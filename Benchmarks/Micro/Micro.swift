// What one decision costs, without sockets: `scripts/bench micro`.
//
// `Micro` prints one JSON object, nanoseconds a call: the best of three rounds, because the machine is shared and what
// disturbs a round only ever adds to it. `Micro CASE COUNT` does one case that often and prints nothing, for
// `valgrind --tool=callgrind`: the difference between two counts, divided, is instructions a call, and repeats exactly.
//
// A case is a call of the public API with a document that was read, a definition that was pinned and a caller that was
// identified, as the gateway has them before it asks; reading the request is a case of its own.

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
    /// Every argument the rules look at.
    static let everyArgument = #"{"text":"hi","amount":42.5,"path":"/srv/data","tag":"public","count":3}"#
    /// What `scripts/bench` sends: three of the four arguments the rules look at are missing.
    static let oneArgument = #"{"text":"hi"}"#
    static let schema = """
        {"name":"tool_0025","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"amount":{"type":"number"},\
        "path":{"type":"string"},"tag":{"type":"string"},"count":{"type":"integer"}},"required":["text"]}}
        """
    /// The same with a default for one of the missing arguments.
    static let schemaWithDefault = """
        {"name":"tool_0025","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"amount":{"type":"number",\
        "default":5},"path":{"type":"string"},"tag":{"type":"string"},"count":{"type":"integer"}},"required":["text"]}}
        """

    enum Failure: Error { case unexpected, refused(String) }

    /// Everything there is to measure; made one at a time, so that counting one does not count the others' policies.
    enum Case: String, CaseIterable {
        case readRequest = "read_request_330_bytes"
        case decideOf1 = "decide_five_rules_of_1_tools"
        case decideOf50 = "decide_five_rules_of_50_tools"
        case decideOf4000 = "decide_five_rules_of_4000_tools"
        case decideMissing = "decide_three_missing"
        case decideDefault = "decide_with_default"
        case reserve = "decide_and_reserve_one_limit"

        /// What does it once; the result keeps the work from being optimised away.
        func prepared() throws -> () throws -> Int {
            switch self {
            case .readRequest:
                let bytes = Array(Micro.request(everyArgument).utf8)
                return { try JSONDocument(bytes).bytes.count }
            case .decideOf1: return try decision(tools: 1, try call(tool: "tool_0000", everyArgument, schema))
            case .decideOf50: return try decision(tools: 50, try call(tool: "tool_0025", everyArgument, schema))
            case .decideOf4000: return try decision(tools: 4_000, try call(tool: "tool_0025", everyArgument, schema))
            case .decideMissing: return try decision(tools: 50, try call(tool: "tool_0025", oneArgument, schema))
            case .decideDefault:
                return try decision(tools: 50, try call(tool: "tool_0025", oneArgument, schemaWithDefault))
            case .reserve: return try admission(try call(tool: "tool_0025", oneArgument, schema))
            }
        }
    }

    static func main() throws {
        if CommandLine.arguments.contains("messages") {
            return try Messages.run()
        }
        guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) else {
            let figures = try Case.allCases.map { "\"\($0.rawValue)_ns\":\(Int(try best($0.prepared()).rounded()))" }
            print("{" + figures.joined(separator: ",") + "}")
            return
        }
        guard let chosen = Case(rawValue: CommandLine.arguments[1]) else {
            throw Failure.refused("no such case; there are " + Case.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let body = try chosen.prepared()
        var sum = 0
        for _ in 0..<count {
            sum &+= try body()
        }
        guard sum >= count else {
            throw Failure.unexpected
        }
    }

    static func decision(tools: Int, _ call: PolicyCall) throws -> () throws -> Int {
        let policy = try policy(tools: tools)
        return { policy.decide(call).outcome == .allow ? 1 : 0 }
    }

    static func admission(_ call: PolicyCall) throws -> () throws -> Int {
        let policy = try policy(tools: 50)
        let table = LimitTable()
        var now: Int64 = 0
        return {
            now += 1_000
            let now = Instant(nanoseconds: now)
            return Admission.admit(policy: policy, call: call, limits: table, now: now).reservation == nil ? 0 : 1
        }
    }

    static func request(_ arguments: String) -> String {
        """
        {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool_0025","arguments":\(arguments),\
        "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
        "io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}
        """
    }

    static func call(tool: String, _ arguments: String, _ schema: String) throws -> PolicyCall {
        PolicyCall(
            tool: ByteString(tool),
            definition: ToolDefinition(try JSONDocument(Array(schema.utf8)).root),
            arguments: try JSONDocument(Array(request(arguments).utf8)).root["params"]?["arguments"],
            caller: PolicyCaller(grant: "g", label: "bench", server: "s", organisation: "o"),
            time: WallTime(milliseconds: 1_795_226_400_000)
        )
    }

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

    /// Nanoseconds per call of `body`, the best of three rounds of 20,000.
    static func best(_ body: () throws -> Int) throws -> Double {
        var best = Double.infinity
        let clock = ContinuousClock()
        for _ in 0..<3 {
            let elapsed = try clock.measure {
                for _ in 0..<20_000 {
                    _ = try body()
                }
            }
            best = min(best, Double(elapsed.components.attoseconds) / 1e9 + Double(elapsed.components.seconds) * 1e9)
        }
        return best / 20_000
    }
}
