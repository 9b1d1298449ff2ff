import Base

/// A few keys and a number for each, looked up without allocation.
///
/// Sorted by length, then bytes: most probes end at the length.
struct KeyTable: Sendable {
    private let keys: [ByteString]
    private let values: [Int]

    /// The last of equal keys wins; there are none in what was read strictly.
    init(_ entries: [(key: ByteString, value: Int)]) {
        let sorted = entries.sorted { Self.precedes($0.key.bytes[...], $1.key.bytes[...]) }
        keys = sorted.map(\.key)
        values = sorted.map(\.value)
    }

    var count: Int { keys.count }

    /// The number of a key; O(log n) comparisons.
    func value(of key: ArraySlice<UInt8>) -> Int? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(keys[middle].bytes[...], key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < keys.count && keys[low].bytes[...] == key ? values[low] : nil
    }

    private static func precedes(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }
}
