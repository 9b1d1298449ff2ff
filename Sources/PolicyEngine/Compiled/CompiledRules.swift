import Base
import JSONText
import RateLimits
import UnicodeText

/// A step of a path, with what folding needs worked out.
enum CompiledStep: Sendable {
    case key(CompiledKey)
    case index(Int)
    case elements
    case descendants
}

/// A member's name and what it folds to.
///
/// A class, so that taking it out of its step counts one reference.
final class CompiledKey: Sendable {
    let bytes: [UInt8]
    let folded: [UInt8]
    /// What an ASCII key must be but for the case of its letters to be nearly this one; empty when none can be.
    let foldedASCII: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        folded = CaseFolding.folded(bytes)
        foldedASCII = folded.allSatisfy { $0 < 0x80 } ? folded : []
    }
}

/// A condition ready to judge.
///
/// A class, so that walking a rule list copies references and not payloads.
final class CompiledCondition: Sendable {
    let root: PolicyPath.Root
    let steps: [CompiledStep]
    /// The number of the first step in ``CompiledRules/keys``; `nil` when the path begins otherwise or is not among them.
    let key: Int?
    let operation: Operation
    let takes: TypeSet
    /// What a missing value makes of it in `require`.
    let missingInRequire: Judgement
    /// And elsewhere.
    let missingElsewhere: Judgement
    let op: PolicyOperator
    /// For messages.
    let path: ByteString

    init(_ condition: PolicyCondition, operation: Operation, steps: [CompiledStep], key: Int?) {
        root = condition.path.root
        self.key = key
        self.steps = steps
        self.operation = operation
        takes = operation.takes
        missingInRequire = Judgement(operation.satisfiesMissing)
        missingElsewhere = Judgement(condition.matchesMissing || operation.holdsForMissing)
        op = condition.op
        path = condition.path.text
    }
}

/// A block ready to judge.
final class CompiledBlock: Sendable {
    /// The JSON Pointer verdicts carry, without suffix.
    let rule: String
    let conditions: [CompiledCondition]
    let message: String?
    let isShadow: Bool
    let approval: ApprovalTerms

    init(rule: String, conditions: [CompiledCondition], block: PolicyBlock) {
        self.rule = rule
        self.conditions = conditions
        message = block.message
        isShadow = block.isShadow
        approval = block.approval
    }
}

/// A limit ready to charge.
final class CompiledLimit: Sendable {
    let rule: String
    let identity: CounterIdentity
    let unit: WindowUnit?
    let maximum: ExactDecimal
    let increment: [CompiledStep]?
    let incrementPath: ByteString?
    let key: [CompiledStep]?
    let keyPath: ByteString?
    let message: String?
    let isShadow: Bool

    init(rule: String, limit: PolicyLimit, increment: [CompiledStep]?, key: [CompiledStep]?) {
        self.rule = rule
        identity = limit.identity
        if case .calendar(let unit) = limit.window {
            self.unit = unit
        } else {
            unit = nil
        }
        maximum = limit.maximum
        self.increment = increment
        incrementPath = limit.increment?.text
        self.key = key
        keyPath = limit.key?.text
        message = limit.message
        isShadow = limit.isShadow
    }
}

/// A bound on calls in flight.
struct CompiledConcurrency: Sendable {
    let rule: String
    let maximum: Int
}

/// The rules of one entry.
final class CompiledRules: Sendable {
    let require: [CompiledBlock]
    let denyIf: [CompiledBlock]
    let requireApproval: [CompiledBlock]
    let limits: [CompiledLimit]
    let concurrency: CompiledConcurrency?
    /// The arguments its conditions begin with, to be found all at once.
    let keys: ArgumentKeys

    init(
        keys: ArgumentKeys,
        require: [CompiledBlock],
        denyIf: [CompiledBlock],
        requireApproval: [CompiledBlock],
        limits: [CompiledLimit],
        concurrency: CompiledConcurrency?
    ) {
        self.keys = keys
        self.require = require
        self.denyIf = denyIf
        self.requireApproval = requireApproval
        self.limits = limits
        self.concurrency = concurrency
    }
}

/// The arguments that the conditions of one list of rules begin with, in one table.
struct ArgumentKeys: Sendable {
    /// `nil` when two of them could be taken for each other.
    private let table: KeyTable?

    init(_ numbering: ArgumentNumbering) {
        let table = KeyTable(numbering.keys)
        self.table = table.hasDistinctKeys ? table : nil
    }

    /// Where they stand in the arguments.
    func places(in arguments: JSONCursor) -> JSONMemberPlaces {
        guard let table else {
            return .unknown
        }
        return arguments.places(of: table)
    }
}

/// Numbers the arguments conditions begin with, while a list of rules is compiled.
struct ArgumentNumbering {
    private(set) var keys: [[UInt8]] = []

    /// The number of the first step's key; `nil` for other steps and for keys whose twins are not told by ASCII's cases.
    mutating func number(of path: PolicyPath) -> Int? {
        guard path.root == .arguments, case .key(let key) = path.steps.first, key.bytes.allSatisfy({ $0 < 0x80 }) else {
            return nil
        }
        if let known = keys.firstIndex(of: key.bytes) {
            return known
        }
        guard keys.count < JSONMemberPlaces.maximumCount else {
            return nil
        }
        keys.append(key.bytes)
        return keys.count - 1
    }
}

/// What governs a tool: a key of `tools` or a class.
final class CompiledEntry: Sendable {
    /// Whether an exact key names the tool.
    let isExact: Bool
    let isHidden: Bool
    let validates: Bool
    let isClosed: Bool
    let rules: CompiledRules

    init(isExact: Bool, isHidden: Bool, validates: Bool, isClosed: Bool, rules: CompiledRules) {
        self.isExact = isExact
        self.isHidden = isHidden
        self.validates = validates
        self.isClosed = isClosed
        self.rules = rules
    }
}
