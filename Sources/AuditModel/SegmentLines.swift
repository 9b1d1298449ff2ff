internal import Base
public import Cryptography

/// One whole line of a segment: where its object stands, and the digest written behind it.
public struct RowLine: Hashable, Sendable {
    /// The tab, 64 digits and the line feed.
    public static let tailCount = 66

    /// From 1.
    public let number: Int
    /// The object's bytes.
    public let row: Range<Int>
    /// What is written as its digest.
    public let digest: Digest256
}

/// Computes the links of a chain, one context for all of them.
///
/// Confined to whoever made it.
public final class ChainHash {
    private var hash = ReusableSHA256()

    /// A context.
    public init() {}

    /// The digest a row must have behind one with the digest `previous`: SHA-256(0x00 ‖ `previous` ‖ `row`).
    public func digest(of row: Span<UInt8>, after previous: Digest256) -> Digest256 {
        hash.begin()
        hash.update(0, previous)
        hash.update(row)
        return hash.finish()
    }
}

/// Takes the bytes of a segment apart into lines; strict, linear, never copies.
public struct SegmentLines: Sequence, IteratorProtocol {
    /// What a line turned out to be.
    public enum Line: Hashable, Sendable {
        /// A row and its digest in the format's form.
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
        // The tail without its line feed stands at the end of the line.
        let tab = end - (RowLine.tailCount - 1)
        guard tab > start, end + 1 - start <= RowBuffer.maximumRowBytes, bytes[tab] == UInt8(ascii: "\t"),
            let digest = Digest256(hexadecimal: bytes[(tab + 1)..<end])
        else {
            return .malformed(number: number, range: start..<offset)
        }
        return .row(RowLine(number: number, row: start..<tab, digest: digest))
    }
}
