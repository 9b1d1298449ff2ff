/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// The two families.
    public enum Family: Hashable, Sendable {
        /// Four bytes.
        case v4
        /// Sixteen bytes.
        case v6
    }

    /// Which family the address is of.
    public let family: Family
    /// The address in network order; IPv4 uses the lowest 32 bits of `low`.
    let high: UInt64
    let low: UInt64

    init(family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    /// 127.0.0.1.
    public static let loopbackV4 = IPAddress(family: .v4, high: 0, low: 0x7F00_0001)
    /// ::1.
    public static let loopbackV6 = IPAddress(family: .v6, high: 0, low: 1)

    /// Reads the one strict form: four decimal octets without leading zeros, or RFC 4291 section 2.2 without a zone.
    ///
    /// `127.1`, `0x7f.1`, `2130706433` and the like are names to a resolver that knows better, not addresses.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        if bytes.contains(UInt8(ascii: ":")) {
            guard let groups = IPAddress.groups(bytes) else {
                return nil
            }
            var high: UInt64 = 0
            var low: UInt64 = 0
            for index in 0..<4 {
                high = high << 16 | UInt64(groups[index])
                low = low << 16 | UInt64(groups[index + 4])
            }
            self.init(family: .v6, high: high, low: low)
        } else {
            guard let value = IPAddress.dottedQuad(bytes[...]) else {
                return nil
            }
            self.init(family: .v4, high: 0, low: UInt64(value))
        }
    }

    private static func dottedQuad(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else {
            return nil
        }
        var value: UInt32 = 0
        for part in parts {
            guard let first = part.first, part.count <= 3, part.count == 1 || first != UInt8(ascii: "0") else {
                return nil
            }
            var octet: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                    return nil
                }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard octet <= 255 else {
                return nil
            }
            value = value << 8 | octet
        }
        return value
    }

    /// The eight groups of an IPv6 text.
    private static func groups(_ bytes: [UInt8]) -> [UInt16]? {
        guard bytes.count <= 45 else {
            return nil
        }
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var hasGap = false
        var rest = bytes[...]
        if rest.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            hasGap = true
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let part = rest.prefix { byte in byte != UInt8(ascii: ":") }
            rest = rest.dropFirst(part.count)
            guard let values = rest.isEmpty && part.contains(UInt8(ascii: ".")) ? quadGroups(part) : group(part) else {
                return nil
            }
            if hasGap { tail += values } else { head += values }
            guard !rest.isEmpty else {
                break
            }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard !hasGap else {
                    return nil
                }
                hasGap = true
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let count = head.count + tail.count
        guard hasGap ? count <= 7 : count == 8 else {
            return nil
        }
        return head + Array(repeating: 0, count: 8 - count) + tail
    }

    private static func quadGroups(_ part: ArraySlice<UInt8>) -> [UInt16]? {
        dottedQuad(part).map { value in [UInt16(value >> 16), UInt16(value & 0xFFFF)] }
    }

    private static func group(_ part: ArraySlice<UInt8>) -> [UInt16]? {
        guard (1...4).contains(part.count) else {
            return nil
        }
        var value: UInt16 = 0
        for byte in part {
            guard let digit = hexDigit(byte) else {
                return nil
            }
            value = value << 4 | digit
        }
        return [value]
    }

    private static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The usual text: dotted, or RFC 5952.
    public var description: String {
        guard family == .v6 else {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
        }
        let gap = IPAddress.longestZeroRun(groups)
        let left = groups[..<gap.lowerBound].map { group in String(group, radix: 16) }.joined(separator: ":")
        guard !gap.isEmpty else {
            return groups.map { group in String(group, radix: 16) }.joined(separator: ":")
        }
        let right = groups[gap.upperBound...].map { group in String(group, radix: 16) }.joined(separator: ":")
        return left + "::" + right
    }

    /// The first longest run of at least two zero groups, empty when there is none.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8 && groups[end] == 0 {
                end += 1
            }
            if end - start > max(1, best.count) {
                best = start..<end
            }
            start = max(end, start + 1)
        }
        return best
    }
}

extension IPAddress {
    /// The IPv4 address inside an IPv4-mapped (`::ffff:0:0/96`) one, else the address itself.
    public var unmapped: IPAddress {
        guard family == .v6, high == 0, low >> 32 == 0xFFFF else {
            return self
        }
        return IPAddress(family: .v4, high: 0, low: low & 0xFFFF_FFFF)
    }

    /// What one client can be expected to have: the IPv4 address, or the /64 an IPv6 address lies in.
    public var neighbourhood: IPAddress {
        let address = unmapped
        return address.family == .v4 ? address : IPAddress(family: .v6, high: high, low: 0)
    }

    /// Whether packets to it never leave this machine.
    public var isLoopback: Bool {
        let address = unmapped
        return address.family == .v4 ? address.low >> 24 == 127 : self == .loopbackV6
    }

    /// Whether it is `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        unmapped.high == 0 && unmapped.low == 0
    }

    /// Whether it is anything but a plain address of the public internet (security.md, G1).
    ///
    /// Loopback, RFC 1918, link-local, unique local, carrier NAT, multicast, documentation, benchmarking, reserved, `0/8`,
    /// and the IPv6 forms that carry such an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
    public var isPrivate: Bool {
        family == .v4 ? IPAddress.isPrivate(v4: UInt32(low)) : isPrivateV6
    }

    /// Special IPv4 blocks of RFC 6890 and its updates, as value and prefix length.
    private static let specialV4: [(UInt32, UInt32)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
        (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16),
        (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 4), (0xF000_0000, 4),
    ]

    private static func isPrivate(v4 value: UInt32) -> Bool {
        specialV4.contains { (block, length) in (value ^ block) >> (32 - length) == 0 }
    }

    private var isPrivateV6: Bool {
        if high == 0 {
            // ::, ::1, IPv4-compatible and IPv4-mapped: only a mapped public address is an address of the internet.
            return low >> 32 != 0xFFFF || IPAddress.isPrivate(v4: UInt32(truncatingIfNeeded: low))
        }
        if high == 0x0064_FF9B_0000_0000 {
            return low >> 32 != 0 || IPAddress.isPrivate(v4: UInt32(truncatingIfNeeded: low))
        }
        if high >> 48 == 0x2002 {
            return IPAddress.isPrivate(v4: UInt32(truncatingIfNeeded: high >> 16))
        }
        // Outside 2000::/3 nothing is global unicast; inside, Teredo, ORCHID and documentation are not.
        return high >> 61 != 1 || high >> 32 == 0x2001_0000 || high >> 36 == 0x0200_1001 || high >> 36 == 0x0200_1002
            || high >> 32 == 0x2001_0DB8 || high >> 44 == 0x3FFF0
    }
}
