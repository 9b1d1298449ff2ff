internal import Base

/// Finds the credentials the gateway sends upstream in what comes back, and masks them (security.md, E11).
///
/// Knows each secret as it is, in base64 (both alphabets), percent-encoded where that differs, and JSON-escaped where
/// that differs. A scan is one pass over the text per distinct first byte table: a byte that begins no secret costs one
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
            if starts[Int(text[position])], needle(at: position, in: text) != nil {
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
            if starts[Int(text[position])], let needle = needle(at: position, in: text) {
                output.append("•••")
                position += needle.count
            } else {
                output.append(text[position])
                position += 1
            }
        }
        return output
    }

    private func needle<Text: RandomAccessCollection<UInt8>>(at position: Text.Index, in text: Text) -> [UInt8]? {
        let rest = text[position...]
        return needles.first { rest.starts(with: $0) }
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
            var quoted: [UInt8] = []
            quoted.append(quoted: form)
            forms.append(Array(quoted.dropFirst().dropLast()))
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
