public import Base
internal import Cryptography

/// Rows on their way to a file: renders each into one buffer and seals what is written together.
///
/// A group of rows is sealed by one digest, behind its last row: a tab and 64 digits. The digest of group i is
/// SHA-256(0x00 ‖ digest of group i-1 ‖ the group's bytes before the tab). See docs/audit.md.
public struct RowBuffer: ~Copyable {
    /// LIMIT: bytes of a whole row; a longer one is refused before it is chained.
    public static let maximumRowBytes = 1 << 20

    /// The rows not yet taken, whole lines; ready to be written after ``seal()``.
    public private(set) var bytes: [UInt8] = []
    /// The number of the next row, and the digest of the last group that was sealed.
    public private(set) var position: ChainPosition
    /// Where the group begins that is not sealed.
    private var groupStart = 0
    private var definitions = RowDefinitions()
    /// The charges of the intent that is being rendered; kept for its memory.
    private var values: [UInt8] = []
    private let requestPrefix: [UInt8]
    private let hash = ChainHash()

    /// An empty buffer that goes on from `position`; `requestPrefix` stands before the request numbers of this process and
    /// must be plain letters, digits and `-`.
    public init(at position: ChainPosition, requestPrefix: [UInt8] = []) {
        self.position = position
        self.requestPrefix = requestPrefix
    }

    /// Ends the group: the rows behind the last seal get one of their own; nothing happens when there are none.
    public mutating func seal() {
        guard groupStart < bytes.count else {
            return
        }
        bytes.removeLast()
        let digest = hash.digest(of: bytes.span.extracting(groupStart..<bytes.count), after: position.head)
        bytes.append("\t")
        digest.appendHexadecimal(to: &bytes)
        bytes.append("\n")
        groupStart = bytes.count
        position = ChainPosition(next: position.next, head: digest)
    }

    /// Forgets the rows, which were sealed and written; the chain goes on.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        groupStart = 0
    }

    /// Forgets the rows, which could not be written, and goes back to where the chain stood before them.
    public mutating func rewind(to position: ChainPosition) {
        removeAll()
        definitions.forget()
        self.position = position
    }

    /// Appends an intent; its sequence number, `nil` when the row would be too long.
    public mutating func append(_ intent: borrowing AuditIntent) -> UInt64? {
        let start = bytes.count
        let caller = definitions.number(ofCaller: intent, in: &bytes)
        let shape = definitions.number(ofShape: intent.shape, in: &bytes)
        values.removeAll(keepingCapacity: true)
        for index in intent.charges.indices {
            values.append(values.isEmpty ? ",[" : ",")
            let number = definitions.number(of: intent.charges[index], in: &bytes)
            intent.charges[index].appendValues(number, to: &values)
        }
        // Everything the row names is defined: only now may it begin.
        bytes.append(#"["i","#)
        bytes.append(count: position.next)
        bytes.append(",")
        bytes.append(decimal: Int(intent.time.milliseconds))
        bytes.append(",")
        bytes.append(count: intent.requestID)
        bytes.append(",")
        bytes.append(decimal: caller)
        bytes.append(",")
        bytes.append(decimal: shape)
        if !values.isEmpty {
            bytes.append(contentsOf: values)
            bytes.append("]")
        }
        if !intent.argumentDigests.isEmpty {
            bytes.append(",")
            bytes.append(contentsOf: intent.argumentDigests)
        }
        bytes.append("]\n")
        return end(start)
    }

    /// Appends the outcome of an intent of the same stream.
    @discardableResult
    public mutating func append(_ outcome: AuditOutcome, of intent: UInt64) -> UInt64? {
        let start = bytes.count
        bytes.append(#"["o","#)
        bytes.append(count: position.next)
        outcome.appendValues(of: intent, to: &bytes)
        bytes.append("]\n")
        return end(start)
    }

    /// Appends an admin event.
    public mutating func append(_ change: AdminChange) -> UInt64? {
        let start = begin("admin", change.time)
        change.appendFields(to: &bytes)
        bytes.append("}\n")
        return end(start)
    }

    /// Appends the first row of a segment, in which nothing is defined yet; seals what stands before it.
    @discardableResult
    public mutating func append(_ header: SegmentHeader) -> UInt64? {
        seal()
        definitions.begin()
        let start = begin("segment", header.time)
        header.appendFields(previous: position.head, requestPrefix: requestPrefix, to: &bytes)
        bytes.append("}\n")
        return end(start)
    }

    /// Appends the last row of a segment.
    @discardableResult
    public mutating func appendEnd(at time: WallTime) -> UInt64? {
        let start = begin("end", time)
        bytes.append("}\n")
        return end(start)
    }

    private mutating func begin(_ kind: StaticString, _ time: WallTime) -> Int {
        let start = bytes.count
        bytes.append(#"{"seq":"#)
        bytes.append(count: position.next)
        bytes.append(#","kind":""#)
        bytes.append(kind)
        bytes.append(#"","time":""#)
        time.appendRFC3339(to: &bytes)
        bytes.append(#"""#)
        return start
    }

    /// Counts the row; takes it back, with what was defined for it, when it is too long.
    private mutating func end(_ start: Int) -> UInt64? {
        guard bytes.count - start <= Self.maximumRowBytes - RowLine.sealCount else {
            bytes.removeLast(bytes.count - start)
            definitions.forget()
            return nil
        }
        let sequence = position.next
        position = ChainPosition(next: sequence + 1, head: position.head)
        return sequence
    }
}
