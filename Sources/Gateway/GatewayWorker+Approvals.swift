internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine

/// Calls a person has to agree to (policy-language.md, section 6).
extension GatewayWorker {
    /// How often a call that is held asks whether somebody has decided.
    private static let approvalInterval = Duration.milliseconds(500)
    // LIMIT: bytes of arguments a person can be shown.
    private static let maximumShownBytes = 64 << 10

    /// Holds a call for a short while, so that a quick approval needs no second one; answers it, or forwards it.
    ///
    /// After every wait everything is judged again by what is in force then (I1): another definition or policy is another
    /// call, and is asked about anew. An approval is used before limits are reserved, and given back when they refuse.
    func settleApproval(_ call: Call, _ request: ClientRequest, _ first: Verdict) async throws(Failure) {
        guard let desk = core.configuration.approvals else {
            return await refuse(call, request, first, Self.noDesk)
        }
        let deadline = loop.now.advanced(by: core.configuration.limits.approvalHold)
        var verdict = first
        while true {
            guard let question = question(call, request, verdict) else {
                return await refuse(call, request, verdict, "Its arguments are too large for anybody to approve.")
            }
            let answer = await desk.claim(question)
            if case .given(let id) = answer {
                return try await goOn(call, request, approved: id, binding: question.binding, desk)
            }
            guard case .pending(let id) = answer, loop.now < deadline, call.ending == nil, !call.isOutputGone else {
                return await refuse(call, request, verdict, answer)
            }
            await loop.sleep(for: Self.approvalInterval)
            guard let again = judgeUnapproved(call, request) else {
                throw Failure(.unauthorized)
            }
            guard again.outcome == .approvalRequired else {
                // What is in force has changed meanwhile: the client calls again and gets what that says.
                return await refuse(call, request, verdict, .pending(id))
            }
            verdict = again
        }
    }

    /// Makes a call that was approved, when everything else allows it too.
    private func goOn(
        _ call: Call,
        _ request: ClientRequest,
        approved id: ByteString,
        binding: [UInt8],
        _ desk: any ApprovalDesk
    ) async throws(Failure) {
        call.approval = id
        guard let unapproved = judgeUnapproved(call, request),
            let policy = call.grant.policy?.compiled
        else {
            giveBack(call)
            throw Failure(.unauthorized)
        }
        // The approval is for what was in force when it was asked for, and for nothing else.
        guard unapproved.outcome == .approvalRequired, question(call, request, unapproved)?.binding == binding else {
            giveBack(call)
            return await refuse(call, request, unapproved, "What is in force has changed: make the call again.")
        }
        let definition = upstream(of: call.grant.server).currentTools()?[request.name ?? ""]
        let parameters: [OutgoingHeader]
        do throws(Failure) {
            parameters = try headers(call, request, definition, policy)
        } catch {
            giveBack(call)
            throw error
        }
        let verdict: Verdict
        (verdict, call.reservation) = Admission.admit(
            policy: policy,
            call: policyCall(call, request, definition, isApproved: true),
            limits: core.counters,
            now: loop.now
        )
        guard verdict.outcome == .allow else {
            giveBack(call)
            return await refuse(call, request, verdict)
        }
        note(verdict, in: call.record)
        call.record.rule = "(approved)"
        call.arguments = core.configuration.argumentDigester == nil ? nil : request.arguments
        try await forward(call, request, parameters: parameters)
    }

    /// What is in force says of a call nobody has approved; `nil` when its grant is gone.
    private func judgeUnapproved(_ call: Call, _ request: ClientRequest) -> Verdict? {
        guard isStillGranted(call), let policy = call.grant.policy?.compiled else {
            return nil
        }
        let definition = upstream(of: call.grant.server).currentTools()?[request.name ?? ""]
        return policy.decide(policyCall(call, request, definition, isApproved: false))
    }

    /// `nil` when nobody could be shown the arguments.
    private func question(_ call: Call, _ request: ClientRequest, _ verdict: Verdict) -> ApprovalQuestion? {
        guard let policy = call.grant.policy, let demand = verdict.approval else {
            return nil
        }
        let arguments = request.arguments.map { JSONCanonical.exact($0) } ?? Array("{}".utf8)
        guard arguments.count <= Self.maximumShownBytes else {
            return nil
        }
        let tool = request.name ?? ""
        let server = call.grant.server
        let definition = upstream(of: server).currentTools()?[tool]?.definition.digest ?? []
        return ApprovalQuestion(
            binding: ApprovalBinding.digest(
                grant: call.grant.id,
                scope: call.grant.scope,
                server: server.id,
                tool: tool,
                definition: definition,
                arguments: arguments,
                policy: policy.name,
                version: policy.compiled.version
            ),
            grant: call.grant.label,
            server: server.name,
            tool: tool,
            rule: verdict.rule,
            demand: demand,
            arguments: arguments
        )
    }

    // MARK: - Answers

    private static let noDesk = "This gateway has no approval set up, so the call is denied: ask its operator."

    private func refuse(
        _ call: Call,
        _ request: ClientRequest,
        _ verdict: Verdict,
        _ answer: ApprovalAnswer
    ) async {
        switch answer {
        case .given, .unavailable:
            await refuse(call, request, verdict, "Nobody can be asked at the moment: try again later.")
        case .tooMany:
            await refuse(
                call,
                request,
                verdict,
                "Too many calls wait for a person already: wait until they are decided."
            )
        case .denied(_, let reason):
            let why = reason.map { ": \($0.text)" } ?? "."
            await refuse(call, request, verdict, "A person has denied exactly this call\(why)", replaces: true)
        case .pending(let id):
            let sentence = "Its approval has the id \(id.text)."
            await refuse(call, request, verdict, sentence, approval: RefusedCall.Approval(id: id))
        }
    }

    private func refuse(
        _ call: Call,
        _ request: ClientRequest,
        _ verdict: Verdict,
        _ sentence: String,
        replaces: Bool = false,
        approval: RefusedCall.Approval? = nil
    ) async {
        note(verdict, in: call.record)
        let reason = replaces ? sentence : "\(verdict.message) \(sentence)"
        let refused = RefusedCall(
            .approvalRequired,
            rule: ByteString(verdict.rule),
            reason: ByteString(reason),
            approval: approval
        )
        await answer(call, core.writer(call.revision).refused(refused, to: request.id))
    }
}
