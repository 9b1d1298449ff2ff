public import Base
public import RateLimits

/// Decides and reserves in one go; used by the gateway and by `explain` alike.
public enum Admission {
    /// Decides the call and, when it is to go on, reserves its limits.
    ///
    /// The reservation is there exactly when limits were reserved: give it back with ``LimitTable/giveBack(_:)`` when not
    /// one byte reached the upstream, and release its places with ``LimitTable/release(_:)`` when the call has ended.
    public static func admit(
        policy: CompiledPolicy,
        call: PolicyCall,
        limits: LimitTable,
        now: Instant,
        trace: Bool = false
    ) -> (verdict: Verdict, reservation: Reservation?) {
        var verdict = policy.decide(call, trace: trace)
        guard let pending = verdict.pending else {
            return (verdict, nil)
        }
        verdict.pending = nil
        var step = LimitStep(pending: pending, isShadowMode: policy.storage.isShadow, traces: trace)
        let reservation = step.reserve(&verdict, limits: limits, now: now, wall: call.time)
        return (verdict, reservation)
    }
}

/// Step 10 of policy-language.md, section 3: places in flight, then amounts and keys, then all counters at once.
private struct LimitStep {
    let pending: PendingLimits
    let isShadowMode: Bool
    let traces: Bool

    mutating func reserve(
        _ verdict: inout Verdict,
        limits: LimitTable,
        now: Instant,
        wall: WallTime
    ) -> Reservation? {
        if let unreadable = pending.unreadable {
            if let full = limits.firstFullSlot(of: pending.plan) {
                refuseForSlot(&verdict, tag: full)
            } else {
                let rule = unreadable.rule
                let message = unreadable.limit.message ?? Sentences.safeSide(unreadable.path, unreadable.ground)
                refuse(&verdict, .deny, rule: rule, message: message)
            }
            return nil
        }
        switch limits.reserve(pending.plan, at: now, wall: wall) {
        case .admitted(let reservation, let shadowRefusals):
            recordShadows(&verdict, shadowRefusals)
            return reservation
        case .refused(let refusal):
            refuse(&verdict, refusal)
            return nil
        }
    }

    private func refuse(_ verdict: inout Verdict, _ refusal: LimitRefusal) {
        switch refusal.source {
        case .slot(let tag): refuseForSlot(&verdict, tag: tag)
        case .charge(let tag):
            let limit = pending.limits[tag]
            for other in refusal.refusedCharges.dropFirst() where traces {
                verdict.steps.append(DecisionStep(rule: pending.limits[other].rule, result: .refused))
            }
            let message = limit.message ?? Sentences.limit(refusal.retryAfter)
            refuse(&verdict, .rateLimited, rule: limit.rule, message: message)
            if verdict.outcome == .rateLimited {
                verdict.retryAfter = refusal.retryAfter
                verdict.limit = limit.identity.name.text
            }
        }
    }

    private func refuseForSlot(_ verdict: inout Verdict, tag: Int) {
        refuse(&verdict, .rateLimited, rule: pending.bounds[tag].rule, message: Sentences.concurrency)
    }

    private func refuse(_ verdict: inout Verdict, _ outcome: Outcome, rule: String, message: String) {
        if traces {
            verdict.steps.append(DecisionStep(rule: rule, result: .refused))
        }
        guard isShadowMode else {
            verdict.outcome = outcome
            verdict.rule = rule
            verdict.message = message
            return
        }
        verdict.shadow = verdict.shadow ?? ShadowVerdict(outcome: outcome, rule: rule)
    }

    private func recordShadows(_ verdict: inout Verdict, _ refusals: [Int]) {
        if let unreadable = pending.shadowUnreadable {
            verdict.shadow = verdict.shadow ?? ShadowVerdict(outcome: .deny, rule: unreadable.rule)
        }
        if let first = refusals.first {
            verdict.shadow =
                verdict.shadow ?? ShadowVerdict(outcome: .rateLimited, rule: pending.limits[first].rule)
        }
        guard traces else {
            return
        }
        for bound in pending.bounds {
            verdict.steps.append(DecisionStep(rule: bound.rule, result: .reserved))
        }
        for charge in pending.plan.charges {
            let isRefused = refusals.contains(charge.tag)
            let rule = pending.limits[charge.tag].rule
            verdict.steps.append(DecisionStep(rule: rule, result: isRefused ? .shadow : .reserved))
        }
    }
}

extension UnreadableLimit {
    /// The limit's rule with the ground as its suffix.
    var rule: String { limit.rule + ground.rawValue }
}
