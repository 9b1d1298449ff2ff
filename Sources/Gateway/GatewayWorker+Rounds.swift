internal import Base
internal import Cryptography
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import RateLimits

/// The rounds of a call that needs input: what its client was asked, what it answers, and what the call costs then
/// (mcp-protocol.md, 3.5; security.md, D2).
extension GatewayWorker {
    /// Our state for a call that goes on with its client's next request, which has to answer exactly `keys`.
    func seal(
        _ way: RetryState.Way,
        asking keys: [ByteString]?,
        _ call: Call,
        _ request: ClientRequest
    ) -> ByteString? {
        let before = call.retry?.rounds ?? 0
        return core.handles.sealRequestState(
            RetryState(
                way: way,
                // Not beyond what it can say: a chain never becomes a new one.
                rounds: before == .max ? .max : before + 1,
                asked: keys.map(Self.digest),
                process: core.firstRequestID
            ),
            digest: Self.digest(of: request, call.grant.server),
            grant: call.grant,
            now: core.time.wallTime
        )
    }

    /// What the state of a retry stands for, which must ask the very same again (D2).
    func openRetry(_ call: Call, _ request: ClientRequest) throws(Failure) -> RetryState {
        if let opened = call.retry {
            return opened
        }
        let opened = request.retry?.state.flatMap { state in
            core.handles.openRequestState(
                state.bytes,
                digest: Self.digest(of: request, call.grant.server),
                grant: call.grant,
                now: core.time.wallTime
            )
        }
        guard let opened else {
            throw Failure(.handleNotFound, "unknown or expired requestState: call again without it")
        }
        call.retry = opened
        return opened
    }

    /// The same, of a retry that answers what was asked, no more and no less (MC-16).
    ///
    /// A server asks again what it was not answered: an answer under a wrong key would have it run once more for nothing.
    func answeredRetry(_ call: Call, _ request: ClientRequest) throws(Failure) -> RetryState {
        let state = try openRetry(call, request)
        guard let asked = state.asked else {
            return state
        }
        let keys = request.retry?.responses?.members.map { ByteString($0.key.bytes) } ?? []
        guard Self.digest(keys) == asked else {
            call.record.outcome = .malformed
            throw Failure(
                .invalidParameters,
                "inputResponses must answer every key of inputRequests and no other: answer what was asked"
            )
        }
        return state
    }

    /// Decides a call and takes its places in flight; its limits too, unless it goes on with a call that was charged.
    ///
    /// - Throws: ``Failure`` when it answers something else than it was asked; nothing is taken then, and its state is
    ///   good for another answer.
    func admit(
        _ call: Call,
        _ request: ClientRequest,
        _ judged: PolicyCall,
        _ policy: CompiledPolicy
    ) throws(Failure) -> Verdict {
        guard request.retry != nil, let state = known(call, request) else {
            return reserve(call, judged, policy)
        }
        _ = try answeredRetry(call, request)
        guard let round = chargedRound(state, request) else {
            return reserve(call, judged, policy)
        }
        let verdict: Verdict
        if case .parked = state.way {
            // The call that waits at its server has its place.
            verdict = policy.decide(judged)
        } else {
            verdict = reserve(call, judged, policy, isCharged: true)
        }
        // Used up by what goes on only, and once, whatever other workers do with it meanwhile.
        guard verdict.outcome == .allow, !core.answered.add(round) else {
            return verdict
        }
        if let reservation = call.reservation {
            core.counters.release(reservation)
        }
        return reserve(call, judged, policy)
    }

    private func reserve(
        _ call: Call,
        _ judged: PolicyCall,
        _ policy: CompiledPolicy,
        isCharged: Bool = false
    ) -> Verdict {
        let verdict: Verdict
        (verdict, call.reservation) = Admission.admit(
            policy: policy,
            call: judged,
            limits: core.counters,
            now: loop.now,
            isCharged: isCharged
        )
        return verdict
    }

    /// What the state of a retry stands for; `nil` for one that is judged as a call of its own, and refused when it is
    /// forwarded.
    private func known(_ call: Call, _ request: ClientRequest) -> RetryState? {
        do throws(Failure) {
            return try openRetry(call, request)
        } catch {
            return nil
        }
    }

    /// The round of a request that goes on with a call that was charged when it began: the limits of one call are charged
    /// once, and each of its states goes on for nothing once (D2).
    private func chargedRound(_ state: RetryState, _ request: ClientRequest) -> HandleFingerprint? {
        guard let text = request.retry?.state, state.process == core.firstRequestID,
            state.rounds <= Self.maximumRounds
        else {
            return nil
        }
        let round = HandleFingerprint(text)
        return core.answered.contains(round) ? nil : round
    }

    /// What a state is bound to: method, name and arguments, by their exact values.
    private static func digest(of request: ClientRequest, _ server: ServerEntry) -> [UInt8] {
        var payload = FieldWriter()
        // Two servers of a bundle may have the same names.
        payload.append(run: server.id.bytes)
        payload.append(request.method.rawValue)
        payload.append(run: request.name?.bytes ?? [])
        payload.append(run: request.arguments.map { JSONCanonical.exact($0) } ?? [])
        return SHA256.digest(payload.bytes)
    }

    /// A set of keys, in whatever order they come.
    private static func digest(_ keys: [ByteString]) -> [UInt8] {
        var payload = FieldWriter()
        for key in keys.sorted() {
            payload.append(run: key.bytes)
        }
        return Array(SHA256.digest(payload.bytes).prefix(16))
    }
}
