import Base

/// Addresses of resources that mean the same to whoever compares bytes and to whoever parses them as a URL.
///
/// Servers that parse (WHATWG URL, 4.4) take dot segments out, letters of a scheme down and blanks off. Rules compare bytes,
/// so an address that would change on the way is refused where there are rules (security.md, law 1): `docs://public/../private`
/// begins with `docs://public/` and is not below it.
enum ResourceAddress {
    /// Whether no reader changes it; a template's braces are letters as any other here.
    static func isPlain(_ address: ByteString) -> Bool {
        let bytes = address.bytes
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) else {
            return false
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            return !hasDotSegment(bytes[...])
        }
        // Upper case in a scheme goes down on the way.
        guard !bytes[..<colon].contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
            return false
        }
        var rest = bytes[(colon + 1)...]
        if rest.starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")]) {
            let authority = rest.dropFirst(2).prefix { !isEnd($0) }
            guard authority.last != UInt8(ascii: ":") else {
                return false
            }
            rest = rest[authority.endIndex...]
        }
        return !hasDotSegment(rest)
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// Whether a segment of the path is `.` or `..`, also when its dots are written as `%2e`.
    private static func hasDotSegment(_ path: ArraySlice<UInt8>) -> Bool {
        let end = path.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? path.endIndex
        return path[..<end].split(separator: UInt8(ascii: "/")).contains { segment in
            let text = String(decoding: segment.prefix(7), as: UTF8.self).lowercased()
            return [".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"].contains(text)
        }
    }
}
