/// Finds the credentials the gateway sends upstream in what comes back, and masks them (security.md, E11).
///
/// Knows each secret in the forms of ``CredentialForms``, and each of these however it is escaped: in JSON (`\/`, `\u002f`,
/// `\u00e9`, surrogate pairs), in JSON that is itself a text of JSON (`\\u00e9`), as `\xe9`, and percent-encoded in digits of
/// either case. Backslashes count for nothing but what they escape, so that it does not matter how often a text was quoted.
///
/// A scan is one pass over the text: a byte that begins no secret costs one look-up. Immutable.
public struct CredentialMask: Sendable {
    /// Shorter values are not masked, in bytes: replacing every "1" of an answer would protect nothing and break it.
    public static let minimumLength = 6
    // LIMIT: backslashes that are passed over to what they escape: four texts of JSON within each other have fifteen.
    private static let maximumSkips = 16
    private static let backslash = UInt8(ascii: "\\")
    private static let percent = UInt8(ascii: "%")

    /// All forms, one behind the other; none holds a backslash.
    private let bytes: [UInt8]
    /// Where each form lies in `bytes`, by its first byte, the longest first, so that `Bearer x` goes before `x`.
    private let needles: [Range<Int>]
    /// The second byte of each of `needles`; the first one again where there is none.
    private let seconds: [UInt8]
    /// Where the forms that begin with a byte begin in `needles`; 257 places, or none at all.
    private let places: [Int]
    /// Whether a form or an escape begins with a byte.
    private let begins: [Bool]

    /// A mask for the given secret values.
    ///
    /// - Parameters:
    ///   - secrets: the values as they are sent; of `Bearer x` and `Basic x` also the part behind the scheme counts.
    ///   - shortest: the least length of a value in bytes that is looked for; at least two.
    public init(_ secrets: [[UInt8]], shortest: Int = CredentialMask.minimumLength) {
        var forms: Set<[UInt8]> = []
        for secret in secrets {
            for form in CredentialForms.all(of: secret, shortest: max(shortest, 2)) {
                let bare = form.filter { $0 != Self.backslash }
                if bare.count >= max(shortest, 2) {
                    forms.insert(bare)
                }
            }
        }
        var bytes: [UInt8] = []
        var needles: [Range<Int>] = []
        var counts = [Int](repeating: 0, count: 256)
        for form in forms.sorted(by: { ($0[0], $1.count) < ($1[0], $0.count) }) {
            needles.append(bytes.count..<(bytes.count + form.count))
            bytes.append(contentsOf: form)
            counts[Int(form[0])] += 1
        }
        var places = [0]
        for count in counts {
            places.append((places.last ?? 0) + count)
        }
        begins = (0..<256).map { byte in
            counts[byte] > 0 || (!needles.isEmpty && (byte == Int(Self.backslash) || byte == Int(Self.percent)))
        }
        seconds = needles.map { bytes[min($0.lowerBound + 1, $0.upperBound - 1)] }
        self.bytes = bytes
        self.needles = needles
        self.places = places
    }

    /// Whether there is nothing to look for.
    public var isEmpty: Bool { needles.isEmpty }

    /// Whether `text` holds a secret.
    public func finds(in text: [UInt8]) -> Bool {
        !isEmpty && next(in: text.span, from: 0) != nil
    }

    /// `text` with every secret replaced by `sign`; the same array when there is none.
    public func masking(_ text: [UInt8], with sign: StaticString = "•••") -> [UInt8] {
        guard !isEmpty, var found = next(in: text.span, from: 0) else {
            return text
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var position = 0
        while true {
            output.append(text.span, position..<found.lowerBound)
            output.append(sign)
            position = found.upperBound
            guard let another = next(in: text.span, from: position) else {
                break
            }
            found = another
        }
        output.append(text.span, position..<text.count)
        return output
    }

    // MARK: - Searching

    /// The first secret from `start` on.
    private func next(in text: Span<UInt8>, from start: Int) -> Range<Int>? {
        let begins = begins.span
        let seconds = seconds.span
        let places = places.span
        var position = start
        while position < text.count {
            let byte = text[position]
            guard begins[Int(byte)] else {
                position &+= 1
                continue
            }
            let isEscape = byte == Self.backslash || byte == Self.percent
            let second = position &+ 1 < text.count ? text[position &+ 1] : byte
            var isLikely = isEscape || second == Self.backslash || second == Self.percent
            var index = places[Int(byte)]
            while !isLikely, index < places[Int(byte) &+ 1] {
                isLikely = seconds[index] == second
                index &+= 1
            }
            if isLikely, let end = end(of: text, at: position) {
                return position..<end
            }
            position &+= 1
        }
        return nil
    }

    /// Where the longest secret ends that begins at `position`.
    private func end(of text: Span<UInt8>, at position: Int) -> Int? {
        var place = position
        // Over the escapes before a first byte: they go with it, or half an escape would be left.
        while place < text.count, place &- position <= Self.maximumSkips {
            let byte = text[place]
            if let end = longest(beginningWith: byte, in: text, at: position) {
                return end
            }
            guard let escape = Self.escape(at: place, in: text) else {
                return nil
            }
            if let first = escape.first, let end = longest(beginningWith: first, in: text, at: position) {
                return end
            }
            guard escape.mayBeSkipped else {
                return nil
            }
            place = escape.skipEnd
        }
        return nil
    }

    private func longest(beginningWith byte: UInt8, in text: Span<UInt8>, at position: Int) -> Int? {
        for index in places[Int(byte)]..<places[Int(byte) + 1] {
            if let end = end(of: needles[index], in: text, at: position) {
                return end
            }
        }
        return nil
    }

    /// Where `needle` ends that begins at `position`, each of its bytes as it is or escaped.
    private func end(of needle: Range<Int>, in text: Span<UInt8>, at position: Int) -> Int? {
        let bytes = bytes.span
        var place = position
        var index = needle.lowerBound
        var skips = 0
        while index < needle.upperBound {
            guard place < text.count else {
                return nil
            }
            if text[place] == bytes[index] {
                index &+= 1
                place &+= 1
                skips = 0
                continue
            }
            guard let escape = Self.escape(at: place, in: text) else {
                return nil
            }
            if escape.count > 0, escape.isPrefix(of: bytes.extracting(index..<needle.upperBound)) {
                index &+= escape.count
                place = escape.end
                skips = 0
                continue
            }
            skips &+= 1
            guard escape.mayBeSkipped, skips <= Self.maximumSkips else {
                return nil
            }
            place = escape.skipEnd
        }
        return place
    }

    // MARK: - Escapes

    /// What stands for other bytes than its own.
    private struct Escape {
        /// The bytes meant, the first one lowest; none for what only quotes what follows.
        var bytes: UInt32 = 0
        var count = 0
        /// Where the text goes on behind it.
        var end: Int
        /// Where it goes on when only its backslash is passed over.
        var skipEnd: Int
        var mayBeSkipped = true

        var first: UInt8? { count > 0 ? UInt8(truncatingIfNeeded: bytes) : nil }

        func isPrefix(of other: Span<UInt8>) -> Bool {
            guard count <= other.count else {
                return false
            }
            for index in 0..<count
            where other[index] != UInt8(truncatingIfNeeded: bytes &>> UInt32(8 &* index)) {
                return false
            }
            return true
        }

        mutating func mean(_ byte: UInt8, end: Int) {
            (bytes, count, self.end) = (UInt32(byte), 1, end)
        }
    }

    /// The escape at `position`, if one is there.
    private static func escape(at position: Int, in text: Span<UInt8>) -> Escape? {
        var escape = Escape(end: position &+ 1, skipEnd: position &+ 1)
        if text[position] == percent {
            guard let value = number(at: position &+ 1, digits: 2, in: text) else {
                return nil
            }
            escape.mean(UInt8(truncatingIfNeeded: value), end: position &+ 3)
            escape.skipEnd = position &+ 3
            escape.mayBeSkipped = value == UInt32(backslash)
            return escape
        }
        guard text[position] == backslash else {
            return nil
        }
        guard position &+ 1 < text.count else {
            return escape
        }
        switch text[position &+ 1] {
        case UInt8(ascii: "n"): escape.mean(0x0A, end: position &+ 2)
        case UInt8(ascii: "r"): escape.mean(0x0D, end: position &+ 2)
        case UInt8(ascii: "t"): escape.mean(0x09, end: position &+ 2)
        case UInt8(ascii: "b"): escape.mean(0x08, end: position &+ 2)
        case UInt8(ascii: "f"): escape.mean(0x0C, end: position &+ 2)
        case UInt8(ascii: "x"):
            if let value = number(at: position &+ 2, digits: 2, in: text) {
                escape.mean(UInt8(truncatingIfNeeded: value), end: position &+ 4)
            }
        case UInt8(ascii: "u"):
            if let (scalar, end) = scalar(at: position &+ 2, in: text) {
                for byte in UTF8.encode(scalar) ?? .init() {
                    escape.bytes |= UInt32(byte) &<< UInt32(8 &* escape.count)
                    escape.count &+= 1
                }
                escape.end = end
            }
        default: break
        }
        if escape.bytes == UInt32(backslash) {
            // A backslash that is spelled out is passed over as any other.
            (escape.bytes, escape.count, escape.skipEnd) = (0, 0, escape.end)
        }
        return escape
    }

    /// The character whose digits begin at `position`, of a surrogate pair both halves; `nil` for half a pair.
    private static func scalar(at position: Int, in text: Span<UInt8>) -> (scalar: Unicode.Scalar, end: Int)? {
        guard let unit = number(at: position, digits: 4, in: text) else {
            return nil
        }
        var end = position &+ 4
        guard (0xD800..<0xDC00).contains(unit) else {
            return Unicode.Scalar(unit).map { ($0, end) }
        }
        let half = end
        while end < text.count, text[end] == backslash, end &- half < maximumSkips {
            end &+= 1
        }
        guard end > half, end < text.count, text[end] == UInt8(ascii: "u"),
            let low = number(at: end &+ 1, digits: 4, in: text), (0xDC00..<0xE000).contains(low)
        else {
            return nil
        }
        return Unicode.Scalar(0x1_0000 + (unit & 0x3FF) << 10 + low & 0x3FF).map { ($0, end &+ 5) }
    }

    private static func number(at position: Int, digits: Int, in text: Span<UInt8>) -> UInt32? {
        guard position <= text.count &- digits else {
            return nil
        }
        var value: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = text[position &+ offset].hexadecimalDigit else {
                return nil
            }
            value = value &<< 4 | UInt32(digit)
        }
        return value
    }
}

extension CredentialMask: CustomStringConvertible, CustomReflectable {
    /// Never the forms themselves.
    public var description: String { "CredentialMask(\(needles.count) forms)" }

    /// Never the forms themselves.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
