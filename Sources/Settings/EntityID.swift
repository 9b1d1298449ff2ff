public import Base

/// The identity of a server or grant: a UUID (RFC 9562).
public struct EntityID: Hashable, Sendable {
    private let value: UInt128

    /// The canonical text, 36 characters, hexadecimal digits of either case; `nil` for anything else.
    public init?(text: [UInt8]) {
        guard text.count == 36 else {
            return nil
        }
        var value: UInt128 = 0
        for (index, byte) in text.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else {
                    return nil
                }
                continue
            }
            guard let digit = byte.hexadecimalDigit else {
                return nil
            }
            value = value << 4 | UInt128(digit)
        }
        self.value = value
    }

    /// A UUID of version 4 made of 128 random bits, of which six give way to version and variant.
    public init(random bits: UInt128) {
        let version: UInt128 = 0x4 << 76
        let variant: UInt128 = 0b10 << 62
        value = bits & ~(0xF << 76) & ~(0b11 << 62) | version | variant
    }

    /// The identity that a name of a kind has when the file gives none: the same on every start and every machine.
    ///
    /// A UUID of version 8, the bits a 128-bit FNV-1a of kind and name. Not secret and no security: the reader refuses
    /// two entries with one identity, however it came about.
    public init(kind: StaticString, name: ByteString) {
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
        var bytes: [UInt8] = []
        bytes.append(kind)
        bytes.append(0)
        for byte in bytes + name.bytes {
            hash ^= UInt128(byte)
            // FNV is arithmetic modulo 2^128: overflow is what it is made of.
            hash = hash &* 0x0000_0000_0100_0000_0000_0000_0000_013B
        }
        let version: UInt128 = 0x8 << 76
        let variant: UInt128 = 0b10 << 62
        value = hash & ~(0xF << 76) & ~(0b11 << 62) | version | variant
    }

    /// The canonical text, lower case.
    public var text: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(36)
        let digits = Array("0123456789abcdef".utf8)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                output.append(UInt8(ascii: "-"))
            }
            output.append(digits[Int(truncatingIfNeeded: value >> UInt128(124 - 4 * index)) & 15])
        }
        return output
    }
}

extension EntityID: CustomStringConvertible {
    /// The canonical text.
    public var description: String { String(decoding: text, as: UTF8.self) }
}
