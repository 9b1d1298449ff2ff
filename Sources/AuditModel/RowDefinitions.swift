internal import Base

/// The parts of rows that are the same for many calls: each is written into a segment once, and named by its number there.
///
/// Who calls under which policy, what is called and how it was decided, and what is charged: without times and amounts
/// the rows of an agent's calls hardly differ. A row that names three numbers is a tenth of one that repeats them.
struct RowDefinitions {
    // LIMIT: parts remembered, and the bytes they were written with: names come from clients. Beyond, all are forgotten
    // and defined anew, which costs bytes and nothing else.
    static let maximumCount = 16_384
    static let maximumBytes = 2 << 20

    private var callers: [CallerParts: Int] = [:]
    private var shapes: [CallShape: Int] = [:]
    private var charges: [ChargeParts: Int] = [:]
    private var last = 0
    private var byteCount = 0

    /// Begins a segment: nothing is defined there.
    mutating func begin() {
        forget()
        last = 0
    }

    /// What was defined must be defined again, under other numbers: its lines were taken back.
    mutating func forget() {
        callers.removeAll(keepingCapacity: true)
        shapes.removeAll(keepingCapacity: true)
        charges.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    /// The number of an intent's caller and policy; defines it in `output` when it is not.
    mutating func number(ofCaller intent: borrowing AuditIntent, in output: inout [UInt8]) -> Int {
        let key = CallerParts(caller: intent.caller.identity, policy: intent.policy.identity)
        if let known = callers[key] {
            return known
        }
        let start = beginDefinition(&output)
        output.append(contentsOf: intent.caller.bytes)
        output.append(contentsOf: intent.policy.bytes)
        let number = endDefinition(start, &output)
        callers[key] = number
        return number
    }

    /// The number of what an intent calls and how it was decided; defines it in `output` when it is not.
    mutating func number(ofShape shape: CallShape, in output: inout [UInt8]) -> Int {
        if let known = shapes[shape] {
            return known
        }
        let start = beginDefinition(&output)
        shape.appendFields(to: &output)
        let number = endDefinition(start, &output)
        shapes[shape] = number
        return number
    }

    /// The number of what a charge counts and for whom; defines it in `output` when it is not.
    mutating func number(of charge: borrowing AuditCharge, in output: inout [UInt8]) -> Int {
        let key = ChargeParts(counter: charge.counter, holderKind: charge.holderKind, holder: charge.holder)
        if let known = charges[key] {
            return known
        }
        let start = beginDefinition(&output)
        charge.appendParts(to: &output)
        let number = endDefinition(start, &output)
        charges[key] = number
        return number
    }

    private mutating func beginDefinition(_ output: inout [UInt8]) -> Int {
        if callers.count + shapes.count + charges.count >= Self.maximumCount || byteCount >= Self.maximumBytes {
            forget()
        }
        let start = output.count
        output.append(#"{"define":"#)
        output.append(decimal: last + 1)
        return start
    }

    private mutating func endDefinition(_ start: Int, _ output: inout [UInt8]) -> Int {
        output.append("}\n")
        byteCount += output.count - start
        last += 1
        return last
    }
}

/// Names who calls under which policy.
private struct CallerParts: Hashable {
    let caller: UInt64
    let policy: UInt64
}

/// Names what is charged and for whom.
private struct ChargeParts: Hashable {
    let counter: AuditCounter
    let holderKind: ByteString
    let holder: ByteString

    /// A holder has a handful of counters: comparing tells them apart.
    func hash(into hasher: inout Hasher) {
        hasher.combine(holder)
    }
}
