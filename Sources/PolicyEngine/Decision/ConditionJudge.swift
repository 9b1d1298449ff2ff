import Base
import JSONText
import UnicodeText

/// Judges blocks for one call.
///
/// A class, so that a run holds one reference: as a struct it was copied, call and all, for every list of blocks.
final class ConditionJudge {
    let call: PolicyCall
    let storage: CompiledStorage
    /// The call's, or `{}` when it has none.
    private let arguments: JSONValue
    private let schema: SchemaWalk?

    init(call: PolicyCall, storage: CompiledStorage) {
        self.call = call
        self.storage = storage
        arguments = call.arguments ?? EmptyObject.value
        schema = call.definition?.schemaWalk
    }

    /// Runs `body` with a cursor on the arguments, for ``judge(_:_:_:)``.
    func withArguments<Result>(_ body: (JSONCursor) -> Result) -> Result {
        arguments.withCursor(body)
    }

    /// Whether all conditions of a block are satisfied; the first that decides gives the ground.
    ///
    /// In `require` that is the first failing one; elsewhere the first that held only by the safe side.
    func judge(_ block: CompiledBlock, _ arguments: JSONCursor, _ polarity: Polarity) -> ConditionResult {
        var ground: SafeSide?
        for condition in block.conditions {
            let result = judge(condition, arguments, polarity)
            guard result.isSatisfied else {
                return result
            }
            ground = ground ?? result.ground
        }
        return ConditionResult(isSatisfied: true, ground: ground)
    }

    /// The condition that decided a block, for its sentence; asked again only when a call is refused.
    func firstReason(of block: CompiledBlock, _ polarity: Polarity) -> (CompiledCondition, SafeSide?)? {
        let results = block.conditions.map { condition in
            (condition, withArguments { judge(condition, $0, polarity) })
        }
        let deciding =
            results.first { polarity == .require ? !$0.1.isSatisfied : $0.1.ground != nil } ?? results.first
        return deciding.map { ($0.0, $0.1.ground) }
    }

    private func judge(
        _ condition: CompiledCondition,
        _ arguments: JSONCursor,
        _ polarity: Polarity
    ) -> ConditionResult {
        var visitor = ConditionVisitor(condition: condition, polarity: polarity)
        guard condition.root == .arguments else {
            visitor.take(operand(of: condition.root))
            return visitor.collector.result
        }
        // No arguments at all are `{}`, but there is no value to be had of the whole.
        guard call.arguments != nil || !condition.steps.isEmpty else {
            _ = visitor.meetMissing()
            return visitor.collector.result
        }
        var walk = ArgumentWalk(steps: condition.steps, schema: schema, taken: condition.takes, visitor: visitor)
        walk.walk(from: arguments, in: self.arguments.document)
        return walk.visitor.collector.result
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
        case .timeHour: .whole(storage.zone.localDate(at: call.time).secondsOfDay / 3_600)
        case .timeWeekday: .whole(storage.zone.localDate(at: call.time).date.weekday)
        case .timeDate: .text(Self.text(of: storage.zone.localDate(at: call.time).date))
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

/// Judges the ends of one condition's walk.
private struct ConditionVisitor: WalkVisitor {
    let condition: CompiledCondition
    var collector: JudgementCollector

    init(condition: CompiledCondition, polarity: Polarity) {
        self.condition = condition
        collector = JudgementCollector(polarity: polarity)
    }

    mutating func meetMissing() -> Bool {
        collector.take(collector.polarity == .require ? condition.missingInRequire : condition.missingElsewhere)
        return !collector.isDecided
    }

    mutating func meet(_ value: JSONCursor, in document: JSONDocument) -> Bool {
        collector.take(condition.operation.judge(value, in: document, takes: condition.takes))
        return !collector.isDecided
    }

    mutating func meet(_ side: SafeSide) -> Bool {
        collector.take(.safeSide(side))
        return !collector.isDecided
    }

    mutating func take(_ operand: Operand?) {
        guard let operand else {
            _ = meetMissing()
            return
        }
        collector.take(condition.operation.judge(operand, takes: condition.takes))
    }
}
