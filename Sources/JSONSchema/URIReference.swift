import Base

/// A URI reference taken apart (RFC 3986, section 3): enough to resolve `$id` and `$ref`, nothing is ever fetched.
struct URIReference {
    var scheme: ArraySlice<UInt8>?
    var authority: ArraySlice<UInt8>?
    var path: ArraySlice<UInt8> = []
    var query: ArraySlice<UInt8>?
    var fragment: ArraySlice<UInt8>?

    /// Any bytes are some reference; the grammar of the parts is not checked.
    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        if let mark = rest.firstIndex(of: UInt8(ascii: "#")) {
            fragment = rest[(mark + 1)...]
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = rest[(mark + 1)...]
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(where: { !Self.isSchemeCharacter($0) }), mark > rest.startIndex,
            rest[mark] == UInt8(ascii: ":")
        {
            scheme = rest[..<mark]
            rest = rest[(mark + 1)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            authority = rest[..<end]
            rest = rest[end...]
        }
        path = rest
    }

    private static func isSchemeCharacter(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: byte.decimalDigit != nil || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == 0x2E
        }
    }

    /// The target of `reference` seen from `base`, without its fragment (RFC 3986, section 5.2).
    static func resolve(_ reference: URIReference, against base: ByteString) -> ByteString {
        let base = URIReference(base.bytes[...])
        var target = reference
        target.fragment = nil
        if reference.scheme != nil {
            return target.text
        }
        target.scheme = base.scheme
        guard reference.authority == nil else {
            target.path = withoutDotSegments(target.path)
            return target.text
        }
        target.authority = base.authority
        if reference.path.isEmpty {
            target.path = base.path
            target.query = reference.query ?? base.query
        } else if reference.path.first == UInt8(ascii: "/") {
            target.path = withoutDotSegments(reference.path)
        } else {
            target.path = withoutDotSegments(merged(reference.path, with: base))
        }
        return target.text
    }

    private static func merged(_ path: ArraySlice<UInt8>, with base: URIReference) -> ArraySlice<UInt8> {
        if base.authority != nil, base.path.isEmpty {
            return [UInt8(ascii: "/")] + path
        }
        guard let slash = base.path.lastIndex(of: UInt8(ascii: "/")) else {
            return path
        }
        return base.path[...slash] + path
    }

    /// RFC 3986, section 5.2.4, segment by segment.
    private static func withoutDotSegments(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard path.contains(UInt8(ascii: ".")) else {
            return path
        }
        let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var kept: [ArraySlice<UInt8>] = []
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            let isParent = segment.isEqual(to: "..")
            guard isParent || segment.isEqual(to: ".") else {
                kept.append(segment)
                continue
            }
            // The first, empty segment stands for the leading slash and stays.
            if isParent, kept.count > 1 || (kept.count == 1 && !kept[0].isEmpty) {
                kept.removeLast()
            }
            if isLast {
                kept.append([])
            }
        }
        return ArraySlice(kept.joined(separator: [UInt8(ascii: "/")]))
    }

    private var text: ByteString {
        var output: [UInt8] = []
        if let scheme {
            output += scheme
            output.append(UInt8(ascii: ":"))
        }
        if let authority {
            output.append("//")
            output += authority
        }
        output += path
        if let query {
            output.append(UInt8(ascii: "?"))
            output += query
        }
        return ByteString(output)
    }

    /// Percent-decoded bytes; a stray `%` stands for itself.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.endIndex,
                let high = text[index + 1].hexadecimalDigit, let low = text[index + 2].hexadecimalDigit
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }
}
