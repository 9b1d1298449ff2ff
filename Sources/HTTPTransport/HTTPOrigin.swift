public import Base

/// Where requests go: scheme, host and port (RFC 6454).
///
/// What a credential is bound to (threat G5).
public struct HTTPOrigin: Hashable, Sendable {
    /// How the connection is made.
    public enum Scheme: Hashable, Sendable {
        /// Plain TCP.
        case http
        /// TLS.
        case https

        /// 80 or 443.
        public var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    /// How the connection is made.
    public let scheme: Scheme
    /// A host name in ASCII, lower case, or an address; IPv6 without brackets.
    public let host: ByteString
    /// The port.
    public let port: UInt16

    /// Puts the three together; `host` must be in ASCII and lower case, an IPv6 address without brackets.
    public init(_ scheme: Scheme, host: ByteString, port: UInt16? = nil) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
    }

    /// The value of `Host`: the port only where it is not the scheme's own, IPv6 in brackets.
    public var authority: [UInt8] {
        var text: [UInt8] = []
        let isBracketed = host.bytes.contains(UInt8(ascii: ":"))
        if isBracketed {
            text.append(UInt8(ascii: "["))
        }
        text.append(contentsOf: host.bytes)
        if isBracketed {
            text.append(UInt8(ascii: "]"))
        }
        if port != scheme.defaultPort {
            text.append(UInt8(ascii: ":"))
            text.append(decimal: Int(port))
        }
        return text
    }
}

extension HTTPOrigin: CustomStringConvertible {
    /// `https://mcp.example.com`, as text for people.
    public var description: String {
        (scheme == .http ? "http://" : "https://") + String(decoding: authority, as: UTF8.self)
    }
}
