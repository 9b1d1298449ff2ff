import Base
import JSONText
import PolicyEngine
import Testing

/// Calls judged in order by one policy, as `policy explain` judges them.
struct JudgedCalls {
    private var explainer: Explainer

    /// Fails the test when the policy has an error or a warning.
    init(_ policy: String, tools: String? = nil, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let (loaded, findings) = CompiledPolicy.load(Array(policy.utf8))
        #expect(findings.isEmpty, sourceLocation: sourceLocation)
        let set = try tools.map { try ToolSet(JSONDocument(Array($0.utf8)).root, readsMeta: true) }
        explainer = Explainer(
            policy: try #require(loaded, sourceLocation: sourceLocation),
            tools: set,
            runTime: WallTime(milliseconds: 0)
        )
    }

    /// What a call comes to: `outcome`, then the rule if there is one.
    mutating func judge(
        _ tool: String,
        _ arguments: String = "{}",
        at seconds: Int = 0,
        grant: String = "a"
    ) throws -> String {
        let answer = try answer(tool, arguments, at: seconds, grant: grant)
        let rule = answer["rule"]?.string?.text ?? ""
        return (answer["outcome"]?.string?.text ?? "") + (rule.isEmpty ? "" : " \(rule)")
    }

    /// The whole answer to a call.
    mutating func answer(
        _ tool: String,
        _ arguments: String = "{}",
        at seconds: Int = 0,
        grant: String = "a"
    ) throws -> JSONValue {
        let minutes = seconds / 60
        let time = "2026-11-21T02:\(minutes < 10 ? "0" : "")\(minutes):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)Z"
        let line = #"{"at":"\#(time)","tool":"\#(tool)","arguments":\#(arguments),"grant":{"label":"\#(grant)"}}"#
        return try JSONDocument(explainer.explain(Array(line.utf8))).root
    }
}
