/// Which elements or members of one value some subschema has judged, for the `unevaluated…` keywords.
struct Evaluated {
    private var words: [UInt64]
    private let count: Int
    /// All elements before this one, whatever the bits say: most schemas judge all at once.
    private var prefix = 0

    init(count: Int) {
        self.count = count
        words = []
    }

    mutating func insert(_ position: Int) {
        if words.isEmpty {
            words = [UInt64](repeating: 0, count: (count + 63) / 64)
        }
        words[position / 64] |= 1 << UInt64(position % 64)
    }

    mutating func insertAll() {
        prefix = count
    }

    /// Everything before `end`.
    mutating func insert(before end: Int) {
        prefix = Swift.max(prefix, Swift.min(end, count))
    }

    func contains(_ position: Int) -> Bool {
        position < prefix || (!words.isEmpty && words[position / 64] & 1 << UInt64(position % 64) != 0)
    }

    /// Adds what another subschema judged of the same value.
    mutating func formUnion(_ other: Evaluated) {
        prefix = Swift.max(prefix, other.prefix)
        if words.isEmpty {
            words = other.words
        } else if !other.words.isEmpty {
            for index in words.indices {
                words[index] |= other.words[index]
            }
        }
    }
}
