import Base
import Cryptography
import JSONText
import RateLimits
import UnicodeText

/// Prepares step 10: works out which counters a call meets, for which values, and with which amounts.
struct LimitPlanner {
    let storage: CompiledStorage
    let call: PolicyCall

    /// Texts up to this long are kept as they are in counters, longer ones as a digest.
    private static let maximumKeptText = 64

    /// What to reserve; `nil` when the tool has no limits.
    func pending(_ rules: CompiledRules) -> PendingLimits? {
        let shared = storage.allTools
        let hasBounds = rules.concurrency != nil || shared.concurrency != nil
        guard hasBounds || !rules.limits.isEmpty || !shared.limits.isEmpty else {
            return nil
        }
        var plan = ReservationPlan()
        var bounds: [CompiledConcurrency] = []
        if hasBounds {
            let holder = ScopeKey(.grant, call.caller.grant)
            for (bound, tool) in [(rules.concurrency, call.tool as ByteString?), (shared.concurrency, nil)] {
                if let bound {
                    plan.slots.append(
                        SlotClaim(scopeKey: holder, tool: tool, maximum: bound.maximum, tag: bounds.count)
                    )
                    bounds.append(bound)
                }
            }
        }
        let limits =
            shared.limits.isEmpty
            ? rules.limits : (rules.limits.isEmpty ? shared.limits : rules.limits + shared.limits)
        return pending(plan, bounds: bounds, limits: limits)
    }

    private func pending(
        _ plan: ReservationPlan,
        bounds: [CompiledConcurrency],
        limits: [CompiledLimit]
    ) -> PendingLimits {
        var plan = plan
        var unreadable: UnreadableLimit?
        var shadowUnreadable: UnreadableLimit?
        plan.charges.reserveCapacity(limits.count)
        for (index, limit) in limits.enumerated() {
            switch charge(for: limit, tag: index) {
            case .success(let charge): plan.charges.append(charge)
            case .failure(let problem):
                if limit.isShadow {
                    shadowUnreadable = shadowUnreadable ?? problem
                } else {
                    unreadable = unreadable ?? problem
                }
            }
        }
        return PendingLimits(
            plan: plan,
            limits: limits,
            bounds: bounds,
            unreadable: unreadable,
            shadowUnreadable: shadowUnreadable
        )
    }

    private func charge(for limit: CompiledLimit, tag: Int) -> Result<Charge, UnreadableLimit> {
        var amount = ExactDecimal(1)
        if let steps = limit.increment {
            switch self.amount(at: steps) {
            case .success(let value): amount = value
            case .failure(let ground):
                let path = limit.incrementPath?.text ?? ""
                return .failure(UnreadableLimit(limit: limit, ground: ground, path: path))
            }
        }
        var keyValue = CounterKeyValue.none
        if let steps = limit.key {
            switch self.keyValue(at: steps) {
            case .success(let value): keyValue = value
            case .failure(let ground):
                let path = limit.keyPath?.text ?? ""
                return .failure(UnreadableLimit(limit: limit, ground: ground, path: path))
            }
        }
        let none = WallTime(milliseconds: 0)..<WallTime(milliseconds: 0)
        return .success(
            Charge(
                identity: limit.identity,
                scopeKey: scopeKey(limit.identity.scope),
                keyValue: keyValue,
                maximum: limit.maximum,
                amount: amount,
                calendarWindow: limit.unit.map { storage.zone.window($0.calendar, containing: call.time) } ?? none,
                isShadow: limit.isShadow,
                tag: tag
            )
        )
    }

    private func scopeKey(_ scope: CounterScope) -> ScopeKey {
        switch scope {
        case .grant: ScopeKey(.grant, call.caller.grant)
        case .member:
            call.caller.member.map { ScopeKey(.member, $0) } ?? ScopeKey(.grantWithoutMember, call.caller.grant)
        case .server: ScopeKey(.server, call.caller.server)
        case .organisation: ScopeKey(.organisation, call.caller.organisation)
        }
    }

    /// The one value at a path without quantifiers.
    private func value(at steps: [CompiledStep]) -> Result<JSONValue, SafeSide> {
        var walk = ArgumentWalk(
            steps: steps,
            inputSchema: call.definition?.inputSchema,
            taken: .any,
            visitor: SingleValue()
        )
        walk.walk(from: call.arguments)
        return walk.visitor.result
    }

    private func amount(at steps: [CompiledStep]) -> Result<ExactDecimal, SafeSide> {
        value(at: steps).flatMap { value in
            guard let number = value.number?.decimal, !number.isNegative else {
                return .failure(.wrongType)
            }
            return number.isAmbiguous ? .failure(.ambiguous) : .success(number)
        }
    }

    private func keyValue(at steps: [CompiledStep]) -> Result<CounterKeyValue, SafeSide> {
        value(at: steps).flatMap { value in
            switch value.kind {
            case .boolean: return .success(.boolean(value.boolean == true))
            case .number:
                let number = value.number?.decimal ?? .zero
                return number.isAmbiguous ? .failure(.ambiguous) : .success(.number(number))
            case .string:
                let text = value.string?.bytes ?? []
                return .success(
                    text.count <= Self.maximumKeptText
                        ? .text(ByteString(text)) : .digest(ByteString(SHA256.digest(text)))
                )
            case .null, .array, .object: return .failure(.wrongType)
            }
        }
    }
}

/// Keeps the one end of a walk without quantifiers.
private struct SingleValue: WalkVisitor {
    var result: Result<JSONValue, SafeSide> = .failure(.wrongType)

    mutating func meet(_ end: WalkEnd) -> Bool {
        switch end {
        case .missing: result = .failure(.wrongType)
        case .value(let value): result = .success(value)
        case .safeSide(let ground): result = .failure(ground)
        }
        return false
    }
}

extension SafeSide: Error {}
extension UnreadableLimit: Error {}
