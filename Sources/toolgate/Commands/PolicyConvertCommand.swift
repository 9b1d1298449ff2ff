import PolicyEngine
import YAMLText

/// `toolgate policy convert`: Intercept's YAML as a policy.
enum PolicyConvertCommand {
    static let command = Command(
        ["policy", "convert"],
        "turn Intercept's YAML into a policy",
        details:
            "Its conditions become `require`, its counters limits of the server that turn with the calendar (UTC).\n"
            + "What has no exact counterpart is an error with line and column, and nothing is printed.",
        operands: CommandOperands(placeholder: "FILE.yaml", count: 1...1),
        examples: [("into a new file", "toolgate policy convert intercept.yaml > policies/crm-sales.json")]
    ) { invocation throws(CommandFailure) in
        let path = invocation.operands[0]
        let root: YAMLNode
        let source = try PolicyFiles.read(path)
        do throws(YAMLError) {
            root = try YAMLDocument.parse(source)
        } catch {
            throw .refused("\(path):\(error.position.line):\(error.position.column): error: \(error.reason)")
        }
        let result = InterceptConverter.convert(root)
        for problem in result.problems {
            let place = "\(path):\(problem.position.line):\(problem.position.column)"
            invocation.console.say("\(place): \(problem.severity.rawValue): \(problem.message)")
        }
        guard let policy = result.policy else {
            throw .refused("`\(path)` is not converted: see above")
        }
        invocation.console.writeOutput(policy)
        return .done
    }
}
