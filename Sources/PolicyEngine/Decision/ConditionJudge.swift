import Base
import JSONText
import UnicodeText

/// Judges blocks for one call.
///
/// A class, so that handing it from rule to rule copies a reference and not the call.
final class ConditionJudge {
    let call: PolicyCall
    let zone: TimeZoneRules
    private let inputSchema: JSONValue?

    init(call: PolicyCall, zone: TimeZoneRules) {
        self.call = call
        self.zone = zone
        inputSchema = call.definition?.inputSchema
    }

    /// Whether all conditions of a block are satisfied; the first that decides gives the ground.
    ///
    /// In `require` that is the first failing one; elsewhere the first that held only by the safe side.
    func judge(_ block: CompiledBlock, _ polarity: Polarity) -> ConditionResult {
        var ground: SafeSide?
        for condition in block.conditions {
            let result = judge(condition, polarity)
            guard result.isSatisfied else {
                return result
            }
            ground = ground ?? result.ground
        }
        return ConditionResult(isSatisfied: true, ground: ground)
    }

    /// The condition that decided a block, for its sentence; asked again only when a call is refused.
    func firstReason(of block: CompiledBlock, _ polarity: Polarity) -> (CompiledCondition, SafeSide?)? {
        let results = block.conditions.map { ($0, judge($0, polarity)) }
        let deciding =
            results.first { polarity == .require ? !$0.1.isSatisfied : $0.1.ground != nil } ?? results.first
        return deciding.map { ($0.0, $0.1.ground) }
    }

    private func judge(_ condition: CompiledCondition, _ polarity: Polarity) -> ConditionResult {
        var collector = JudgementCollector(polarity: polarity)
        guard condition.root == .arguments else {
            let operand = operand(of: condition.root)
            collector.take(
                operand.map { condition.operation.judge($0, takes: condition.takes) } ?? missing(condition, polarity)
            )
            return collector.result
        }
        let walk = ArgumentWalk(steps: condition.steps, inputSchema: inputSchema)
        walk.forEachEnd(from: call.arguments, taken: condition.takes) { end in
            switch end {
            case .missing: collector.take(missing(condition, polarity))
            case .value(let value):
                collector.take(condition.operation.judge(.argument(value), takes: condition.takes))
            case .safeSide(let side): collector.take(.safeSide(side))
            }
            return !collector.isDecided
        }
        return collector.result
    }

    private func missing(_ condition: CompiledCondition, _ polarity: Polarity) -> Judgement {
        switch polarity {
        case .require: Judgement(condition.operation.satisfiesMissing)
        case .other: Judgement(condition.matchesMissing || condition.operation.holdsForMissing)
        }
    }

    /// The value of a root that is no argument; `nil` when there is none.
    private func operand(of root: PolicyPath.Root) -> Operand? {
        switch root {
        case .arguments: nil
        case .toolName: .text(call.tool)
        case .toolClass: (call.definition?.toolClass).map { .text(ByteString($0.rawValue)) }
        case .toolSeverity: (call.definition?.severity).map { .text(ByteString($0.rawValue)) }
        case .grantLabel: call.caller.label.map { .text($0) }
        case .grantMember: call.caller.member.map { .text($0) }
        case .clientName: call.caller.clientName.map { .text($0) }
        case .timeHour: .whole(zone.localDate(at: call.time).secondsOfDay / 3_600)
        case .timeWeekday: .whole(zone.localDate(at: call.time).date.weekday)
        case .timeDate: .text(Self.text(of: zone.localDate(at: call.time).date))
        }
    }

    private static func text(of date: CivilDate) -> ByteString {
        var output: [UInt8] = []
        output.append(padded: date.year, to: 4)
        output.append("-")
        output.append(padded: date.month, to: 2)
        output.append("-")
        output.append(padded: date.day, to: 2)
        return ByteString(output)
    }
}
