public import Base
public import RateLimits

/// Decides and reserves in one go; used by the gateway and by `explain` alike.
public enum Admission {
    /// Decides the call and, when it is to go on, reserves its limits.
    ///
    /// The reservation is there exactly when limits were reserved: give it back with ``LimitTable/giveBack(_:)`` when not
    /// one byte reached the upstream, and release its places with ``LimitTable/release(_:)`` when the call has ended.
    ///
    /// A call whose limits were charged in an earlier round (`isCharged`) takes its places in flight alone.
    public static func admit(
        policy: CompiledPolicy,
        call: PolicyCall,
        limits: LimitTable,
        now: Instant,
        trace: Bool = false,
        isCharged: Bool = false
    ) -> (verdict: Verdict, reservation: Reservation?) {
        var run = DecisionRun(storage: policy.storage, call: call, traces: trace)
        var verdict = run.decide()
        guard let rules = run.rulesToReserve else {
            return (verdict, nil)
        }
        var planner = LimitPlanner(storage: policy.storage, call: call)
        guard var plan = planner.plan(for: rules) else {
            return (verdict, nil)
        }
        if isCharged {
            plan.charges = []
            guard !plan.isEmpty else {
                return (verdict, nil)
            }
        }
        let step = LimitStep(planner: planner, isShadowMode: policy.storage.isShadow, traces: trace)
        let reservation = step.reserve(plan, &verdict, limits: limits, now: now)
        return (verdict, reservation)
    }
}

/// Step 10 of policy-language.md, section 3: places in flight, then amounts and keys, then all counters at once.
private struct LimitStep {
    let planner: LimitPlanner
    let isShadowMode: Bool
    let traces: Bool

    func reserve(
        _ plan: consuming ReservationPlan,
        _ verdict: inout Verdict,
        limits: LimitTable,
        now: Instant
    ) -> Reservation? {
        if let unreadable = planner.unreadable {
            if let full = limits.firstFullSlot(of: plan) {
                refuseForSlot(&verdict, tag: full)
            } else {
                let rule = unreadable.rule
                let message = unreadable.limit.message ?? Sentences.safeSide(unreadable.path, unreadable.ground)
                refuse(&verdict, Verdict.Reason(.deny, rule: rule, message: message))
            }
            return nil
        }
        let charged = traces ? plan.charges.map(\.tag) : []
        switch limits.reserve(plan, at: now, wall: planner.call.time) {
        case .admitted(let reservation, let shadowRefusals):
            recordShadows(&verdict, shadowRefusals, charged: charged)
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
            let limit = planner.limits[tag]
            for other in refusal.refusedCharges.dropFirst() where traces {
                verdict.steps.append(DecisionStep(rule: planner.limits[other].rule, result: .refused))
            }
            let message = limit.message ?? Sentences.limit(refusal.retryAfter)
            let reason = Verdict.Reason(
                .rateLimited,
                rule: limit.rule,
                message: message,
                retryAfter: refusal.retryAfter,
                limit: limit.identity.name.text
            )
            refuse(&verdict, reason)
        }
    }

    private func refuseForSlot(_ verdict: inout Verdict, tag: Int) {
        refuse(&verdict, Verdict.Reason(.rateLimited, rule: planner.bounds[tag].rule, message: Sentences.concurrency))
    }

    private func refuse(_ verdict: inout Verdict, _ reason: Verdict.Reason) {
        if traces {
            verdict.steps.append(DecisionStep(rule: reason.rule, result: .refused))
        }
        guard isShadowMode else {
            verdict = Verdict(reason, shadow: verdict.shadowReason, steps: verdict.steps)
            return
        }
        verdict.record(shadow: reason)
    }

    private func recordShadows(_ verdict: inout Verdict, _ refusals: [Int], charged: [Int]) {
        if let unreadable = planner.shadowUnreadable {
            verdict.record(shadow: Verdict.Reason(.deny, rule: unreadable.rule))
        }
        if let first = refusals.first {
            verdict.record(shadow: Verdict.Reason(.rateLimited, rule: planner.limits[first].rule))
        }
        guard traces else {
            return
        }
        for bound in planner.bounds {
            verdict.steps.append(DecisionStep(rule: bound.rule, result: .reserved))
        }
        for tag in charged {
            let result: DecisionStep.Result = refusals.contains(tag) ? .shadow : .reserved
            verdict.steps.append(DecisionStep(rule: planner.limits[tag].rule, result: result))
        }
    }
}
