import PolicyEngine

/// `toolgate policy format`: a policy in canonical form.
enum PolicyFormatCommand {
    static let command = Command(
        ["policy", "format"],
        "write a policy in canonical form",
        details: "Shorthand is rewritten, keys stand in one order; what the policy decides stays the same.",
        operands: CommandOperands(placeholder: "FILE", count: 1...1),
        options: [CommandOption("write", nil, "replace the file instead of printing")],
        examples: [
            ("look at it", "toolgate policy format policies/crm-sales.json"),
            ("replace the file", "toolgate policy format --write policies/crm-sales.json"),
        ]
    ) { invocation throws(CommandFailure) in
        let path = invocation.operands[0]
        let writes = invocation.isOn("write")
        guard !writes || path != "-" else {
            throw .usage("standard input cannot be replaced: leave `--write` out")
        }
        let source = try PolicyFiles.read(path)
        let (policy, findings) = CompiledPolicy.load(source)
        guard let policy else {
            for finding in findings {
                invocation.console.say(PolicyFiles.line(finding, in: path))
            }
            throw .refused("`\(path)` does not load: see above")
        }
        let text = PolicyFormat.canonical(policy.document)
        // Rewriting can only break a policy that is at a limit of size; such a file is better left alone.
        guard CompiledPolicy.load(text).policy != nil else {
            throw .refused("`\(path)` is too large to be rewritten without its short forms")
        }
        guard writes else {
            invocation.console.writeOutput(text)
            return .done
        }
        guard text != source else {
            invocation.console.say("\(path): already canonical")
            return .done
        }
        do throws(FileProblem) {
            try FileAccess.replace(path, with: text)
        } catch {
            throw .environment(error.message)
        }
        invocation.console.say("\(path): rewritten")
        return .done
    }
}
