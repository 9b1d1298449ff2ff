internal import Base

/// IPv4 addresses in the spellings browsers take: one to four parts, decimal, octal or hexadecimal (WHATWG URL,
/// section 3.5, "IPv4 parser").
enum IPv4Text {
    /// Whether the last label is a number, which makes the whole an address or nothing.
    static func endsInNumber(_ domain: [UInt8]) -> Bool {
        guard let last = labels(domain).last else {
            return false
        }
        return (!last.isEmpty && last.allSatisfy { $0.decimalDigit != nil }) || number(last) != nil
    }

    static func parse(_ domain: [UInt8]) -> UInt32? {
        let parts = labels(domain)
        guard (1...4).contains(parts.count) else {
            return nil
        }
        var address: UInt64 = 0
        for (index, part) in parts.enumerated() {
            guard let value = number(part) else {
                return nil
            }
            let isLast = index == parts.count - 1
            let bytes = isLast ? 4 - index : 1
            guard value < 1 << UInt64(8 * bytes) else {
                return nil
            }
            address |= isLast ? value : value << UInt64(8 * (3 - index))
        }
        return UInt32(exactly: address)
    }

    /// The labels, without the empty one behind a trailing dot.
    private static func labels(_ domain: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts = domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.count > 1, parts.last?.isEmpty == true {
            parts.removeLast()
        }
        return parts
    }

    /// Saturates at 2^40, which no address reaches.
    private static func number(_ part: ArraySlice<UInt8>) -> UInt64? {
        var digits = part
        var base: UInt64 = 10
        if part.count >= 2, part.first == UInt8(ascii: "0") {
            let isHexadecimal = part[part.startIndex + 1] | 0x20 == UInt8(ascii: "x")
            base = isHexadecimal ? 16 : 8
            digits = part.dropFirst(isHexadecimal ? 2 : 1)
        } else if part.isEmpty {
            return nil
        }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = byte.hexadecimalDigit, digit < base else {
                return nil
            }
            value = min(value * base + UInt64(digit), 1 << 40)
        }
        return value
    }
}

/// The IPv4 ranges that `url_private` names.
enum IPv4Ranges {
    private static let ranges: [(network: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
        (0xAC10_0000, 12), (0xC000_0000, 24), (0xC0A8_0000, 16), (0xC612_0000, 15), (0xE000_0000, 4),
        (0xF000_0000, 4),
    ]

    static func arePrivate(_ address: UInt32) -> Bool {
        ranges.contains { address >> (32 - $0.bits) == $0.network >> (32 - $0.bits) }
    }
}

/// An IPv6 address as its two halves.
struct IPv6Address: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Whether it is on the list of `url_private`, itself or by the IPv4 address inside it.
    var isPrivate: Bool {
        if high >> 57 == 0xFC >> 1 || high >> 54 == 0xFE80 >> 6 || high >> 54 == 0xFEC0 >> 6 || high >> 56 == 0xFF {
            return true
        }
        if high >> 16 == 0x0064_FF9B_0001 {
            return true
        }
        return embeddedIPv4.map(IPv4Ranges.arePrivate) ?? false
    }

    /// The address inside an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address.
    private var embeddedIPv4: UInt32? {
        if high >> 48 == 0x2002 {
            return UInt32(truncatingIfNeeded: high >> 16)
        }
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        let isCompatible = high == 0 && low >> 32 == 0
        let isNAT64 = high == 0x0064_FF9B_0000_0000 && low >> 32 == 0
        return isMapped || isCompatible || isNAT64 ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// The text of WHATWG's serialiser: lower case, the first longest run of two or more zero pieces as `::`.
    var bracketed: [UInt8] {
        let pieces = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16))
        }
        let gap = Self.longestZeros(pieces)
        var output: [UInt8] = [UInt8(ascii: "[")]
        for (index, piece) in pieces.enumerated() {
            if gap.contains(index) {
                if index == gap.lowerBound {
                    output.append(index == 0 ? "::" : ":")
                }
                continue
            }
            output.append(contentsOf: String(piece, radix: 16).utf8)
            if index < 7 {
                output.append(UInt8(ascii: ":"))
            }
        }
        output.append(UInt8(ascii: "]"))
        return output
    }

    private static func longestZeros(_ pieces: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for (index, piece) in pieces.enumerated() {
            if piece != 0 {
                start = index + 1
            } else if index + 1 - start > max(best.count, 1) {
                best = start..<(index + 1)
            }
        }
        return best
    }
}

// MARK: - IPv6 parser (WHATWG URL, section 3.5)

extension IPv6Address {
    /// What stands between the brackets; no zone.
    init?(parsing text: [UInt8]) {
        var reader = IPv6Reader(text: text)
        guard let pieces = reader.pieces() else {
            return nil
        }
        var halves: (UInt64, UInt64) = (0, 0)
        for (index, piece) in pieces.enumerated() {
            if index < 4 {
                halves.0 = halves.0 << 16 | UInt64(piece)
            } else {
                halves.1 = halves.1 << 16 | UInt64(piece)
            }
        }
        (high, low) = halves
    }
}

private struct IPv6Reader {
    let text: [UInt8]
    private var position = 0
    private var found: [UInt16] = []
    private var gap: Int?

    init(text: [UInt8]) {
        self.text = text
    }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    /// All eight pieces, the gap filled in; `nil` when the text is no address.
    mutating func pieces() -> [UInt16]? {
        if next == UInt8(ascii: ":") {
            guard text.count >= 2, text[1] == UInt8(ascii: ":") else {
                return nil
            }
            position = 2
            gap = 0
        }
        while next != nil {
            guard filled < 8, readPiece() else {
                return nil
            }
        }
        guard let gap else {
            return found.count == 8 ? found : nil
        }
        found.insert(contentsOf: repeatElement(0, count: 8 - found.count), at: gap)
        return found
    }

    /// Pieces taken; the gap stands for at least one.
    private var filled: Int { found.count + (gap == nil ? 0 : 1) }

    /// One piece with the colon behind it, or the IPv4 address at the end.
    private mutating func readPiece() -> Bool {
        if next == UInt8(ascii: ":") {
            guard gap == nil else {
                return false
            }
            position += 1
            gap = found.count
            return true
        }
        let start = position
        var value: UInt16 = 0
        while position - start < 4, let digit = next?.hexadecimalDigit {
            value = value << 4 | UInt16(digit)
            position += 1
        }
        if next == UInt8(ascii: ".") {
            guard position > start, filled <= 6 else {
                return false
            }
            position = start
            return readIPv4()
        }
        if next == UInt8(ascii: ":") {
            position += 1
            guard next != nil else {
                return false
            }
        } else if next != nil {
            return false
        }
        found.append(value)
        return true
    }

    /// Four decimal numbers without leading zeros, to the end of the text.
    private mutating func readIPv4() -> Bool {
        var address: UInt32 = 0
        for index in 0..<4 {
            if index > 0 {
                guard next == UInt8(ascii: ".") else {
                    return false
                }
                position += 1
            }
            let start = position
            var value = 0
            while position - start < 3, let digit = next?.decimalDigit {
                value = value * 10 + digit
                position += 1
            }
            let length = position - start
            guard length > 0, value <= 255, length == 1 || text[start] != UInt8(ascii: "0") else {
                return false
            }
            address = address << 8 | UInt32(value)
        }
        found.append(UInt16(truncatingIfNeeded: address >> 16))
        found.append(UInt16(truncatingIfNeeded: address))
        return next == nil
    }
}
