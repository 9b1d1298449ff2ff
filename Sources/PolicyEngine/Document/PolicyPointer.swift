import Base

/// A JSON Pointer (RFC 6901) under construction.
public struct PolicyPointer: Hashable, Sendable, CustomStringConvertible {
    /// The pointer's text; empty for the whole document.
    public private(set) var description: String

    /// The whole document.
    public static let root = PolicyPointer()

    /// The whole document.
    public init() {
        description = ""
    }

    /// The member `key` of the value pointed at.
    public func appending(_ key: some Collection<UInt8>) -> PolicyPointer {
        var copy = self
        copy.description += "/" + Self.escaped(key)
        return copy
    }

    /// The element at `index` of the value pointed at.
    public func appending(_ index: Int) -> PolicyPointer {
        var copy = self
        copy.description += "/\(index)"
        return copy
    }

    /// The member `key`, a known name, of the value pointed at.
    public func appending(_ key: StaticString) -> PolicyPointer {
        appending(ByteString(stringLiteral: key).bytes)
    }

    /// One reference token: `~` as `~0`, `/` as `~1` (RFC 6901, section 3).
    public static func escaped(_ key: some Collection<UInt8>) -> String {
        guard key.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return String(decoding: key, as: UTF8.self)
        }
        var output: [UInt8] = []
        for byte in key {
            switch byte {
            case UInt8(ascii: "~"): output.append("~0")
            case UInt8(ascii: "/"): output.append("~1")
            default: output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// Where in a document something is written.
public struct SourceLocation: Hashable, Sendable {
    /// The JSON Pointer of the value.
    public let pointer: PolicyPointer
    /// The byte its text begins at.
    public let offset: Int

    /// A place in a document.
    public init(pointer: PolicyPointer, offset: Int) {
        self.pointer = pointer
        self.offset = offset
    }
}

/// A value and where it was written.
public struct Located<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// Where it was written.
    public let location: SourceLocation

    /// Joins the two.
    public init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}
