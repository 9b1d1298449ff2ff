internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import PolicyEngine
internal import Stores
internal import ToolCatalogue

// Documents: kept in versions, and asked before they are.
extension AdminDesk {
    /// A document of a body: the bytes as they stand there, or the text of a string.
    static func source(_ value: JSONValue?) -> [UInt8] {
        value.map { $0.string.map(\.bytes) ?? Array($0.rawBytes) } ?? []
    }

    /// The document compiled.
    ///
    /// - Throws: ``Problem`` with every finding at its line when it does not load.
    private func compiled(_ source: [UInt8], tools: ToolSet?) throws(Problem) -> CompiledPolicy {
        let (policy, findings) = CompiledPolicy.check(source, tools: tools)
        guard let policy else {
            throw Problem(
                .invalid,
                "the document does not load: nothing was changed",
                remedy: "see the errors, each with its line; POST /policy/check looks without changing anything",
                errors: findings.map(Self.error)
            )
        }
        return policy
    }

    private static func error(_ finding: PolicyFinding) -> FieldError {
        FieldError(
            pointer: finding.pointer,
            message: finding.message,
            place: (line: finding.line, column: finding.column),
            finding: (severity: finding.severity.rawValue, code: finding.code.rawValue)
        )
    }

    func putPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let source = Self.source(request.member("document"))
        let policy = try compiled(source, tools: nil)
        let name = request.parameter("policy")
        let (record, version) = try change(request) { writer, records, refusal throws(StoreError) in
            var record = try records.reader.policy(named: name)
            if let known = record {
                let shown = try ShownRecords(records, now: request.now).record(of: known)
                try check(request.precondition, shown, refusal)
            } else {
                guard request.precondition == .absent else {
                    throw refusal.unknown("policy", name)
                }
                guard let server = request.text("server") else {
                    throw refusal.because(
                        Problem(.invalid, "a new policy is for a server", errors: [Self.missing("server")])
                    )
                }
                record = PolicyRecord(server: try records.server(server.text).id, name: name)
            }
            guard let record else {
                throw refusal.unknown("policy", name)
            }
            try writer.save(record)
            try writer.add(version: source, digest: policy.digest, to: record.id, note: request.text("note"))
            return try Self.shown(record, records, request.now)
        }
        return Self.answer(record, version)
    }

    private static func missing(_ key: String) -> FieldError {
        FieldError(pointer: "/\(key)", message: "the member `\(key)` is missing")
    }

    private static func shown(
        _ policy: PolicyRecord,
        _ records: Records,
        _ now: WallTime
    ) throws(StoreError) -> (ShownRecord, PolicyVersion?) {
        let known = try records.reader.policy(policy.id) ?? policy
        let shown = try ShownRecords(records, now: now).record(of: known)
        return (shown, try records.reader.currentVersion(of: policy.id))
    }

    func rollBackPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let number = request.member("version")?.number?.int ?? 0
        let source = try read { records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            guard let version = try records.reader.version(number, of: policy.id) else {
                throw refusal.because(Problem(.notFound, "policy `\(policy.name)` has no version \(number)"))
            }
            return version.source
        }
        let compiled = try compiled(source, tools: nil)
        let note = request.text("note") ?? ByteString("back to version \(number)")
        let (record, version) = try change(request) { writer, records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            let shown = try ShownRecords(records, now: request.now).record(of: policy)
            try check(request.precondition, shown, refusal)
            try writer.add(version: source, digest: compiled.digest, to: policy.id, note: note)
            return try Self.shown(policy, records, request.now)
        }
        return Self.answer(record, version)
    }

    func removePolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            let shown = try ShownRecords(records, now: request.now).record(of: policy)
            try check(request.precondition, shown, refusal)
            try writer.remove(policy: policy.id)
        }
        return .nothing
    }

    // MARK: Asking

    /// The accepted tools of the server a body names; `nil` when it names none.
    private func tools(_ request: AdminRequest) throws(Problem) -> ToolSet? {
        guard let definitions = try definitions(request) else {
            return nil
        }
        do throws(StoreError) {
            return try definitions.toolSet()
        } catch {
            throw problem(error)
        }
    }

    private func definitions(_ request: AdminRequest) throws(Problem) -> AcceptedDefinitions? {
        guard let name = request.text("server") else {
            return nil
        }
        return try read { records, refusal throws(StoreError) in
            guard let server = try records.reader.server(named: name) else {
                throw refusal.unknown("server", name)
            }
            return AcceptedDefinitions(try records.reader.pins(of: server.id), of: name)
        }
    }

    func checkPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let tools = try tools(request)
        let (policy, findings) = CompiledPolicy.check(Self.source(request.member("document")), tools: tools)
        let record = ShownRecord([
            ("ok", .flag(policy != nil)), ("findings", .list(findings.map { .record($0.shown, line: "") })),
        ])
        return .json(record.json)
    }

    /// A document of a body, or the one in force of a policy it names.
    private func document(
        _ request: AdminRequest,
        _ key: StaticString
    ) throws(Problem) -> [UInt8] {
        if let value = request.member(key) {
            return Self.source(value)
        }
        guard let name = request.text("policy") else {
            throw Problem(.invalid, "give `\(key)`, or the name of a `policy`", errors: [Self.missing("\(key)")])
        }
        let number = request.member("version")?.number?.int
        return try read { records, refusal throws(StoreError) in
            guard let policy = try records.reader.policy(named: name) else {
                throw refusal.unknown("policy", name)
            }
            return try records.version(number, of: policy).source
        }
    }

    func explainPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let policy = try compiled(try document(request, "document"), tools: nil)
        let tools = try tools(request)
        var explainer = Explainer(policy: policy, tools: tools, runTime: request.now)
        let calls = request.member("calls").map { Array($0.elements) } ?? request.member("call").map { [$0] } ?? []
        guard !calls.isEmpty else {
            throw Problem(.invalid, "give `call` or `calls`", errors: [Self.missing("call")])
        }
        let decisions: [ShownValue] = calls.map { call in
            // A call is one line, as the command line reads them; JSON has no line ends outside of texts but blanks.
            let line = Array(call.rawBytes).map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
            return .document(explainer.explain(line))
        }
        return .json(ShownRecord([("decisions", .list(decisions))]).json)
    }

    func comparePolicies(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let old = try compiled(try document(request, "from"), tools: nil)
        let new = try compiled(Self.source(request.member("to")), tools: nil)
        let changes = PolicyDifference.changes(from: old, to: new, tools: try tools(request))
        return .json(ShownRecord([("changes", .changes(changes))]).json)
    }

    func suggestPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let preset = request.text("preset").flatMap { PolicySuggestion.Preset(rawValue: $0.text) } ?? .recommended
        guard let definitions = try definitions(request), !definitions.isEmpty else {
            throw Problem(
                .refused,
                "no tools of this server were accepted yet",
                remedy: "a gateway lists a server before its first call; `toolgate server tools NAME --list` does now"
            )
        }
        let tools: [DescribedTool]
        do throws(StoreError) {
            tools = try definitions.described()
        } catch {
            throw problem(error)
        }
        let classified = tools.map { ($0, Classifier.classify($0)) }
        let suggestion = PolicySuggestion(
            classified.map { (String(decoding: $0.0.name, as: UTF8.self), $0.1.category) },
            preset: preset
        )
        let source = Array(suggestion.document.utf8)
        _ = try compiled(source, tools: nil)
        var notes = suggestion.unnamed.map { "`\($0)` cannot be named by an exact key and stays denied" }
        for (tool, classification) in classified {
            let name = String(decoding: tool.name, as: UTF8.self)
            if classification.category == .unclassified {
                notes.append("`\(name)`: too little is known of it; it stays denied until you name it")
            }
            notes += PoisonScanner.scan(tool).map { finding in
                "`\(name)` is suspect: it \(finding.says) (\(finding.code.rawValue)): \(finding.quote)"
            }
        }
        let record = ShownRecord([
            ("document", .text(suggestion.document)), ("notes", .list(notes.map { .text($0) })),
        ])
        return .json(record.json)
    }
}
