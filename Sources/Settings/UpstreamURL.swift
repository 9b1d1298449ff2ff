public import Base

/// Where an upstream is, from an `http` or `https` URL written without ambiguity (RFC 3986).
///
/// Spellings that two parsers could read differently are refused rather than normalised: userinfo, fragments,
/// backslashes, escapes in the host, numbers in place of addresses.
public struct UpstreamURL: Hashable, Sendable {
    /// `https`, and not `http`.
    public let isSecure: Bool
    /// Lower case; IPv6 addresses without their brackets.
    public let host: ByteString
    /// The port given, else 80 or 443.
    public let port: Int
    /// Path and query for the request line; begins with `/`.
    public let target: ByteString

    /// Reads a URL.
    ///
    /// - Throws: ``Refusal`` with what is wrong about it.
    public init(_ text: [UInt8]) throws(Refusal) {
        guard text.count <= 2_048 else {
            throw .tooLong
        }
        guard text.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains(where: { Self.refused.contains($0) })
        else {
            throw .badCharacter
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else {
            throw .scheme
        }
        let scheme = text[..<colon].map { $0 | 0x20 }
        guard text[colon...].hasPrefix("://"), scheme.isEqual(to: "http") || scheme.isEqual(to: "https") else {
            throw .scheme
        }
        isSecure = scheme.count == 5
        let rest = text[(colon + 3)...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        (host, port) = try Self.authority(rest[..<end], defaultPort: isSecure ? 443 : 80)
        let path = rest[end...]
        guard Self.hasWholeEscapes(path) else {
            throw .badCharacter
        }
        target = ByteString(path.first == UInt8(ascii: "/") ? Array(path) : [UInt8(ascii: "/")] + path)
    }

    /// Why a URL was refused.
    public enum Refusal: Error, Hashable, Sendable {
        /// More than 2048 bytes.
        case tooLong
        /// Neither `http://` nor `https://`.
        case scheme
        /// Blanks, control characters, characters beyond ASCII, `\`, a fragment, or a `%` that is no escape.
        case badCharacter
        /// `user:password@`.
        case userinfo
        /// No host, or one that is neither a name nor an address in its usual form.
        case host
        /// Not a number from 1 to 65535.
        case port
    }

    /// Whether the host is this machine: `localhost`, a name below it, 127.0.0.0/8 or `::1`.
    public var isLoopback: Bool {
        let name = host.bytes
        return name.isEqual(to: "localhost") || name.suffix(10).isEqual(to: ".localhost") || name.isEqual(to: "::1")
            || (name.hasPrefix("127.") && Self.isIPv4(name[...]))
    }

    /// `http://host:port` or `https://host:port`: what a credential is bound to (security.md, G5).
    public var origin: ByteString {
        var output: [UInt8] = []
        output.append(isSecure ? "https://" : "http://")
        let isAddress = host.bytes.contains(UInt8(ascii: ":"))
        output.append(contentsOf: isAddress ? [UInt8(ascii: "[")] + host.bytes + [UInt8(ascii: "]")] : host.bytes)
        output.append(UInt8(ascii: ":"))
        output.append(decimal: port)
        return ByteString(output)
    }

    private static let refused = Array("\\#<>\"^`{|}".utf8)
}

// MARK: - Authority

extension UpstreamURL {
    private static func authority(
        _ text: ArraySlice<UInt8>,
        defaultPort: Int
    ) throws(Refusal) -> (host: ByteString, port: Int) {
        guard !text.contains(UInt8(ascii: "@")) else {
            throw .userinfo
        }
        if text.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else {
                throw .host
            }
            let address = text[(text.startIndex + 1)..<bracket]
            guard isIPv6(address) else {
                throw .host
            }
            return (ByteString(lowerCased(address)), try port(text[(bracket + 1)...], default: defaultPort))
        }
        let end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        guard isName(text[..<end]) || isIPv4(text[..<end]) else {
            throw .host
        }
        return (ByteString(lowerCased(text[..<end])), try port(text[end...], default: defaultPort))
    }

    private static func port(_ text: ArraySlice<UInt8>, default standard: Int) throws(Refusal) -> Int {
        guard let colon = text.first else {
            return standard
        }
        let digits = text.dropFirst()
        guard colon == UInt8(ascii: ":"), (1...5).contains(digits.count),
            digits.allSatisfy({ $0.decimalDigit != nil })
        else {
            throw .port
        }
        let number = digits.reduce(0) { $0 * 10 + ($1.decimalDigit ?? 0) }
        guard (1...65_535).contains(number) else {
            throw .port
        }
        return number
    }

    private static func lowerCased(_ text: ArraySlice<UInt8>) -> [UInt8] {
        text.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Labels of letters, digits, `-` and `_`; the last is no number, which some would read as an address.
    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.count <= 253, let last = labels.last, labels.allSatisfy({ (1...63).contains($0.count) }) else {
            return false
        }
        let isWellFormed = text.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        let isHexadecimal =
            lowerCased(last).hasPrefix("0x") && last.dropFirst(2).allSatisfy { $0.hexadecimalDigit != nil }
        return isWellFormed && !last.allSatisfy { $0.decimalDigit != nil } && !isHexadecimal
    }

    /// Four decimal numbers up to 255 without leading zeros.
    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { $0.decimalDigit != nil }
                    && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && part.reduce(0) { $0 * 10 + ($1.decimalDigit ?? 0) } <= 255
            }
    }

    /// Eight groups of up to four digits, one run of them written as `::`; no zone, no IPv4 inside.
    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard text.allSatisfy({ $0.hexadecimalDigit != nil || $0 == UInt8(ascii: ":") }),
            groups.allSatisfy({ $0.count <= 4 }), (3...9).contains(groups.count)
        else {
            return false
        }
        let written = groups.count { !$0.isEmpty }
        let gaps = zip(text, text.dropFirst()).count { $0 == UInt8(ascii: ":") && $1 == UInt8(ascii: ":") }
        let startsBare = groups[0].isEmpty && !text.hasPrefix("::")
        let endsBare = groups[groups.count - 1].isEmpty && !text.suffix(2).isEqual(to: "::")
        guard !startsBare, !endsBare else {
            return false
        }
        return gaps == 0 ? written == 8 && groups.count == 8 : gaps == 1 && written <= 7
    }

    private static func hasWholeEscapes(_ path: ArraySlice<UInt8>) -> Bool {
        path.indices.allSatisfy { index in
            path[index] != UInt8(ascii: "%")
                || (path.endIndex - index > 2 && path[index + 1].hexadecimalDigit != nil
                    && path[index + 2].hexadecimalDigit != nil)
        }
    }
}

extension UpstreamURL.Refusal: CustomStringConvertible {
    /// What is wrong about the URL, without its text, which may hold a password.
    public var description: String {
        switch self {
        case .tooLong: "the URL is longer than 2048 bytes"
        case .scheme: "the URL must begin with http:// or https://"
        case .badCharacter:
            "the URL holds a character that must not stand there (blank, `\\`, `#`, beyond ASCII, lone `%`)"
        case .userinfo: "the URL holds a user or password"
        case .host: "the URL's host is neither a name nor an address in its usual form"
        case .port: "the URL's port is no number from 1 to 65535"
        }
    }
}
