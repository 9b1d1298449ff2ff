import Base
import Testing

@Suite("telling known names apart")
struct NameTableTests {
    static let names: [StaticString] = [
        "id", "method", "", "a", "sixteen bytes 16", "seventeen bytes17", "notifications/tools/list_changed",
        "notifications/roots/list_changed", "notifications/prompts/list_changed",
    ]

    @Test("every name has its place, and whatever differs in one byte has none")
    func numbers() {
        let table = NameTable(Self.names)
        for (number, name) in Self.names.enumerated() {
            let bytes = ByteString(stringLiteral: name).bytes
            #expect(table.number(of: bytes[...]) == number)
            let framed = [0x78] + bytes + [0x79]
            let inside = table.number(of: framed.span, 1..<framed.count - 1)
            #expect(inside == number)
            #expect(table.number(of: framed[...]) == nil)
            for position in bytes.indices {
                var other = bytes
                other[position] ^= 1
                #expect(table.number(of: other[...]) == nil)
            }
        }
    }

    @Test("runs are equal when all their bytes are", arguments: 0..<40)
    func runs(length: Int) {
        let left = [UInt8](repeating: 7, count: length + 2)
        let right = [UInt8](repeating: 7, count: length)
        #expect(areEqual(left, 1..<length + 1, right))
        #expect(!areEqual(left, 0..<length + 1, right))
        for position in 0..<length {
            var other = right
            other[position] = 8
            #expect(!areEqual(left, 1..<length + 1, other))
        }
    }

    private func areEqual(_ left: [UInt8], _ range: Range<Int>, _ right: [UInt8]) -> Bool {
        left.span.isEqual(range, to: right.span, 0..<right.count)
    }

    @Test("a run of plain text ends at the first byte that is none, wherever it stands", arguments: 0..<20)
    func stringText(length: Int) {
        for byte in UInt8.min...UInt8.max {
            let bytes = [UInt8](repeating: 0x7F, count: length) + [byte, byte, 0x20, 0x22]
            let isPlain = byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5C
            let end = bytes.span.endOfStringText(from: 0, to: bytes.count)
            #expect(end == (isPlain ? length + 3 : length))
        }
    }
}
