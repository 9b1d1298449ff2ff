import Base
import Testing

@Suite("spans of bytes")
struct SpanTests {
    @Test("plain text ends at the first byte that is not visible ASCII or a space, wherever it stands")
    func endOfPlainText() {
        var mismatches = 0
        for byte: UInt8 in [0, 9, 10, 13, 0x1F, 0x20, 0x21, 0x61, 0x7D, 0x7E, 0x7F, 0x80, 0x81, 0x9F, 0xA0, 0xFE, 0xFF]
        {
            for length in 0...17 where length % 4 != 3 {
                for place in 0..<length {
                    for following in [UInt8(0x20), 0xFF] {
                        var bytes = [UInt8](repeating: 0x7E, count: place) + [byte]
                        bytes += [UInt8](repeating: following, count: length - place - 1)
                        let expected = bytes.firstIndex { !(0x20...0x7E).contains($0) } ?? length
                        mismatches += bytes.span.endOfPlainText(from: 0, to: length) == expected ? 0 : 1
                    }
                }
            }
        }
        #expect(mismatches == 0)
        let text: [UInt8] = [0, 97, 97, 10, 97]
        #expect(text.span.endOfPlainText(from: 1, to: 5) == 3)
        #expect(text.span.endOfPlainText(from: 1, to: 2) == 2)
        #expect(text.span.endOfPlainText(from: 5, to: 5) == 5)
    }

    @Test("a byte is found at its first place within the bounds")
    func firstPosition() {
        for wanted: UInt8 in [0, 10, 58, 0x7F, 0x80, 0xFF] {
            for length in 0...18 {
                for place in 0..<max(length, 1) {
                    for other in [wanted &- 1, wanted &+ 1, wanted ^ 0x80] {
                        var bytes = [UInt8](repeating: other, count: length)
                        if place < length {
                            bytes[place] = wanted
                            bytes[length - 1] = wanted
                        }
                        let expected = bytes.firstIndex(of: wanted) ?? length
                        #expect(bytes.span.firstPosition(of: wanted, from: 0, to: length) == expected)
                    }
                }
            }
        }
        let text: [UInt8] = [58, 97, 97, 58, 97, 97, 97, 97, 97, 97, 97, 97, 58]
        #expect(text.span.firstPosition(of: 58, from: 1, to: 13) == 3)
        #expect(text.span.firstPosition(of: 58, from: 4, to: 13) == 12)
        #expect(text.span.firstPosition(of: 58, from: 4, to: 12) == 12)
    }

    @Test("a word holds the bytes asked for, the first one lowest")
    func words() {
        let bytes = (1...20).map { UInt8($0) }
        for start in 0..<20 {
            for count in 1...8 where start + count <= 20 {
                let expected = bytes[start..<(start + count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                #expect(bytes.span.word(at: start, count: count) == expected)
            }
        }
    }

    @Test("bytes are appended whole or in part")
    func appending() {
        let bytes: [UInt8] = [1, 2, 3, 4]
        var output: [UInt8] = [0]
        output.append(bytes.span)
        output.append(bytes.span, 1..<3)
        output.append(bytes.span, 4..<4)
        #expect(output == [0, 1, 2, 3, 4, 2, 3])
    }
}
