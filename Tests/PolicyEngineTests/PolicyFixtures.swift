import Base
import JSONText
import PolicyEngine
import Testing

/// What one line of `explain` said, in the parts tests look at.
struct Answer: Equatable, CustomStringConvertible {
    var outcome: String
    var rule: String
    var message = ""
    var retryAfter: Int?
    var shadow: String?

    var description: String { "\(outcome) \(rule)" + (shadow.map { " (shadow \($0))" } ?? "") }
}

/// Judges lines by a policy as `policy explain` does.
struct Judge {
    private var explainer: Explainer

    init(_ policy: String, tools: String? = nil, at: String = "2026-11-21T02:00:00.000Z") throws {
        let (compiled, findings) = CompiledPolicy.load(Array(policy.utf8))
        let loaded = try #require(compiled, "does not load: \(findings)")
        let set = try tools.map { try ToolSet(JSONDocument(Array($0.utf8)).root, readsMeta: true) }
        let time = try #require(WallTime(rfc3339: at.utf8))
        explainer = Explainer(policy: loaded, tools: set, runTime: time)
    }

    mutating func line(_ line: String) throws -> Answer {
        let answer = try JSONDocument(explainer.explain(Array(line.utf8))).root
        return Answer(
            outcome: answer["outcome"]?.string?.text ?? "",
            rule: answer["rule"]?.string?.text ?? "",
            message: answer["message"]?.string?.text ?? "",
            retryAfter: answer["retry_after_ms"]?.number?.int,
            shadow: answer["shadow"].map { shadow in
                "\(shadow["outcome"]?.string?.text ?? "") \(shadow["rule"]?.string?.text ?? "")"
            }
        )
    }

    /// A call of `x` with these arguments.
    mutating func call(_ arguments: String, tool: String = "x", more: String = "") throws -> Answer {
        try line(#"{"tool":"\#(tool)","arguments":\#(arguments)\#(more)}"#)
    }
}

/// The answer to one call of `x` under a policy whose only rules are `rules` on `x`.
func judge(_ rules: String, _ arguments: String, tools: String? = nil, more: String = "") throws -> Answer {
    var judge = try Judge(#"{"version":"1","default":"deny","tools":{"x":\#(rules)}}"#, tools: tools)
    return try judge.call(arguments, more: more)
}

/// A condition's JSON.
func condition(_ op: String, _ value: String, path: String = "args.a", more: String = "") -> String {
    let path = path.replacing("\"", with: "\\\"")
    return #"{"path":"\#(path)","op":"\#(op)","value":\#(value)\#(more)}"#
}

/// Whether one condition lets a call pass in `require`, and its suffix: "" for a proper answer.
func required(_ condition: String, _ arguments: String, tools: String? = nil) throws -> String {
    let answer = try judge(#"{"require":[{"conditions":[\#(condition)],"name":"n"}]}"#, arguments, tools: tools)
    return answer.outcome == "allow" ? "pass" : "fail" + answer.rule.dropFirst("/tools/x/require/n".count)
}

/// Whether one condition denies in `deny_if`, and its suffix.
func denied(_ condition: String, _ arguments: String, tools: String? = nil) throws -> String {
    let answer = try judge(#"{"deny_if":[{"conditions":[\#(condition)],"name":"n"}]}"#, arguments, tools: tools)
    return answer.outcome == "allow" ? "no" : "deny" + answer.rule.dropFirst("/tools/x/deny_if/n".count)
}

/// Errors of a policy as `pointer code`, by position.
func errors(_ policy: String) -> [String] {
    CompiledPolicy.load(Array(policy.utf8)).findings.filter { $0.severity == .error }
        .map { "\($0.pointer) \($0.code.rawValue)" }
}

/// Warnings of a policy that loads, as `pointer code`.
func warnings(_ policy: String) throws -> [String] {
    let (compiled, findings) = CompiledPolicy.load(Array(policy.utf8))
    _ = try #require(compiled, "does not load: \(findings)")
    return findings.map { "\($0.pointer) \($0.code.rawValue)" }
}
