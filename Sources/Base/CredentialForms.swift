/// The texts that give a credential away: the value and its encodings, without regard to escaping.
///
/// In base64 a value looks different at each of the three places it can have in a group: `base64("user:" + secret)` holds no
/// `base64(secret)`. Of each place the characters count that depend on nothing but the value: what stays of its first and
/// last byte is at most four bits.
enum CredentialForms {
    /// The least count of characters of base64 that are looked for: 48 bits, which no other text has by chance.
    private static let shortestBase64 = 8

    /// All forms of `secret`, each value of at least `shortest` bytes.
    static func all(of secret: [UInt8], shortest: Int) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for value in values(of: secret) where value.count >= shortest {
            forms.append(value)
            let hexadecimal = TextCoding.hexadecimal(value)
            forms.append(hexadecimal)
            forms.append(hexadecimal.map { (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) ? $0 - 32 : $0 })
            for text in base64(of: value) where text.count >= shortestBase64 {
                forms.append(text)
                forms.append(text.map(urlSafe))
            }
        }
        return forms
    }

    /// What is secret of a value: itself, the part behind an authentication scheme, of `Basic` what it encodes and the
    /// password in it (RFC 7617, section 2).
    private static func values(of secret: [UInt8]) -> [[UInt8]] {
        var values = [secret]
        if let space = secret.firstIndex(of: UInt8(ascii: " ")) {
            let credential = Array(secret[(space + 1)...])
            values.append(credential)
            let scheme = secret[..<space].map { $0 | 0x20 }
            if scheme.isEqual(to: "basic"), let pair = TextCoding.bytes(base64: credential) {
                values.append(pair)
                if let colon = pair.firstIndex(of: UInt8(ascii: ":")) {
                    values.append(Array(pair[(colon + 1)...]))
                }
            }
        }
        return values + values.filter { $0.contains { $0 >= 0x80 } }.map(readAsLatin1)
    }

    /// The bytes as whoever takes headers for ISO 8859-1 writes them in UTF-8, which most servers do.
    private static func readAsLatin1(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 < 0x80 ? [$0] : [0xC0 | $0 >> 6, 0x80 | $0 & 0x3F] }
    }

    /// The value alone, and what is the same of every text that holds it, at each of the three places.
    private static func base64(of value: [UInt8]) -> [[UInt8]] {
        var texts = [TextCoding.base64(value).filter { $0 != UInt8(ascii: "=") }]
        for offset in 0..<3 {
            let text = TextCoding.base64([UInt8](repeating: 0, count: offset) + value)
            // The first character of which all six bits are the value's, and the last.
            let first = (offset * 8 + 5) / 6
            let end = (offset + value.count) * 8 / 6
            texts.append(first < end ? Array(text[first..<end]) : [])
        }
        return texts
    }

    private static func urlSafe(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: character
        }
    }
}
