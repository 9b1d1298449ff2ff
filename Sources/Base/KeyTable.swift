/// A set of keys known only at run time and the number of each, looked up without allocation.
///
/// Sorted by a hash of a few words and then by the bytes, so that finding a key is a search among machine words and one
/// comparison, and nobody can choose keys that make it more than logarithmic. The hash does not see the case of ASCII
/// letters: a look-up also tells whether a key is there that might be the same but for its case.
public struct KeyTable: Sendable {
    /// What looking for a key came to.
    public enum Finding: Equatable, Sendable {
        /// The key is there; its number.
        case found(Int)
        /// It is not, but one that may differ from it only in the case of ASCII letters.
        case near
        /// Neither.
        case absent
    }

    /// A key's place in `bytes`, and what finding it compares first.
    private struct Entry: Sendable {
        let hash: UInt64
        /// The first eight bytes: of short keys all there is.
        let word: UInt64
        let number: UInt32
        let start: UInt32
        let count: Int

        var range: Range<Int> { Int(start)..<Int(start) &+ count }
    }

    /// What a look-up reads of a key before it compares.
    private struct Probe {
        let hash: UInt64
        let word: UInt64
        /// Whether the words that were read are ASCII: of keys of up to sixteen bytes, whether the key is.
        let isASCII: Bool
    }

    private let entries: [Entry]
    /// The keys one after the other.
    private let bytes: [UInt8]
    /// Whether no two keys may be the same but for the case of ASCII letters.
    ///
    /// `false` for certain when there are such keys; may be `false` by chance when there are none.
    public let hasDistinctKeys: Bool

    /// The keys, of which each has its position as number; they must differ.
    public init(_ keys: [[UInt8]]) {
        let order = keys.enumerated().map {
            (number: $0.offset, probe: Self.probe($0.element.span, 0..<$0.element.count))
        }
        .sorted { left, right in
            left.probe.hash == right.probe.hash
                ? keys[left.number].lexicographicallyPrecedes(keys[right.number])
                : left.probe.hash < right.probe.hash
        }
        var bytes: [UInt8] = []
        var entries: [Entry] = []
        for (number, probe) in order {
            let key = keys[number]
            // LIMIT: a table's keys come from one document, which is far below 4 GiB.
            entries.append(
                Entry(
                    hash: probe.hash,
                    word: probe.word,
                    number: UInt32(clamping: number),
                    start: UInt32(clamping: bytes.count),
                    count: key.count
                )
            )
            bytes += key
        }
        self.entries = entries
        self.bytes = bytes
        hasDistinctKeys = zip(order, order.dropFirst()).allSatisfy { $0.probe.hash != $1.probe.hash }
    }

    /// How many keys.
    public var count: Int { entries.count }

    /// Looks for the key that stands at `range`, which must lie within `text`; O(log(``count``) + bytes).
    @inline(__always)
    public func find(_ text: Span<UInt8>, _ range: Range<Int>) -> Finding {
        find(Self.probe(text, range), text, range)
    }

    /// As ``find(_:_:)``, but near is also every key with bytes beyond ASCII, whose other spellings bytes do not tell.
    @inline(__always)
    public func findPlain(_ text: Span<UInt8>, _ range: Range<Int>) -> Finding {
        let probe = Self.probe(text, range)
        guard probe.isASCII, range.count <= 16 || text.isASCII(range) else {
            return .near
        }
        return find(probe, text, range)
    }

    private func find(_ probe: Probe, _ text: Span<UInt8>, _ range: Range<Int>) -> Finding {
        let entries = entries.span
        var low = 0
        var high = entries.count
        var finding = Finding.absent
        while low < high {
            let middle = (low &+ high) &>> 1
            let hash = entries[middle].hash
            if hash == probe.hash {
                let entry = entries[middle]
                if entry.word == probe.word, entry.count == range.count, isKey(entry, text, range) {
                    return .found(Int(entry.number))
                }
                finding = .near
                if isKey(entry, before: text, range) {
                    low = middle &+ 1
                } else {
                    high = middle
                }
            } else if hash < probe.hash {
                low = middle &+ 1
            } else {
                high = middle
            }
        }
        return finding
    }

    @inline(__always)
    private func isKey(_ entry: Entry, _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count <= 8 || bytes.span.isEqual(entry.range, to: text, range)
    }

    /// Asked only of keys with one hash, of which there is hardly ever more than the one looked for.
    @inline(never)
    private func isKey(_ entry: Entry, before text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        bytes.span.extracting(entry.range).order(to: text.extracting(range)) < 0
    }

    /// The hash is made of the length, the first word, the last and of longer keys the one in the middle, with ASCII
    /// letters in one case.
    @inline(__always)
    private static func probe(_ text: Span<UInt8>, _ range: Range<Int>) -> Probe {
        let small: UInt64 = 0x2020_2020_2020_2020
        let tops: UInt64 = 0x8080_8080_8080_8080
        let length = UInt64(truncatingIfNeeded: range.count)
        guard !range.isEmpty else {
            return Probe(hash: 0, word: 0, isASCII: true)
        }
        let first = text.word(at: range.lowerBound, count: Swift.min(8, range.count))
        guard range.count > 8 else {
            return Probe(hash: (first | small) ^ length, word: first, isASCII: first & tops == 0)
        }
        let last = text.word(at: range.upperBound &- 8, count: 8)
        var hash = (first | small) ^ ((last | small) &* 0xD6E8_FEB8_6659_FD93) ^ length
        if range.count > 16 {
            let middle = text.word(at: range.lowerBound &+ range.count / 2 &- 4, count: 8)
            hash ^= (middle | small) &* 0xA076_1D64_78BD_642F
        }
        return Probe(hash: hash, word: first, isASCII: (first | last) & tops == 0)
    }
}
