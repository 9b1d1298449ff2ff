internal import Base

/// Finds the host of an absolute URL the way browsers do (WHATWG URL standard, section 4.4), for `url_host_in` and
/// `url_private`.
///
/// Only what decides the host or whether the URL parses at all is looked at: scheme, authority, host, port. Paths,
/// queries and fragments cannot fail there. O(n) in the length of the URL, except that a domain with characters beyond
/// ASCII is bounded by `HostNames`.
enum URLHost {
    /// The host of `url`; `nil` when it does not parse, which includes every relative reference.
    static func parse(_ url: [UInt8]) -> ParsedHost? {
        var rest = stripped(url)[...]
        guard let scheme = takeScheme(from: &rest) else {
            return nil
        }
        if scheme.isEqual(to: "file") {
            return fileHost(rest)
        }
        if isSpecial(scheme) {
            let authority = rest.drop { isSlash($0) }
            return host(ofAuthority: authority.prefix { !isSlash($0) && !endsAuthority($0) }, isSpecial: true)
        }
        guard rest.starts(with: [slash, slash]) else {
            return ParsedHost(kind: .none)
        }
        return host(ofAuthority: rest.dropFirst(2).prefix { $0 != slash && !endsAuthority($0) }, isSpecial: false)
    }

    private static let slash = UInt8(ascii: "/")

    /// Without C0 controls and spaces at the ends, and without tabs and line breaks anywhere.
    private static func stripped(_ url: [UInt8]) -> [UInt8] {
        let body = url.drop { $0 <= 0x20 }
        let end = body.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? body.startIndex
        return body[..<end].filter { $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    }

    /// Takes `scheme:` off the front; `nil` when there is none.
    private static func takeScheme(from rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard let first = rest.first, first.isASCIILetter,
            let colon = rest.firstIndex(where: { !$0.isSchemeByte }), rest[colon] == UInt8(ascii: ":")
        else {
            return nil
        }
        let scheme = rest[..<colon].map(\.asciiLowerCased)
        rest = rest[(colon + 1)...]
        return scheme
    }

    private static func isSpecial(_ scheme: [UInt8]) -> Bool {
        scheme.isEqual(to: "http") || scheme.isEqual(to: "https") || scheme.isEqual(to: "ws")
            || scheme.isEqual(to: "wss") || scheme.isEqual(to: "ftp")
    }

    /// A slash of a special scheme, where a backslash is one too.
    private static func isSlash(_ byte: UInt8) -> Bool {
        byte == slash || byte == UInt8(ascii: "\\")
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// The host behind `file:`, which has neither userinfo nor port; a drive letter is a path, `localhost` is no host.
    private static func fileHost(_ rest: ArraySlice<UInt8>) -> ParsedHost? {
        guard rest.count >= 2, rest.prefix(2).allSatisfy(isSlash) else {
            return ParsedHost(kind: .none)
        }
        let name = rest.dropFirst(2).prefix { !isSlash($0) && !endsAuthority($0) }
        if name.isEmpty || isDriveLetter(name) {
            return ParsedHost(kind: .none)
        }
        guard let kind = ParsedHost.Kind(parsing: Array(name)) else {
            return nil
        }
        return kind == .domain(Array("localhost".utf8)) ? ParsedHost(kind: .none) : ParsedHost(kind: kind)
    }

    private static func isDriveLetter(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count == 2, let first = name.first, let last = name.last else {
            return false
        }
        return first.isASCIILetter && (last == UInt8(ascii: ":") || last == UInt8(ascii: "|"))
    }

    /// Everything before the last `@` is userinfo; then host, and port behind the first colon outside brackets.
    private static func host(ofAuthority authority: ArraySlice<UInt8>, isSpecial: Bool) -> ParsedHost? {
        let at = authority.lastIndex(of: UInt8(ascii: "@"))
        let hostAndPort = at.map { authority[($0 + 1)...] } ?? authority
        guard at == nil || !hostAndPort.isEmpty else {
            return nil
        }
        let (name, port) = splitPort(hostAndPort)
        guard isValid(port: port), !(name.isEmpty && (isSpecial || port != nil)) else {
            return nil
        }
        if isSpecial {
            return ParsedHost.Kind(parsing: Array(name)).map { ParsedHost(kind: $0) }
        }
        return name.isEmpty
            ? ParsedHost(kind: .none) : ParsedHost.Kind(opaque: Array(name)).map { ParsedHost(kind: $0) }
    }

    private static func splitPort(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, port: ArraySlice<UInt8>?) {
        var isInsideBrackets = false
        for (index, byte) in zip(text.indices, text) {
            switch byte {
            case UInt8(ascii: "["): isInsideBrackets = true
            case UInt8(ascii: "]"): isInsideBrackets = false
            case UInt8(ascii: ":") where !isInsideBrackets: return (text[..<index], text[(index + 1)...])
            default: break
            }
        }
        return (text, nil)
    }

    /// Digits up to 65535, or none at all.
    private static func isValid(port: ArraySlice<UInt8>?) -> Bool {
        var value = 0
        for byte in port ?? [] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                return false
            }
            value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 65_536)
        }
        return value <= 65_535
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    fileprivate var isSchemeByte: Bool {
        isASCIILetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: "+")
            || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
    }

    /// The lower-case form of an ASCII letter, any other byte as it is.
    fileprivate var asciiLowerCased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
