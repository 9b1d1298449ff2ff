import Base
import UnicodeText

/// Text as words without case and accents, for telling whether a phrase is mentioned.
///
/// Whole words only: `mar` is not in `marketing` (crm-servers.md, 1.4).
struct WordText: Sendable {
    /// LIMIT: words of a text that are looked at.
    private static let maximumWords = 4_000

    let words: [[UInt8]]

    init(_ text: ByteString) {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        for scalar in String(decoding: CaseFolding.folded(text.bytes), as: UTF8.self).unicodeScalars {
            let plain = Self.withoutAccent(scalar)
            if let plain, plain.properties.isAlphabetic || plain.properties.numericType != nil {
                word.append(contentsOf: String(plain).utf8)
            } else if plain != nil, !word.isEmpty {
                words.append(word)
                word = []
            }
        }
        if !word.isEmpty {
            words.append(word)
        }
        self.words = Array(words.prefix(Self.maximumWords))
    }

    /// Whether the words of `phrase` stand here next to each other; a phrase without words never does.
    func contains(_ phrase: WordText) -> Bool {
        let wanted = phrase.words
        guard let first = wanted.first, wanted.count <= words.count else {
            return false
        }
        return (0...(words.count - wanted.count)).contains { start in
            words[start] == first && wanted.indices.allSatisfy { words[start + $0] == wanted[$0] }
        }
    }

    /// The letter under an accent of the Latin alphabets; `nil` for a combining accent, which is dropped.
    private static func withoutAccent(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x300...0x36F: nil
        case 0xE0...0xE5: "a"
        case 0xE7: "c"
        case 0xE8...0xEB: "e"
        case 0xEC...0xEF: "i"
        case 0xF1: "n"
        case 0xF2...0xF6: "o"
        case 0xF9...0xFC: "u"
        case 0xFD, 0xFF: "y"
        default: scalar
        }
    }
}
