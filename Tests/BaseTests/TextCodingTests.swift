import Base
import Testing

@Suite("text coding")
struct TextCodingTests {
    @Test(
        "the vectors of RFC 4648 hold both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(plain: String, encoded: String) {
        #expect(TextCoding.base64(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(TextCoding.bytes(base64: Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test(
        "base64 with loose bits, wrong padding or strange characters is refused",
        arguments: [
            "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm9v\n", "Zm-v", "=Zm9",
        ]
    )
    func refused(text: String) {
        #expect(TextCoding.bytes(base64: Array(text.utf8)) == nil)
    }

    @Test("every byte survives every coding")
    func roundTrip() {
        for count in 0...67 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 83 &+ count) }
            #expect(TextCoding.bytes(base64: TextCoding.base64(bytes)) == bytes)
            #expect(TextCoding.bytes(base64URL: TextCoding.base64URL(bytes)) == bytes)
            #expect(TextCoding.bytes(hexadecimal: TextCoding.hexadecimal(bytes)) == bytes)
        }
    }
}
