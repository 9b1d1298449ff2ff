internal import Base

/// Finds the credentials the gateway sends upstream in what comes back, and masks them (security.md, E11).
///
/// Knows each secret as it is, in base64 (both alphabets) and percent-encoded, and each of these however it is escaped in
/// JSON (`\/`, `\u002f`). A scan is one pass over the text per distinct first byte table: a byte that begins no secret costs one
/// look-up.
struct CredentialMask: Sendable {
    /// Shorter values are not masked: replacing every "1" of an answer would protect nothing and break it.
    static let minimumLength = 6
    private let needles: [[UInt8]]
    private let starts: [Bool]

    /// A mask for the given secret values.
    init(_ secrets: [[UInt8]]) {
        var needles: [[UInt8]] = []
        for secret in secrets {
            for form in Self.forms(of: secret) where form.count >= Self.minimumLength && !needles.contains(form) {
                needles.append(form)
            }
        }
        // The longest first, so that `Bearer x` goes before `x`.
        self.needles = needles.sorted { $0.count > $1.count }
        var starts = [Bool](repeating: false, count: 256)
        for needle in needles {
            starts[Int(needle[0])] = true
            starts[Int(UInt8(ascii: "\\"))] = true
        }
        self.starts = starts
    }

    /// Whether there is nothing to look for.
    var isEmpty: Bool { needles.isEmpty }

    /// Whether `text` holds a secret.
    func finds(in text: some RandomAccessCollection<UInt8>) -> Bool {
        guard !needles.isEmpty else {
            return false
        }
        var position = text.startIndex
        while position < text.endIndex {
            if starts[Int(text[position])], endOfSecret(at: position, in: text) != nil {
                return true
            }
            text.formIndex(after: &position)
        }
        return false
    }

    /// `text` with every secret replaced by `•••`; the same array when there is none.
    func masking(_ text: [UInt8]) -> [UInt8] {
        guard finds(in: text) else {
            return text
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if starts[Int(text[position])], let end = endOfSecret(at: position, in: text) {
                output.append("•••")
                position = end
            } else {
                output.append(text[position])
                position += 1
            }
        }
        return output
    }

    private func endOfSecret<Text: RandomAccessCollection<UInt8>>(
        at position: Text.Index,
        in text: Text
    ) -> Text.Index? {
        for needle in needles {
            if let end = Self.end(of: needle, at: position, in: text) {
                return end
            }
        }
        return nil
    }

    /// Where `needle` ends that begins at `position`, each of its bytes as it is or as an escape of JSON.
    private static func end<Text: RandomAccessCollection<UInt8>>(
        of needle: [UInt8],
        at position: Text.Index,
        in text: Text
    ) -> Text.Index? {
        var position = position
        for byte in needle {
            guard position < text.endIndex else {
                return nil
            }
            if text[position] == byte {
                text.formIndex(after: &position)
            } else if let (unescaped, end) = escape(at: position, in: text), unescaped == byte {
                position = end
            } else {
                return nil
            }
        }
        return position
    }

    /// The ASCII character an escape of JSON at `position` stands for, and where it ends.
    private static func escape<Text: RandomAccessCollection<UInt8>>(
        at position: Text.Index,
        in text: Text
    ) -> (byte: UInt8, end: Text.Index)? {
        let rest = text[position...]
        guard rest.first == UInt8(ascii: "\\"), let mark = rest.dropFirst().first else {
            return nil
        }
        guard mark == UInt8(ascii: "u") else {
            return (mark, rest.dropFirst(2).startIndex)
        }
        let digits = rest.dropFirst(2).prefix(4)
        guard let bytes = TextCoding.bytes(hexadecimal: digits), bytes.count == 2, bytes[0] == 0 else {
            return nil
        }
        return (bytes[1], digits.endIndex)
    }

    private static func forms(of secret: [UInt8]) -> [[UInt8]] {
        var forms = [secret]
        // `Bearer abc`: the part behind the scheme is the secret.
        if let space = secret.firstIndex(of: UInt8(ascii: " ")) {
            forms.append(Array(secret[(space + 1)...]))
        }
        for form in forms {
            forms.append(TextCoding.base64(form).filter { $0 != UInt8(ascii: "=") })
            forms.append(TextCoding.base64URL(form))
            forms.append(percentEncoded(form))
        }
        return forms
    }

    private static func percentEncoded(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                for digit in TextCoding.hexadecimal(CollectionOfOne(byte)) {
                    output.append((UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit) ? digit - 32 : digit)
                }
            }
        }
        return output
    }
}
