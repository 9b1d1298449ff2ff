import Base

/// The byte classes of RFC 9110 and RFC 3986 as bit sets: two words for the ASCII half, nothing above it is in any.
///
/// Two words and a shift beat a 256-byte table here: a loop keeps them in registers.
struct ByteClass: Sendable {
    private let low: UInt64
    private let high: UInt64

    private init(_ members: ByteString) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        for byte in members.bytes {
            if byte < 64 {
                low |= 1 << UInt64(byte)
            } else {
                high |= 1 << UInt64(byte & 63)
            }
        }
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : high
        return byte < 128 && (word &>> UInt64(byte & 63)) & 1 == 1
    }

    /// `tchar` of RFC 9110, section 5.6.2: what methods and field names are made of.
    static let token = ByteClass("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

    /// What a request target may hold in origin-form: `pchar`, `/`, `?` and the percent sign (RFC 3986, section 3.3).
    static let target = ByteClass("-._~!$&'()*+,;=:@/?%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

extension UInt8 {
    /// The lower-case form of an ASCII capital, any other byte unchanged.
    @inline(__always)
    var asciiLowercased: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }

    /// Space or horizontal tab (`OWS` of RFC 9110, section 5.6.3).
    @inline(__always)
    var isBlank: Bool {
        self == 0x20 || self == 0x09
    }

    /// Whether this byte may stand in a field value: visible ASCII, space, tab, or (`obs-text`) anything from 0x80.
    @inline(__always)
    var isFieldValueByte: Bool {
        self >= 0x20 && self != 0x7F || self == 0x09
    }
}

enum Ascii {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let colon = UInt8(ascii: ":")
}

extension Collection<UInt8> {
    /// Whether this is the text of `name`, which must be lower-case, whatever the case of the letters here.
    func isEqualIgnoringCase(to name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else {
            return false
        }
        return lazy.map(\.asciiLowercased).isEqual(to: name)
    }
}

extension ArraySlice<UInt8> {
    /// The same without spaces and tabs at either end.
    var withoutBlanks: ArraySlice<UInt8> {
        var rest = drop { $0.isBlank }
        while let last = rest.last, last.isBlank {
            rest.removeLast()
        }
        return rest
    }
}
