/// Whether a pattern can only match a whole text, told from how it is written (security.md, B3).
///
/// Looks at each alternative outside of groups: `^prod|dev$` begins and ends with anchors and still finds `dev` anywhere.
/// A pattern that hides its anchors in a group counts as a search; a warning too many does no harm.
struct PatternAnchors {
    private enum Token {
        case begin
        case end
        case other
    }

    private var first: Token?
    private var last: Token?
    private var isWhole = true
    private var depth = 0
    private let source: [UInt8]
    private var position = 0

    private init(_ source: [UInt8]) {
        self.source = source
    }

    /// Whether every alternative of an RE2 pattern is held at both ends.
    ///
    /// Linear in the pattern's length.
    static func areComplete(in source: [UInt8]) -> Bool {
        var scan = PatternAnchors(source)
        while let byte = scan.next() {
            scan.take(byte)
        }
        scan.endAlternative()
        return scan.isWhole
    }

    private mutating func next() -> UInt8? {
        guard position < source.count else {
            return nil
        }
        defer { position += 1 }
        return source[position]
    }

    private mutating func take(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"):
            takeEscape()
        case UInt8(ascii: "["):
            skipClass()
            note(.other)
        case UInt8(ascii: "("):
            takeGroup()
        case UInt8(ascii: ")"):
            depth = max(0, depth - 1)
        case UInt8(ascii: "|") where depth == 0:
            endAlternative()
        case UInt8(ascii: "^"):
            note(.begin)
        case UInt8(ascii: "$"):
            note(.end)
        case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "+"), UInt8(ascii: "{"):
            // `^?` holds nothing: what is repeated is no anchor any more.
            loosen()
        default:
            note(.other)
        }
    }

    private mutating func note(_ token: Token) {
        guard depth == 0 else {
            return
        }
        first = first ?? token
        last = token
    }

    private mutating func loosen() {
        guard depth == 0 else {
            return
        }
        if first == .begin, last == .begin {
            first = .other
        }
        last = .other
    }

    private mutating func endAlternative() {
        isWhole = isWhole && first == .begin && last == .end
        first = nil
        last = nil
    }

    private mutating func takeEscape() {
        switch next() {
        case UInt8(ascii: "A"):
            note(.begin)
        case UInt8(ascii: "z"):
            note(.end)
        case UInt8(ascii: "Q"):
            skipQuote()
            note(.other)
        default:
            note(.other)
        }
    }

    /// A group, or flags: `(?i)` is no part of the text, `(?m)` turns anchors of texts into anchors of lines.
    private mutating func takeGroup() {
        guard position < source.count, source[position] == UInt8(ascii: "?") else {
            note(.other)
            depth += 1
            return
        }
        var end = position + 1
        while end < source.count, Self.isFlag(source[end]) {
            isWhole = isWhole && source[end] != UInt8(ascii: "m")
            end += 1
        }
        if end < source.count, source[end] == UInt8(ascii: ")") {
            position = end + 1
            return
        }
        note(.other)
        depth += 1
        position = end
    }

    private static func isFlag(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte == UInt8(ascii: "U") || byte == UInt8(ascii: "-")
    }

    /// Up to the `]` of a class; one that stands first is a member, and so is what stands in `[:alpha:]`.
    private mutating func skipClass() {
        if position < source.count, source[position] == UInt8(ascii: "^") {
            position += 1
        }
        var isFirst = true
        while let byte = next() {
            if byte == UInt8(ascii: "]"), !isFirst {
                return
            }
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                _ = next()
            } else if byte == UInt8(ascii: "["), position < source.count, source[position] == UInt8(ascii: ":") {
                skip(past: [UInt8(ascii: ":"), UInt8(ascii: "]")])
            }
        }
    }

    private mutating func skipQuote() {
        skip(past: [UInt8(ascii: "\\"), UInt8(ascii: "E")])
    }

    /// Moves behind the next two bytes that are `mark`, or to the end.
    private mutating func skip(past mark: [UInt8]) {
        while position + 1 < source.count {
            if source[position] == mark[0], source[position + 1] == mark[1] {
                position += 2
                return
            }
            position += 1
        }
        position = source.count
    }
}
