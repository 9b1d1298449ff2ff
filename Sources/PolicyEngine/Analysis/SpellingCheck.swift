import Base

/// Finds denied resources that another spelling of the same URI would reach (security.md, B10).
///
/// Patterns are compared byte by byte, but the case of a scheme or host says nothing, and what is percent-encoded there
/// means the same (RFC 3986, section 6.2.2): a server may well serve `docs://INTERNAL/x` as `docs://internal/x`.
enum SpellingCheck {
    static func run(_ document: PolicyDocument, _ findings: inout FindingList) {
        let list = document.resources
        let allowed = list.allow.map { NamePattern($0.value) }
        let denied = NameSet(list.deny.map(\.value))
        for pattern in list.deny {
            let escape = spellings(of: pattern.value).first { spelling in
                // A star of the pattern stands for itself here: one more byte that a star matches.
                guard !denied.contains(spelling) else {
                    return false
                }
                return document.defaultAction == .allow
                    || allowed.contains { $0.intersects(NamePattern(spelling)) }
            }
            if let escape {
                findings.warning(
                    .otherSpelling,
                    at: pattern.location,
                    "`\(escape)` may be the same resource and is allowed: patterns are compared byte by byte; "
                        + "allow what may be read instead of denying what may not"
                )
            }
        }
    }

    /// A pattern with its host, then its scheme, in other case, and with a letter of its host percent-encoded.
    private static func spellings(of pattern: ByteString) -> [ByteString] {
        let bytes = pattern.bytes
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            return []
        }
        var spellings: [ByteString] = []
        let rest = bytes[(colon + 1)...]
        if rest.hasPrefix("//") {
            let start = colon + 3
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
            if let letter = bytes[start..<end].firstIndex(where: \.isLetter) {
                spellings.append(ByteString(bytes[..<start] + bytes[start..<end].map(\.otherCase) + bytes[end...]))
                let encoded = [UInt8(ascii: "%")] + TextCoding.hexadecimal([bytes[letter]])
                spellings.append(ByteString(bytes[..<letter] + encoded + bytes[(letter + 1)...]))
            }
        }
        if bytes[..<colon].contains(where: \.isLetter) {
            spellings.append(ByteString(bytes[..<colon].map(\.otherCase) + bytes[colon...]))
        }
        return spellings
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }  // wraps below `a`

    fileprivate var otherCase: UInt8 { isLetter ? self ^ 0x20 : self }
}
