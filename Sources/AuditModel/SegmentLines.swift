internal import Base
public import Cryptography

/// One whole line of a segment: where its row stands, and the digest that may be written behind it.
public struct RowLine: Hashable, Sendable {
    /// What a seal adds to a row: the tab and 64 digits.
    static let sealCount = 65

    /// From 1.
    public let number: Int
    /// The row's bytes.
    public let row: Range<Int>
    /// The digest of the group this line ends; `nil` inside a group.
    public let seal: Digest256?
    /// Behind the line feed.
    public let end: Int
}

/// Computes the links of a chain, one context for all of them.
///
/// Confined to whoever made it.
public final class ChainHash {
    private var hash = ReusableSHA256()

    /// A context.
    public init() {}

    /// The digest a group must have behind one with the digest `previous`: SHA-256(0x00 ‖ `previous` ‖ `group`).
    public func digest(of group: Span<UInt8>, after previous: Digest256) -> Digest256 {
        hash.begin()
        hash.update(0, previous)
        hash.update(group)
        return hash.finish()
    }
}

/// Takes the bytes of a segment apart into lines; strict, linear, never copies.
public struct SegmentLines: Sequence, IteratorProtocol {
    /// What a line turned out to be.
    public enum Line: Hashable, Sendable {
        /// A row, sealed or not.
        case row(RowLine)
        /// A whole line of another form, or one that is too long.
        case malformed(number: Int, range: Range<Int>)
        /// Bytes behind the last line feed: what a crash in the middle of a write leaves.
        case torn(number: Int, range: Range<Int>)
    }

    private let bytes: [UInt8]
    private var offset = 0
    private var number = 0

    /// The lines of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next line, `nil` behind the last.
    public mutating func next() -> Line? {
        guard offset < bytes.count else {
            return nil
        }
        number += 1
        let start = offset
        let end = bytes.span.firstPosition(of: UInt8(ascii: "\n"), from: start, to: bytes.count)
        guard end < bytes.count else {
            offset = bytes.count
            return .torn(number: number, range: start..<end)
        }
        offset = end + 1
        let malformed = Line.malformed(number: number, range: start..<offset)
        guard end - start < RowBuffer.maximumRowBytes else {
            return malformed
        }
        // Rows hold no tab, so that the first one is the seal's.
        let tab = bytes.span.firstPosition(of: UInt8(ascii: "\t"), from: start, to: end)
        guard tab < end else {
            return .row(RowLine(number: number, row: start..<end, seal: nil, end: offset))
        }
        guard end - tab == RowLine.sealCount, let digest = Digest256(hexadecimal: bytes[(tab + 1)..<end]) else {
            return malformed
        }
        return .row(RowLine(number: number, row: start..<tab, seal: digest, end: offset))
    }
}
