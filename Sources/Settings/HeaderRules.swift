internal import Base

/// Which values a header may have.
public enum HeaderValue {
    // LIMIT: a value is at most 8 KiB, as most servers' whole head is not much more.
    private static let maximumBytes = 8 << 10

    /// What keeps a value from standing in a header field (RFC 9110, section 5.5; security.md, C6); never its bytes.
    public static func refusal(of value: [UInt8]) -> String? {
        guard let first = value.first, let last = value.last else {
            return "is empty"
        }
        guard value.count <= maximumBytes else {
            return "is longer than \(maximumBytes) bytes"
        }
        if let bad = value.firstIndex(where: { !(0x20...0x7E).contains($0) && $0 != 0x09 }) {
            return "holds a byte at position \(bad + 1) that no header can carry (a line break, perhaps)"
        }
        let blanks: [UInt8] = [0x20, 0x09]
        return blanks.contains(first) || blanks.contains(last) ? "begins or ends with a blank" : nil
    }
}

/// Which header names a configuration may set.
public enum HeaderNames {
    private static let token = Array("!#$%&'*+-.^_`|~".utf8)

    /// Lower case, `_` as `-`: names that some servers read as one are one here (security.md, C5).
    static func folded(_ name: [UInt8]) -> [UInt8] {
        name.map { byte in
            if byte == UInt8(ascii: "_") {
                return UInt8(ascii: "-")
            }
            return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
    }

    /// Why a name is refused; `nil` when it may be set.
    public static func refusal(of name: [UInt8]) -> String? {
        let isToken = name.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || token.contains(byte)
        }
        guard (1...128).contains(name.count), isToken else {
            return "is no header name"
        }
        let folded = folded(name)
        if folded.hasPrefix("mcp-") || own.contains(where: { folded.isEqual(to: $0) }) {
            return "is a header that the gateway writes itself"
        }
        return nil
    }

    /// Whether a value under this name must not stand in the file.
    public static func isCredential(_ name: [UInt8]) -> Bool {
        let text = String(decoding: folded(name), as: UTF8.self)
        return ["auth", "cookie", "key", "token", "secret", "password", "credential"].contains { text.contains($0) }
    }

    /// What frames, routes or describes a message, and what MCP defines.
    private static let own: [StaticString] = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "proxy-connection", "proxy-authorization", "proxy-authenticate", "te", "trailer", "upgrade", "expect", "accept",
        "accept-encoding", "last-event-id", "http2-settings", "range", "date",
    ]
}
