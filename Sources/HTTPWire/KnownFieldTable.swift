import Base

/// A perfect hash over the known names: two words of a name pick one slot, two to four comparisons decide.
///
/// The multiplier is searched once, at first use, until no two names share a slot; the search is deterministic and
/// takes microseconds. A hostile name can at worst land in a used slot and cost one comparison.
struct KnownFieldTable: Sendable {
    static let shared = KnownFieldTable()

    /// LIMIT: no known name is longer; a test keeps it true.
    static let maximumLength = 32

    private static let slotBits: UInt64 = 9
    private static let vacant = UInt8.max

    private let multiplier: UInt64
    private let slots: [UInt8]
    private let words: [NameWords]
    /// The names in lower case, one after the other, and where each begins.
    private let names: [UInt8]
    private let starts: [Int]
    /// The names as we write them, each with its colon and space, and where each begins.
    private let written: [UInt8]
    private let writtenStarts: [Int]

    private init() {
        var names: [UInt8] = []
        var starts = [0]
        for field in KnownField.allCases {
            names += ByteString(stringLiteral: field.name).bytes.map(\.asciiLowercased)
            starts.append(names.count)
        }
        let words = KnownField.allCases.map {
            NameWords(names.span, starts[Int($0.rawValue)]..<starts[Int($0.rawValue) + 1])
        }
        var multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        var slots = Self.place(words, multiplier)
        while slots == nil {
            multiplier = multiplier &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 | 1
            slots = Self.place(words, multiplier)
        }
        self.multiplier = multiplier
        self.slots = slots ?? []
        self.words = words
        self.names = names
        self.starts = starts
        var written: [UInt8] = []
        var writtenStarts = [0]
        for field in KnownField.allCases {
            written.append(field.name)
            written.append(": ")
            writtenStarts.append(written.count)
        }
        self.written = written
        self.writtenStarts = writtenStarts
    }

    private static func place(_ words: [NameWords], _ multiplier: UInt64) -> [UInt8]? {
        var slots = [UInt8](repeating: vacant, count: 1 << Int(slotBits))
        for (number, name) in words.enumerated() {
            let slot = name.slot(multiplier, bits: slotBits)
            guard slots[slot] == vacant else {
                return nil
            }
            slots[slot] = UInt8(truncatingIfNeeded: number)
        }
        return slots
    }

    /// The field whose name stands at `range`, in any case; it must not be empty or hold control bytes.
    @inline(__always)
    func field(_ bytes: Span<UInt8>, _ range: Range<Int>) -> KnownField? {
        guard range.count <= Self.maximumLength else {
            return nil
        }
        let name = NameWords(ends: bytes, range)
        let number = slots[name.slot(multiplier, bits: Self.slotBits)]
        guard number != Self.vacant, words[Int(number)].hasName(bytes, range, ends: name) else {
            return nil
        }
        return KnownField(rawValue: number)
    }

    /// The field of this name, in any case; `nil` also for what is no name.
    func field(named name: ArraySlice<UInt8>) -> KnownField? {
        guard (1...Self.maximumLength).contains(name.count), name.allSatisfy(ByteClass.token.contains) else {
            return nil
        }
        return field(name.span, 0..<name.count)
    }

    /// Appends the name of `field` as we write it, with its colon and space.
    func appendWrittenName(of field: KnownField, to output: inout [UInt8]) {
        output.append(written.span, writtenStarts[Int(field.rawValue)]..<writtenStarts[Int(field.rawValue) + 1])
    }

    /// The name of `field` in lower case, without an allocation.
    func lowercasedName(of field: KnownField) -> ArraySlice<UInt8> {
        names[starts[Int(field.rawValue)]..<starts[Int(field.rawValue) + 1]]
    }
}

/// A name of up to 32 bytes as four folded words, the last of which ends where the name ends: it may overlap the
/// others, so that no word but that of a name below eight bytes is a part of one.
private struct NameWords: Sendable {
    private let length: Int
    private let first: UInt64
    private let last: UInt64
    private var second: UInt64 = 0
    private var third: UInt64 = 0

    /// Sets the bit that tells small letters from capitals in every byte.
    ///
    /// INVARIANT: control bytes, the only ones that the bit turns into a hyphen or a digit, have been refused; every
    /// other byte that it changes turns into a small letter or into one that no known name has.
    private static let fold: UInt64 = 0x2020_2020_2020_2020

    /// The first and the last word only: enough to find a candidate.
    @inline(__always)
    init(ends bytes: Span<UInt8>, _ range: Range<Int>) {
        length = range.count
        first = Self.word(bytes, range.lowerBound, min(8, range.count))
        last = range.count > 8 ? Self.word(bytes, range.upperBound &- 8, 8) : first
    }

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.init(ends: bytes, range)
        second = range.count > 16 ? Self.word(bytes, range.lowerBound &+ 8, 8) : 0
        third = range.count > 24 ? Self.word(bytes, range.lowerBound &+ 16, 8) : 0
    }

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> UInt64 {
        bytes.word(at: start, count: count) | fold
    }

    @inline(__always)
    func slot(_ multiplier: UInt64, bits: UInt64) -> Int {
        let mixed = (first ^ (last &* 0xD6E8_FEB8_6659_FD93) ^ UInt64(truncatingIfNeeded: length)) &* multiplier
        return Int(truncatingIfNeeded: mixed &>> (64 &- bits))
    }

    /// Whether the name at `range`, of which `ends` are the ends, is this one.
    @inline(__always)
    func hasName(_ bytes: Span<UInt8>, _ range: Range<Int>, ends: NameWords) -> Bool {
        length == ends.length && first == ends.first && last == ends.last
            && (length <= 16 || second == Self.word(bytes, range.lowerBound &+ 8, 8))
            && (length <= 24 || third == Self.word(bytes, range.lowerBound &+ 16, 8))
    }
}

extension KnownField {
    /// The field of this name, whatever its case; `nil` when it is none of ours.
    public init?(name: some Collection<UInt8>) {
        guard let field = KnownFieldTable.shared.field(named: Array(name)[...]) else {
            return nil
        }
        self = field
    }
}
