/// A closed set of names and the number of each: a perfect hash over up to three words of a name and its length.
///
/// What reading a message mostly is: telling a key or method apart from a few dozen known ones costs a few loads and
/// multiplications and one comparison. The multiplier is searched once, until no two names share a slot; the search is
/// deterministic. A hostile name can at worst land in a used slot and cost the comparison of its length.
public struct NameTable: Sendable {
    /// A name's place in `bytes`, and what finding it compares first.
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline
        let hash: UInt64
        @usableFromInline
        let start: Int
        @usableFromInline
        let count: Int
    }

    @usableFromInline
    static let vacant = UInt8.max

    @usableFromInline
    let multiplier: UInt64
    @usableFromInline
    let shift: UInt64
    @usableFromInline
    let slots: [UInt8]
    @usableFromInline
    let entries: [Entry]
    @usableFromInline
    let bytes: [UInt8]
    /// The number of the empty name, which has no words.
    @usableFromInline
    let emptyNumber: Int?

    /// The names, of which each has its position as number; they must differ, and be fewer than 255.
    public init(_ names: [StaticString]) {
        precondition(names.count < Int(Self.vacant))
        var bytes: [UInt8] = []
        var entries: [Entry] = []
        for name in names {
            let start = bytes.count
            bytes.append(name)
            entries.append(Self.entry(bytes.span, start..<bytes.count))
        }
        // At least twice as many slots as pairs of names to place: one multiplier in two or three then fits.
        let bits = max(4, Int.bitWidth - (names.count * names.count).leadingZeroBitCount)
        let shift = UInt64(64 - bits)
        var multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        var slots = Self.place(entries, multiplier, shift)
        var attempts = 0
        while slots == nil {
            attempts += 1
            precondition(attempts < 10_000, "two names are one to the hash")
            multiplier = multiplier &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 | 1
            slots = Self.place(entries, multiplier, shift)
        }
        self.multiplier = multiplier
        self.shift = shift
        self.slots = slots ?? []
        self.entries = entries
        self.bytes = bytes
        emptyNumber = names.firstIndex { $0.utf8CodeUnitCount == 0 }
    }

    private static func entry(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Entry {
        Entry(
            hash: range.isEmpty ? 0 : hash(bytes, range),
            start: range.lowerBound,
            count: range.count
        )
    }

    private static func place(_ entries: [Entry], _ multiplier: UInt64, _ shift: UInt64) -> [UInt8]? {
        var slots = [UInt8](repeating: vacant, count: 1 << Int(64 - shift))
        for (number, entry) in entries.enumerated() where entry.count > 0 {
            let slot = Int(truncatingIfNeeded: (entry.hash &* multiplier) &>> shift)
            guard slots[slot] == vacant else {
                return nil
            }
            slots[slot] = UInt8(truncatingIfNeeded: number)
        }
        return slots
    }

    /// The length, the first word and the last; of names beyond sixteen bytes also the word in the middle.
    @inlinable
    @inline(__always)
    static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        let length = UInt64(truncatingIfNeeded: range.count)
        guard range.count > 8 else {
            return bytes.word(at: range.lowerBound, count: range.count) ^ length
        }
        let last = bytes.word(at: range.upperBound &- 8, count: 8) &* 0xD6E8_FEB8_6659_FD93
        let ends = bytes.word(at: range.lowerBound, count: 8) ^ last ^ length
        guard range.count > 16 else {
            return ends
        }
        let middle = bytes.word(at: range.lowerBound &+ range.count / 2 &- 4, count: 8)
        return ends ^ middle &* 0xA076_1D64_78BD_642F
    }

    /// The number of the name that stands at `range`, byte for byte; `nil` when it is none of them.
    @inlinable
    public func number(of text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty else {
            return emptyNumber
        }
        let hash = Self.hash(text, range)
        let number = Int(slots[Int(truncatingIfNeeded: (hash &* multiplier) &>> shift)])
        guard number < entries.count else {
            return nil
        }
        let entry = entries[number]
        guard entry.hash == hash, entry.count == range.count,
            text.isEqual(range, to: bytes.span, entry.start..<entry.start &+ entry.count)
        else {
            return nil
        }
        return number
    }

    /// The number of the name that `text` is, byte for byte; `nil` when it is none of them.
    @inlinable
    public func number(of text: ArraySlice<UInt8>) -> Int? {
        number(of: text.span, 0..<text.count)
    }
}
