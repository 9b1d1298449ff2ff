internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine

/// The phases only a call of a tool goes through: find, decide, reserve.
extension GatewayWorker {
    /// Decides a call and, when it is allowed, forwards it.
    func callTool(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        let name = request.name ?? ""
        call.record.tool = name
        call.record.argumentKeys = ByteString(Self.keys(of: request.arguments))
        guard call.grant.policy != nil else {
            await refuse(call, request, CompiledPolicy.withoutPolicy)
            return
        }
        try await prepareLeg(of: call)
        let tools = try await tools(of: call.grant.server)
        // After every wait: the policy in force now decides (I1).
        guard isStillGranted(call), let policy = call.grant.policy?.compiled else {
            throw Failure(.unauthorized)
        }
        let definition = tools[name]
        let parameters = try headers(call, request, definition, policy)
        let judged = policyCall(call, request, definition)
        let verdict = try admit(call, request, judged, policy)
        switch verdict.outcome {
        case .allow:
            note(verdict, in: call.record)
            call.arguments = core.configuration.argumentDigester == nil ? nil : request.arguments
            try await forward(call, request, parameters: parameters)
        case .hidden:
            note(verdict, in: call.record)
            // For both kinds of miss, and never before the answer (policy-language.md, section 3, step 3).
            relist(call.grant.server)
            throw Failure(MCPFailure.unknownTool(call.askedName ?? name, id: request.id, era: call.era))
        case .malformed:
            throw Failure(.invalidParameters, verdict.message)
        case .approvalRequired:
            try await settleApproval(call, request, verdict)
        case .deny, .rateLimited:
            await refuse(call, request, verdict)
        }
    }

    func policyCall(
        _ call: Call,
        _ request: ClientRequest,
        _ definition: ListedTool?,
        isApproved: Bool = false
    ) -> PolicyCall {
        var caller = call.grant.caller
        caller.clientName = call.record.clientName
        return PolicyCall(
            tool: request.name ?? "",
            definition: definition?.definition,
            isListed: definition != nil,
            arguments: request.arguments,
            caller: caller,
            time: call.record.time,
            isApproved: isApproved,
            keyDigest: core.keyDigest
        )
    }

    /// Judges a request again that has waited for its client's answers, by what is in force now (I1).
    ///
    /// Its limits were charged when it began. A call that is refused now is answered here.
    func isAllowedAgain(_ call: Call, _ request: ClientRequest) async throws(Failure) -> Bool {
        guard isStillGranted(call), let policy = call.grant.policy?.compiled else {
            throw Failure(.unauthorized)
        }
        guard request.method == .toolsCall else {
            try checkAccess(call, request)
            return true
        }
        let definition = upstream(of: call.grant.server).currentTools()?[request.name ?? ""]
        // Its approval is used already, as its limits are charged.
        let verdict = policy.decide(policyCall(call, request, definition, isApproved: call.approval != nil))
        guard verdict.outcome == .allow else {
            await refuse(call, request, verdict)
            return false
        }
        return true
    }

    /// Checks `Mcp-Param-*` against the arguments (MS-15) and computes those that go upstream; strays are dropped (A8).
    ///
    /// A tool this caller cannot see has no headers to be wrong: it is unknown first (D12).
    func headers(
        _ call: Call,
        _ request: ClientRequest,
        _ tool: ListedTool?,
        _ policy: CompiledPolicy
    ) throws(Failure) -> [OutgoingHeader] {
        let goesModern = call.leg.revision.era == .modern
        guard call.isModern || goesModern, let tool,
            !tool.headers.isEmpty || (call.isModern && !call.headers.parameters.isEmpty),
            policy.shows(tool.definition)
        else {
            return []
        }
        do throws(HeaderFault) {
            if call.isModern {
                try tool.headers.check(call.headers.parameters, arguments: request.arguments)
            }
            return goesModern ? try tool.headers.fields(for: request.arguments) : []
        } catch {
            call.record.outcome = .malformed
            throw Failure(error.failure(id: request.id))
        }
    }

    /// Answers a refused call with a result the model can read (policy-language.md, section 4).
    func refuse(_ call: Call, _ request: ClientRequest, _ verdict: Verdict) async {
        note(verdict, in: call.record)
        let outcome: RefusedCall.Outcome =
            switch verdict.outcome {
            case .rateLimited: .rateLimited
            case .approvalRequired: .approvalRequired
            default: .deny
            }
        let refused = RefusedCall(
            outcome,
            rule: ByteString(verdict.rule),
            reason: ByteString(verdict.message),
            retryAfterMilliseconds: verdict.retryAfter.map { Int(($0.nanoseconds + 999_999) / 1_000_000) },
            limit: verdict.limit.map { ByteString($0) }
        )
        await answer(call, core.writer(call.revision).refused(refused, to: request.id))
    }

    func note(_ verdict: Verdict, in record: DecisionRecord) {
        record.outcome = RecordedOutcome(verdict.outcome)
        record.rule = verdict.rule
        record.message = verdict.message
        record.shadow = verdict.shadow.map { (RecordedOutcome($0.outcome), $0.rule) }
    }

    /// The top-level keys of the arguments as a JSON array, sorted; never a value.
    private static func keys(of arguments: JSONValue?) -> [UInt8] {
        guard let arguments, arguments.count > 0 else {
            return []
        }
        var keys: [ArraySlice<UInt8>] = []
        keys.reserveCapacity(min(arguments.count, 64))
        // LIMIT: keys of one record; the rest is not worth the space.
        for member in arguments.members.prefix(64) {
            keys.append(member.key.slice.prefix(256))
        }
        if keys.count > 1 {
            keys.sort { $0.lexicographicallyPrecedes($1) }
        }
        var text: [UInt8] = [UInt8(ascii: "[")]
        for (index, key) in keys.enumerated() {
            if index > 0 {
                text.append(UInt8(ascii: ","))
            }
            text.append(quoted: key)
        }
        text.append(UInt8(ascii: "]"))
        return text
    }
}

extension RecordedOutcome {
    init(_ outcome: Outcome) {
        self =
            switch outcome {
            case .allow: .allow
            case .deny: .deny
            case .rateLimited: .rateLimited
            case .approvalRequired: .approvalRequired
            case .hidden: .hidden
            case .malformed: .malformed
            }
    }
}
