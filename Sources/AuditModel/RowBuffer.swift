public import Base
internal import Cryptography

/// Rows on their way to a file: renders each into one buffer and chains it to the one before.
///
/// A row is one JSON object, a tab, the 64 digits of its digest, and a line feed; the digest of row i is
/// SHA-256(0x00 ‖ digest of row i-1 ‖ the object's bytes). See docs/audit.md.
public struct RowBuffer: ~Copyable {
    /// LIMIT: bytes of a whole row; a longer one is refused before it is chained.
    public static let maximumRowBytes = 1 << 20

    /// The rows not yet taken, whole lines.
    public private(set) var bytes: [UInt8] = []
    /// Where the chain stands behind the last of them.
    public private(set) var position: ChainPosition
    private let requestPrefix: [UInt8]
    private let hash = ChainHash()

    /// An empty buffer that goes on from `position`; `requestPrefix` stands before the request numbers of this process and
    /// must be plain letters, digits and `-`.
    public init(at position: ChainPosition, requestPrefix: [UInt8] = []) {
        self.position = position
        self.requestPrefix = requestPrefix
    }

    /// Forgets the rows, which were written; the chain goes on.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Forgets the rows, which could not be written, and goes back to where the chain stood before them.
    public mutating func rewind(to position: ChainPosition) {
        bytes.removeAll(keepingCapacity: true)
        self.position = position
    }

    /// Appends an intent; its sequence number, `nil` when the row would be too long.
    public mutating func append(_ intent: AuditIntent) -> UInt64? {
        let start = begin("intent", intent.time)
        intent.appendFields(to: &bytes, requestPrefix: requestPrefix)
        return end(start)
    }

    /// Appends the outcome of an intent of the same stream.
    @discardableResult
    public mutating func append(_ outcome: AuditOutcome, of intent: UInt64) -> UInt64? {
        let start = begin("outcome", outcome.time)
        outcome.appendFields(of: intent, to: &bytes)
        return end(start)
    }

    /// Appends an admin event.
    public mutating func append(_ change: AdminChange) -> UInt64? {
        let start = begin("admin", change.time)
        change.appendFields(to: &bytes)
        return end(start)
    }

    /// Appends the first row of a segment.
    @discardableResult
    public mutating func append(_ header: SegmentHeader) -> UInt64? {
        let start = begin("segment", header.time)
        header.appendFields(previous: position.head, to: &bytes)
        return end(start)
    }

    /// Appends the last row of a segment.
    @discardableResult
    public mutating func appendEnd(at time: WallTime) -> UInt64? {
        end(begin("end", time))
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

    private mutating func end(_ start: Int) -> UInt64? {
        bytes.append("}")
        guard bytes.count - start <= Self.maximumRowBytes - RowLine.tailCount else {
            bytes.removeLast(bytes.count - start)
            return nil
        }
        let digest = hash.digest(of: bytes.span.extracting(start..<bytes.count), after: position.head)
        bytes.append("\t")
        digest.appendHexadecimal(to: &bytes)
        bytes.append("\n")
        let sequence = position.next
        position = ChainPosition(next: sequence + 1, head: digest)
        return sequence
    }
}
