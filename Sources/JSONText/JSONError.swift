/// Why a text is not a JSON document this gateway takes.
public enum JSONErrorReason: String, Sendable, Equatable, CaseIterable {
    /// The text ends inside a value, or is empty.
    case unexpectedEnd
    /// A byte that cannot stand here.
    case unexpectedByte
    /// A byte order mark; JSON here is UTF-8 without one.
    case byteOrderMark
    /// Bytes in a string that are not UTF-8: overlong, surrogate, above U+10FFFF or cut off.
    case invalidUTF8
    /// A control character in a string that is not escaped.
    case controlCharacter
    /// A backslash followed by what is no escape.
    case invalidEscape
    /// Half a surrogate pair, as an escape.
    case loneSurrogate
    /// U+0000, as an escape; raw it is a control character.
    case nullCharacter
    /// A number that JSON's grammar does not have.
    case invalidNumber
    /// A second document or other text after the value.
    case trailingContent
    /// Two members of an object with the same key, escapes resolved.
    case duplicateKey
    /// More bytes than allowed.
    case tooManyBytes
    /// Arrays and objects nested deeper than allowed.
    case tooDeep
    /// More values than allowed.
    case tooManyNodes
    /// A number with more digits than allowed.
    case numberTooLong
    /// A string with more bytes than allowed.
    case stringTooLong
}

extension JSONErrorReason: CustomStringConvertible {
    /// The reason in words, safe to show to anyone.
    public var description: String {
        switch self {
        case .unexpectedEnd: "the text ends inside a value"
        case .unexpectedByte: "a character that cannot stand here"
        case .byteOrderMark: "a byte order mark; send plain UTF-8"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .controlCharacter: "a control character in a string; escape it"
        case .invalidEscape: "an unknown escape in a string"
        case .loneSurrogate: "half a surrogate pair"
        case .nullCharacter: "the character U+0000"
        case .invalidNumber: "a malformed number"
        case .trailingContent: "text after the end of the document"
        case .duplicateKey: "a key that the object already has"
        case .tooManyBytes: "the document is too large"
        case .tooDeep: "arrays or objects are nested too deeply"
        case .tooManyNodes: "the document has too many values"
        case .numberTooLong: "a number with too many digits"
        case .stringTooLong: "a string that is too long"
        }
    }
}

/// Where and why reading stopped.
public struct JSONError: Error, Equatable, Sendable {
    /// The byte at which the trouble begins, from 0; the document's length at its end.
    public let offset: Int
    /// What it is.
    public let reason: JSONErrorReason

    /// An error at a byte.
    public init(offset: Int, reason: JSONErrorReason) {
        self.offset = offset
        self.reason = reason
    }

    /// Line and column of ``offset`` in the text it was found in.
    public func position(in bytes: [UInt8]) -> JSONPosition {
        JSONPosition(ofOffset: offset, in: bytes)
    }
}

extension JSONError: CustomStringConvertible {
    /// The reason and the byte, safe to show to anyone.
    public var description: String { "\(reason) at byte \(offset)" }
}

/// A place in a text for people.
public struct JSONPosition: Equatable, Sendable {
    /// From 1; lines end with LF, CR or CRLF.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int

    /// The place of one byte; linear in `offset`, which may be the text's length.
    public init(ofOffset offset: Int, in bytes: [UInt8]) {
        var line = 1
        var column = 1
        var previous: UInt8 = 0
        for byte in bytes.prefix(Swift.max(0, offset)) {
            switch byte {
            case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"):
                break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                line += 1
                column = 1
            case 0x80..<0xC0:
                break
            default:
                column += 1
            }
            previous = byte
        }
        self.line = line
        self.column = column
    }
}
