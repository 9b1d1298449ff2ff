extension CompiledPolicy {
    /// Reads a policy as ``load(_:)`` does and says more about it: rules that can never decide anything, and with tools
    /// what does not fit them (policy-language.md, section 2, last paragraph).
    ///
    /// With an error among the findings there is no policy. For people and CI, never on a call's way: it takes time in
    /// proportion to the rules times the tools.
    public static func check(
        _ source: [UInt8],
        tools: ToolSet? = nil
    ) -> (policy: CompiledPolicy?, findings: [PolicyFinding]) {
        var findings = FindingList()
        guard let document = PolicyDocument.read(source, &findings) else {
            return (nil, findings.findings(in: source))
        }
        let policy = PolicyCompiler.compile(document, &findings)
        guard !findings.hasErrors else {
            return (nil, findings.findings(in: source))
        }
        ReachCheck.run(document, &findings)
        SpellingCheck.run(document, &findings)
        if let tools {
            ToolCheck.run(policy, tools, &findings)
        }
        return (findings.hasErrors ? nil : policy, findings.findings(in: source))
    }
}
