/// One value or key on a document's tape: 16 bytes, in the order of the text.
///
/// An array's node is followed by its elements' nodes, an object's by its members': key, value, key, value.
struct TapeNode {
    /// The value's first byte.
    var start: UInt32
    /// The byte after the value's last.
    ///
    /// While an object is being read: the marks of its keys.
    var end: UInt32
    /// The index of the node after this value and everything in it.
    ///
    /// While a container is being read: its parent's index.
    var next: UInt32
    /// Kind in the low three bits, then a flag for escapes, then how many elements or members.
    private var details: UInt32

    init(start: Int, end: Int, next: Int, kind: JSONKind, hasEscapes: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.next = UInt32(truncatingIfNeeded: next)
        details = UInt32(kind.rawValue) | (hasEscapes ? 8 : 0)
    }

    @inline(__always)
    var kind: JSONKind { JSONKind(rawValue: UInt8(truncatingIfNeeded: details & 7)) ?? .null }
    @inline(__always)
    var hasEscapes: Bool { details & 8 != 0 }
    /// LIMIT: 28 bits; a document has at most 2^27 nodes.
    var count: Int { Int(details >> 4) }

    // MARK: - while a container is being read

    /// The marks of an open object's keys so far.
    var keyMarks: UInt32 { end }

    /// Keeps what is known of an open container while one inside it is read.
    @inline(__always)
    mutating func suspend(count: Int, keyMarks: UInt32) {
        details = details & 15 | UInt32(truncatingIfNeeded: count) << 4
        end = keyMarks
    }

    /// Completes a container; gives its parent's index.
    @inline(__always)
    mutating func close(count: Int, end: Int, next: Int) -> Int {
        let parent = Int(self.next)
        details = details & 15 | UInt32(truncatingIfNeeded: count) << 4
        self.end = UInt32(truncatingIfNeeded: end)
        self.next = UInt32(truncatingIfNeeded: next)
        return parent
    }

    var range: Range<Int> { Int(start)..<Int(end) }
    /// Bytes between a string's quotes.
    var contentsCount: Int { Int(end) &- Int(start) &- 2 }
    /// Between a string's quotes.
    @inline(__always)
    var contents: Range<Int> { Int(start) &+ 1..<Int(end) &- 1 }
}

/// What a JSON value is.
public enum JSONKind: UInt8, Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean
    /// A number.
    case number
    /// A string.
    case string
    /// An array.
    case array
    /// An object.
    case object
}
