public import Base

/// An absolute `http` or `https` address as OAuth compares them: by bytes, cut into the parts that discovery moves
/// about.
///
/// Reads less than a URL parser would and refuses the rest (RFC 3986; security.md, G1): no user information, no
/// fragment, no character that would have to be escaped. Whoever connects checks the host's addresses after resolving
/// them.
public struct WebAddress: Hashable, Sendable {
    /// The address as it was written.
    public let text: ByteString
    /// Whether it begins with `https`.
    public let isSecure: Bool
    /// Host and port as written, in lower case.
    public let authority: ByteString
    /// From the first `/`; empty when there is none.
    public let path: ByteString
    /// After the `?`; `nil` when there is none.
    public let query: ByteString?

    // LIMIT: bytes of an address; longer ones are not met and would be copied into many requests.
    static let maximumBytes = 2_048

    /// Reads an address; `nil` when it is no absolute `http(s)` address of this strict form.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count <= Self.maximumBytes, bytes.allSatisfy(Self.isPlain) else {
            return nil
        }
        let scheme = bytes.prefix { $0 != UInt8(ascii: ":") }.map(Self.lowered)
        guard scheme.isEqual(to: "https") || scheme.isEqual(to: "http"), bytes[scheme.count...].hasPrefix("://") else {
            return nil
        }
        let rest = bytes[(scheme.count + 3)...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, authority.allSatisfy(Self.isAuthority), authority.first != UInt8(ascii: ":") else {
            return nil
        }
        let mark = rest[end...].firstIndex(of: UInt8(ascii: "?"))
        self.text = ByteString(bytes)
        isSecure = scheme.count == 5
        self.authority = ByteString(authority.map(Self.lowered))
        path = ByteString(rest[end..<(mark ?? rest.endIndex)])
        query = mark.map { ByteString(rest[($0 + 1)...]) }
    }

    /// Scheme and authority, in lower case: what credentials are bound to (G5).
    public var origin: ByteString {
        ByteString((isSecure ? Array("https://".utf8) : Array("http://".utf8)) + authority.bytes)
    }

    /// Whether the host is this machine, as far as can be told without asking a resolver.
    public var isLoopback: Bool {
        let host =
            authority.bytes.first == UInt8(ascii: "[")
            ? authority.bytes.prefix { $0 != UInt8(ascii: "]") } + [UInt8(ascii: "]")]
            : authority.bytes.prefix { $0 != UInt8(ascii: ":") }
        if host.isEqual(to: "localhost") || host.isEqual(to: "[::1]") {
            return true
        }
        let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].isEqual(to: "127")
            && parts.allSatisfy { UInt8(String(decoding: $0, as: UTF8.self)) != nil }
    }

    /// The address with a well-known path put between its authority and its path (RFC 8414, section 3.1; RFC 9728,
    /// 3.1).
    func inserting(wellKnown name: StaticString) -> WebAddress? {
        var bytes = origin.bytes
        bytes.append("/.well-known/")
        bytes.append(name)
        bytes += pathWithoutEnd
        return WebAddress(bytes)
    }

    /// The address with a well-known path put behind its own (OpenID Connect Discovery, section 4).
    func appending(wellKnown name: StaticString) -> WebAddress? {
        var bytes = origin.bytes
        bytes += pathWithoutEnd
        bytes.append("/.well-known/")
        bytes.append(name)
        return WebAddress(bytes)
    }

    /// The path without a slash at its end: `https://a/` and `https://a` are one resource (AR-12).
    var pathWithoutEnd: ArraySlice<UInt8> {
        path.bytes.last == UInt8(ascii: "/") ? path.bytes.dropLast() : path.bytes[...]
    }

    /// The address as a resource is called: scheme and host in lower case, no slash at the end, no query (RFC 8707, 2).
    public var asResource: ByteString { ByteString(origin.bytes + pathWithoutEnd) }

    /// Whether this names `other` or a part of the server that holds it: the same origin, and a path that is `other`'s
    /// or leads to it by whole segments.
    func contains(_ other: WebAddress) -> Bool {
        guard origin == other.origin else {
            return false
        }
        let own = pathWithoutEnd
        let rest = other.pathWithoutEnd
        guard rest.starts(with: own) else {
            return false
        }
        return rest.count == own.count || rest[rest.startIndex + own.count] == UInt8(ascii: "/")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !#""<>\^`{|}#"#.utf8.contains(byte)
    }

    private static func isAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}
