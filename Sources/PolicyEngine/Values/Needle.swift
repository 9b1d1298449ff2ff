/// A text to look for in others: Knuth, Morris and Pratt's search, linear whatever the two texts are.
struct Needle: Sendable {
    let bytes: [UInt8]
    /// For each position, how long the longest proper beginning is that also ends there.
    private let failures: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var failures = [Int](repeating: 0, count: bytes.count)
        var matched = 0
        for index in bytes.indices.dropFirst() {
            while matched > 0, bytes[index] != bytes[matched] {
                matched = failures[matched - 1]
            }
            if bytes[index] == bytes[matched] {
                matched += 1
            }
            failures[index] = matched
        }
        self.failures = failures
    }

    func isFound(in text: Span<UInt8>) -> Bool {
        guard text.count >= bytes.count, !bytes.isEmpty else {
            return bytes.isEmpty
        }
        var matched = 0
        for index in 0..<text.count {
            let byte = text[index]
            while matched > 0, byte != bytes[matched] {
                matched = failures[matched - 1]
            }
            if byte == bytes[matched] {
                matched += 1
            }
            if matched == bytes.count {
                return true
            }
        }
        return false
    }
}
