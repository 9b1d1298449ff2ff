import Base
import Testing

@Suite("comparing bytes with literals")
struct ByteComparisonTests {
    static let literals: [StaticString] = [
        "", "a", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq",
        "io.modelcontextprotocol/protocolVersion",
    ]

    @Test("equal means every byte, whatever the length and wherever the bytes lie", arguments: literals.indices)
    func equality(index: Int) {
        let literal = Self.literals[index]
        let bytes = Array("\(literal)".utf8)
        #expect(bytes.isEqual(to: literal))
        #expect(([0] + bytes + [1])[1..<(bytes.count + 1)].isEqual(to: literal))
        #expect(bytes.lazy.map { $0 }.isEqual(to: literal))
        #expect(([0] + bytes + [1]).isEqual(to: literal, in: 1..<(bytes.count + 1)))
        #expect(!(bytes + [0]).isEqual(to: literal))
        for position in bytes.indices {
            var other = bytes
            other[position] ^= 1
            #expect(!other.isEqual(to: literal))
            #expect(!other.isEqual(to: literal, in: 0..<other.count))
        }
    }
}
