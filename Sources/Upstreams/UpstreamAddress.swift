import Base
public import HTTPTransport

/// Where a server is reached: an origin and a target, read strictly from the address an operator wrote.
public struct UpstreamAddress: Hashable, Sendable {
    /// Scheme, host and port.
    public let origin: HTTPOrigin
    /// The path with its query, as it stands in the request line.
    public let target: [UInt8]

    /// Why an address cannot be used.
    public enum Problem: String, Error, Hashable, Sendable, CaseIterable {
        /// It begins with neither `http://` nor `https://`.
        case scheme = "it must begin with `http://` or `https://`"
        /// It names a user or a password.
        case userInfo = "it must not hold a user or password: put credentials into `headers`"
        /// There is no host, or one with bytes a host cannot have.
        case host = "its host is missing or not plain ASCII (write an international name in its `xn--` form)"
        /// The port is not a number from 1 to 65535.
        case port = "its port must be a number from 1 to 65535"
        /// The path or query holds bytes that cannot stand there.
        case target = "its path holds characters that must be percent-encoded"
        /// It has a `#` part, which no server ever sees.
        case fragment = "it must not have a `#` part"
        /// Plain text to another machine.
        case insecure = "plain `http` is for this machine only: use `https`, or set `allow_insecure: true`"
    }

    /// Reads an address (RFC 3986, the parts an HTTP server can have).
    ///
    /// - Parameters:
    ///   - text: the address as it is written.
    ///   - allowsInsecure: whether plain `http` may leave this machine (G1 as architecture.md, section 7, has it).
    /// - Throws: the first thing that is wrong with it.
    public init(_ text: some Collection<UInt8>, allowsInsecure: Bool = false) throws(Problem) {
        let bytes = Array(text)
        let isSecure = bytes.count >= 8 && Self.lowercased(bytes[..<8]).elementsEqual("https://".utf8)
        guard isSecure || (bytes.count >= 7 && Self.lowercased(bytes[..<7]).elementsEqual("http://".utf8)) else {
            throw .scheme
        }
        let rest = bytes[(isSecure ? 8 : 7)...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let authority = rest[..<(end ?? rest.endIndex)]
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw .userInfo
        }
        let (host, port) = try Self.split(authority)
        guard isSecure || allowsInsecure || Self.isLoopback(host) else {
            throw .insecure
        }
        origin = HTTPOrigin(isSecure ? .https : .http, host: ByteString(host), port: port)
        target = try Self.target(rest[(end ?? rest.endIndex)...])
    }

    /// What a stream's `endpoint` event names, resolved against this address (RFC 3986, section 5.2, without dot segments);
    /// `nil` when it cannot be used or is of another origin: a credential never goes there (LC-10, G5).
    func endpoint(_ reference: [UInt8]) -> UpstreamAddress? {
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        var text = Array(origin.description.utf8)
        if reference.starts(with: "//".utf8) || reference.isEmpty || reference.count > Self.maximumReference {
            return nil
        } else if reference.first == UInt8(ascii: "/") {
            text += reference
        } else if reference.first == UInt8(ascii: "?") {
            text += path + reference
        } else if Self.hasScheme(reference) {
            text = reference
        } else {
            let folder = path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? []
            text += folder + reference
        }
        do throws(Problem) {
            let named = try UpstreamAddress(text, allowsInsecure: true)
            let segments = named.target.prefix { $0 != UInt8(ascii: "?") }.split(separator: UInt8(ascii: "/"))
            let hasDots = segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
            return named.origin == origin && !hasDots ? named : nil
        } catch {
            return nil
        }
    }

    // LIMIT: bytes of an endpoint, which goes into every request line.
    private static let maximumReference = 4_096

    private static func hasScheme(_ reference: [UInt8]) -> Bool {
        let head = reference.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        return head.contains(UInt8(ascii: ":"))
    }

    private static func split(_ authority: ArraySlice<UInt8>) throws(Problem) -> ([UInt8], UInt16?) {
        var host = authority
        var port: ArraySlice<UInt8>?
        if authority.first == UInt8(ascii: "[") {
            guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")) else {
                throw .host
            }
            host = authority[...bracket]
            let after = authority[(bracket + 1)...]
            if let colon = after.first {
                guard colon == UInt8(ascii: ":") else {
                    throw .host
                }
                port = after.dropFirst()
            }
        } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
            host = authority[..<colon]
            port = authority[(colon + 1)...]
        }
        guard (1...255).contains(host.count), isHost(host) else {
            throw .host
        }
        guard let port else {
            return (lowercased(unbracketed(host)), nil)
        }
        guard (1...5).contains(port.count), let number = UInt16(String(decoding: port, as: UTF8.self)), number > 0,
            port.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw .port
        }
        return (lowercased(unbracketed(host)), number)
    }

    private static func isHost(_ host: ArraySlice<UInt8>) -> Bool {
        if host.first == UInt8(ascii: "[") {
            let inner = host.dropFirst().dropLast()
            return !inner.isEmpty
                && inner.allSatisfy { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") || isHex($0) }
        }
        return host.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    private static func unbracketed(_ host: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        host.first == UInt8(ascii: "[") ? host.dropFirst().dropLast() : host
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private static func target(_ text: ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
        guard !text.contains(UInt8(ascii: "#")) else {
            throw .fragment
        }
        let isClean = text.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#""<>\^`{|}"#.utf8.contains($0) }
        guard isClean else {
            throw .target
        }
        let path = text.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        let whole = path + text
        // A request line that begins with two slashes reads as another host to some servers.
        guard !whole.starts(with: "//".utf8) else {
            throw .target
        }
        return whole
    }

    /// `localhost` and literals of 127.0.0.0/8 and ::1: what can be told without asking a resolver.
    static func isLoopback(_ host: [UInt8]) -> Bool {
        if host.elementsEqual("localhost".utf8) || host.elementsEqual("::1".utf8) {
            return true
        }
        let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].elementsEqual("127".utf8)
            && parts.allSatisfy { UInt8(String(decoding: $0, as: UTF8.self)) != nil }
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }
}
