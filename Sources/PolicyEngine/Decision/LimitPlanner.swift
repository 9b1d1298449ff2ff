import Base
import Cryptography
import JSONText
import RateLimits
import UnicodeText

/// A limit that could not be judged, and on what ground.
struct UnreadableLimit: Error {
    let limit: CompiledLimit
    let ground: SafeSide
    let path: String

    /// The limit's rule with the ground as its suffix.
    var rule: String { limit.rule + ground.rawValue }
}

extension SafeSide: Error {}

/// Prepares step 10: works out which counters a call meets, for which values, and with which amounts.
struct LimitPlanner {
    let storage: CompiledStorage
    let call: PolicyCall
    /// What the tags of the plan's charges number.
    private(set) var limits: [CompiledLimit] = []
    /// What the tags of the plan's slots number.
    private(set) var bounds: [CompiledConcurrency] = []
    /// The first limit whose amount or key cannot be read: it denies once places in flight are free.
    private(set) var unreadable: UnreadableLimit?
    /// The same of shadow limits: recorded when nothing refuses.
    private(set) var shadowUnreadable: UnreadableLimit?

    /// Texts up to this long are kept as they are in counters, longer ones as a digest.
    private static let maximumKeptText = 64

    init(storage: CompiledStorage, call: PolicyCall) {
        self.storage = storage
        self.call = call
    }

    /// What to reserve; `nil` when nothing bounds the tool.
    mutating func plan(for rules: CompiledRules) -> ReservationPlan? {
        let shared = storage.allTools
        if shared.limits.isEmpty {
            limits = rules.limits
        } else {
            limits = rules.limits.isEmpty ? shared.limits : rules.limits + shared.limits
        }
        guard !limits.isEmpty || rules.concurrency != nil || shared.concurrency != nil else {
            return nil
        }
        var plan = ReservationPlan()
        claim(rules.concurrency, tool: call.tool, in: &plan)
        claim(shared.concurrency, tool: nil, in: &plan)
        plan.charges.reserveCapacity(limits.count)
        for tag in limits.indices {
            do throws(UnreadableLimit) {
                plan.charges.append(try charge(for: limits[tag], tag: tag))
            } catch {
                if error.limit.isShadow {
                    shadowUnreadable = shadowUnreadable ?? error
                } else {
                    unreadable = unreadable ?? error
                }
            }
        }
        return plan
    }

    private mutating func claim(_ bound: CompiledConcurrency?, tool: ByteString?, in plan: inout ReservationPlan) {
        guard let bound else {
            return
        }
        let holder = call.caller.holder(.grant)
        plan.slots.append(SlotClaim(scopeKey: holder, tool: tool, maximum: bound.maximum, tag: bounds.count))
        bounds.append(bound)
    }

    private func charge(for limit: CompiledLimit, tag: Int) throws(UnreadableLimit) -> Charge {
        let amount = try amount(of: limit)
        let keyValue = try keyValue(of: limit)
        return Charge(
            identity: limit.identity,
            scopeKey: call.caller.holder(limit.identity.scope),
            keyValue: keyValue,
            maximum: limit.maximum,
            amount: amount,
            calendarWindow: limit.unit.map { storage.zone.window($0.calendar, containing: call.time) } ?? Self.noWindow,
            isShadow: limit.isShadow,
            tag: tag
        )
    }

    /// What a sliding counter gets, which has no use for it.
    private static let noWindow = WallTime(milliseconds: 0)..<WallTime(milliseconds: 0)

    private func amount(of limit: CompiledLimit) throws(UnreadableLimit) -> ExactDecimal {
        guard let steps = limit.increment else {
            return Self.one
        }
        do throws(SafeSide) {
            return try amount(at: steps)
        } catch {
            throw UnreadableLimit(limit: limit, ground: error, path: limit.incrementPath?.text ?? "")
        }
    }

    private static let one = ExactDecimal(1)

    private func keyValue(of limit: CompiledLimit) throws(UnreadableLimit) -> CounterKeyValue {
        guard let steps = limit.key else {
            return .none
        }
        do throws(SafeSide) {
            return try keyValue(at: steps)
        } catch {
            throw UnreadableLimit(limit: limit, ground: error, path: limit.keyPath?.text ?? "")
        }
    }

    /// The one value at a path without quantifiers.
    private func value(at steps: [CompiledStep]) throws(SafeSide) -> JSONValue {
        let arguments = call.arguments ?? EmptyObject.value
        var walk = ArgumentWalk(
            steps: steps,
            schema: call.definition?.schemaWalk,
            taken: .any,
            visitor: SingleValue()
        )
        // A path is never empty here, so that absent arguments and `{}` are one.
        arguments.withCursor { walk.walk(from: $0, in: arguments.document) }
        return try walk.visitor.result.get()
    }

    private func amount(at steps: [CompiledStep]) throws(SafeSide) -> ExactDecimal {
        guard let number = try value(at: steps).number?.decimal, !number.isNegative else {
            throw .wrongType
        }
        guard !number.isAmbiguous else {
            throw .ambiguous
        }
        return number
    }

    private func keyValue(at steps: [CompiledStep]) throws(SafeSide) -> CounterKeyValue {
        let value = try value(at: steps)
        let exact = try Self.exactKeyValue(value)
        guard let digest = call.keyDigest else {
            return exact
        }
        return .digest(ByteString(digest(JSONCanonical.exact(value))))
    }

    private static func exactKeyValue(_ value: JSONValue) throws(SafeSide) -> CounterKeyValue {
        switch value.kind {
        case .boolean:
            return .boolean(value.boolean == true)
        case .number:
            let number = value.number?.decimal ?? .zero
            guard !number.isAmbiguous else {
                throw .ambiguous
            }
            return .number(number)
        case .string:
            let text = value.string?.bytes ?? []
            return text.count <= maximumKeptText
                ? .text(ByteString(text)) : .digest(ByteString(SHA256.digest(text)))
        case .null, .array, .object:
            throw .wrongType
        }
    }
}

/// Keeps the one end of a walk without quantifiers.
private struct SingleValue: WalkVisitor {
    var result: Result<JSONValue, SafeSide> = .failure(.wrongType)

    mutating func meetMissing() -> Bool { false }

    mutating func meet(_ value: JSONCursor, in document: JSONDocument) -> Bool {
        result = .success(value.value(in: document))
        return false
    }

    mutating func meet(_ side: SafeSide) -> Bool {
        result = .failure(side)
        return false
    }
}
