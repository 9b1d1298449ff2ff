import Base
import JSONText
import UnicodeText

/// Judges blocks for one call.
///
/// It cannot be copied: the call it holds is counted once a decision.
struct ConditionJudge: ~Copyable {
    let call: PolicyCall
    let storage: CompiledStorage
    /// The call's, or `{}` when it has none.
    let arguments: JSONValue
    private let schema: SchemaWalk?

    init(call: PolicyCall, storage: CompiledStorage) {
        self.call = call
        self.storage = storage
        arguments = call.arguments ?? EmptyObject.value
        schema = call.definition?.schemaWalk
    }

    /// Whether all conditions of a block are satisfied; the first that decides gives the ground.
    ///
    /// In `require` that is the first failing one; elsewhere the first that held only by the safe side.
    func judge(_ block: CompiledBlock, _ arguments: borrowing LocatedArguments, _ polarity: Polarity) -> ConditionResult
    {
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
        var first: (CompiledCondition, SafeSide?)?
        for condition in block.conditions {
            let result = arguments.withCursor { walk(condition, $0, polarity) }
            if polarity == .require ? !result.isSatisfied : result.ground != nil {
                return (condition, result.ground)
            }
            first = first ?? (condition, result.ground)
        }
        return first
    }

    private func judge(
        _ condition: CompiledCondition,
        _ arguments: borrowing LocatedArguments,
        _ polarity: Polarity
    ) -> ConditionResult {
        guard let key = condition.key, arguments.isLocated else {
            return walk(condition, arguments.cursor, polarity)
        }
        guard let member = arguments.member(key) else {
            // The schema may have a default for it.
            return schema?.mentionsDefaults == true
                ? walk(condition, arguments.cursor, polarity)
                : ConditionResult(condition.missing(polarity), polarity)
        }
        guard condition.steps.count == 1 else {
            return walk(condition, member, step: 1, polarity)
        }
        let judgement = condition.operation.judge(member, in: self.arguments.document, takes: condition.takes)
        return ConditionResult(judgement, polarity)
    }

    /// Judges a condition by walking its path from the arguments.
    private func walk(_ condition: CompiledCondition, _ arguments: JSONCursor, _ polarity: Polarity) -> ConditionResult
    {
        guard condition.root == .arguments else {
            guard let operand = operand(of: condition.root) else {
                return ConditionResult(condition.missing(polarity), polarity)
            }
            return ConditionResult(condition.operation.judge(operand, takes: condition.takes), polarity)
        }
        // No arguments at all are `{}`, but there is no value to be had of the whole.
        guard call.arguments != nil || !condition.steps.isEmpty else {
            return ConditionResult(condition.missing(polarity), polarity)
        }
        return walk(condition, arguments, step: 0, polarity)
    }

    private func walk(
        _ condition: CompiledCondition,
        _ value: JSONCursor,
        step: Int,
        _ polarity: Polarity
    ) -> ConditionResult {
        let visitor = ConditionVisitor(condition: condition, polarity: polarity)
        var walk = ArgumentWalk(steps: condition.steps, schema: schema, taken: condition.takes, visitor: visitor)
        walk.walk(from: value, in: arguments.document, step: step)
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
        collector.take(condition.missing(collector.polarity))
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
}

/// The arguments of a call with those a list of rules asks about found.
struct LocatedArguments: ~Copyable, ~Escapable {
    let cursor: JSONCursor
    private let places: JSONMemberPlaces

    @_lifetime(copy cursor)
    init(_ cursor: JSONCursor, _ keys: ArgumentKeys) {
        self.cursor = cursor
        places = keys.places(in: cursor)
    }

    /// Whether ``member(_:)`` can be asked; else only walking each path can tell.
    var isLocated: Bool { places.isCertain }

    /// The argument whose key has this number.
    @_lifetime(copy self)
    func member(_ key: Int) -> JSONCursor? {
        cursor.member(key, at: places)
    }
}

extension CompiledCondition {
    /// What a missing value makes of it.
    func missing(_ polarity: Polarity) -> Judgement {
        polarity == .require ? missingInRequire : missingElsewhere
    }
}
