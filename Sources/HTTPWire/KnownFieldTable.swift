import Base

/// A perfect hash over the known names: four bytes of a name pick one slot, at most four comparisons of words decide.
///
/// The multiplier is searched once, at first use, until no two names share a slot; the search is deterministic and
/// takes microseconds. A hostile name can at worst land in a used slot and cost one comparison.
struct KnownFieldTable: Sendable {
    static let shared = KnownFieldTable()

    private static let slotCount = 512
    private static let vacant = UInt8.max
    /// LIMIT: no known name is longer; a test keeps it true.
    static let maximumLength = 32

    private let multiplier: UInt32
    private let slots: [UInt8]
    /// Four words a field: its name in lower case, eight bytes a word, the rest zero.
    private let words: [UInt64]
    private let lengths: [UInt8]

    private init() {
        var names: [UInt8] = []
        var starts: [UInt16] = [0]
        for field in KnownField.allCases {
            names += ByteString(stringLiteral: field.name).bytes.map(\.asciiLowercased)
            starts.append(UInt16(truncatingIfNeeded: names.count))
        }
        var multiplier: UInt32 = 0x9E37_79B1
        var slots = Self.place(names, starts, multiplier)
        while slots == nil {
            multiplier = multiplier &* 1_664_525 &+ 1_013_904_223 | 1
            slots = Self.place(names, starts, multiplier)
        }
        self.multiplier = multiplier
        self.slots = slots ?? []
        lengths = KnownField.allCases.map { UInt8(truncatingIfNeeded: $0.name.utf8CodeUnitCount) }
        words = KnownField.allCases.flatMap { field in
            let name = ByteString(stringLiteral: field.name).bytes.map(\.asciiLowercased)
            return stride(from: 0, to: Self.maximumLength, by: 8).map { start in
                start < name.count ? name.span.word(at: start, count: min(8, name.count - start)) : 0
            }
        }
    }

    private static func place(_ names: [UInt8], _ starts: [UInt16], _ multiplier: UInt32) -> [UInt8]? {
        var slots = [UInt8](repeating: vacant, count: slotCount)
        for number in 0..<(starts.count - 1) {
            let range = Int(starts[number])..<Int(starts[number + 1])
            let slot = slot(of: names.span, range, multiplier)
            guard slots[slot] == vacant else {
                return nil
            }
            slots[slot] = UInt8(truncatingIfNeeded: number)
        }
        return slots
    }

    @inline(__always)
    private static func slot(of bytes: Span<UInt8>, _ range: Range<Int>, _ multiplier: UInt32) -> Int {
        // The ends and two inner bytes tell our names apart; the length is mixed in for the rest.
        let length = range.count
        let last = range.upperBound &- 1
        var word = UInt32(bytes[range.lowerBound])
        word |= UInt32(bytes[last]) << 8
        word |= UInt32(bytes[range.lowerBound &+ length / 2]) << 16
        word |= UInt32(bytes[last &- min(3, length &- 1)]) << 24
        let mixed = (word ^ UInt32(truncatingIfNeeded: length)) &* multiplier
        return Int((mixed ^ mixed >> 15) >> 8 & UInt32(slotCount - 1))
    }

    /// The field with exactly the name at `range`, which must be lower-case and not empty.
    @inline(__always)
    func field(_ bytes: Span<UInt8>, _ range: Range<Int>) -> KnownField? {
        let number = slots[Self.slot(of: bytes, range, multiplier)]
        guard number != Self.vacant else {
            return nil
        }
        let length = range.count
        guard Int(lengths[Int(number)]) == length else {
            return nil
        }
        var offset = 0
        var word = Int(number) &* (Self.maximumLength / 8)
        while offset < length {
            guard bytes.word(at: range.lowerBound &+ offset, count: min(8, length &- offset)) == words[word] else {
                return nil
            }
            offset &+= 8
            word &+= 1
        }
        return KnownField(rawValue: number)
    }
}

extension KnownField {
    /// The field of this name, whatever its case; `nil` when it is none of ours.
    public init?(name: some Collection<UInt8>) {
        guard !name.isEmpty, name.count <= 64 else {
            return nil
        }
        let lowercased = name.map(\.asciiLowercased)
        guard let field = KnownFieldTable.shared.field(lowercased.span, 0..<lowercased.count) else {
            return nil
        }
        self = field
    }
}
