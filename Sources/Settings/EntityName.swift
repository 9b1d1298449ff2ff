public import Base

/// The rule of names of servers, policies and bundles, which stand in paths: `[a-z0-9][a-z0-9-]{0,62}`.
public enum EntityName {
    /// The rule in words, for messages.
    public static let rule = "use lower-case letters, digits and `-`, at most 63 characters, not `-` first"

    /// Whether `name` keeps the rule.
    public static func isValid(_ name: ByteString) -> Bool {
        isValid(name.bytes)
    }

    static func isValid(_ bytes: [UInt8]) -> Bool {
        (1...63).contains(bytes.count) && bytes[0] != UInt8(ascii: "-")
            && bytes.allSatisfy { byte in
                byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }
}
