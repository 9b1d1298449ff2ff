import Base

/// A pattern that has no exact counterpart in RE2.
struct UntranslatablePattern: Error {}

/// Rewrites a regular expression of ECMA-262 (with the `u` flag, as JSON Schema asks) for RE2.
///
/// What both spell alike but mean differently is spelled out: `.`, `\s`, `\cX`, `\uXXXX`, classes. What RE2 cannot do in
/// linear time (look-around, back-references) is refused. Where the `u` flag makes an error of a stray `{`, `}` or `]`,
/// or of a backslash before punctuation, the plain character is taken, as ECMA-262's Annex B does.
struct ECMAPattern {
    private let source: [UInt8]
    private var position = 0
    private var output: [UInt8] = []

    /// The pattern for RE2, in UTF-8 like the source.
    static func translated(_ source: [UInt8]) throws(UntranslatablePattern) -> [UInt8] {
        var pattern = ECMAPattern(source)
        try pattern.translate()
        return pattern.output
    }

    private init(_ source: [UInt8]) {
        self.source = source
        output.reserveCapacity(source.count * 2)
    }

    private var next: UInt8? { position < source.count ? source[position] : nil }

    private mutating func translate() throws(UntranslatablePattern) {
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\\"):
                try translateEscape()
            case UInt8(ascii: "["):
                try translateClass()
            case UInt8(ascii: "("):
                try translateGroup()
            case UInt8(ascii: "."):
                position += 1
                CharacterSet.lineTerminators.inverted.append(to: &output)
            case UInt8(ascii: "{"):
                translateBrace()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                position += 1
                output += [UInt8(ascii: "\\"), byte]
            default:
                // Anything else means the same to both, bytes above ASCII included.
                position += 1
                output.append(byte)
            }
        }
    }

    /// All groups are made non-capturing: nothing asks for what they captured.
    private mutating func translateGroup() throws(UntranslatablePattern) {
        position += 1
        output.append("(?:")
        guard next == UInt8(ascii: "?") else {
            return
        }
        position += 1
        if next == UInt8(ascii: ":") {
            position += 1
            return
        }
        guard next == UInt8(ascii: "<"), position + 1 < source.count, source[position + 1] != UInt8(ascii: "="),
            source[position + 1] != UInt8(ascii: "!"),
            let end = source[position...].firstIndex(of: UInt8(ascii: ">"))
        else {
            throw UntranslatablePattern()
        }
        position = end + 1
    }

    /// A quantifier, or a brace that is just a brace.
    private mutating func translateBrace() {
        var end = position + 1
        var digits = 0
        var commas = 0
        while end < source.count, source[end] != UInt8(ascii: "}") {
            if source[end].decimalDigit != nil {
                digits += commas == 0 ? 1 : 0
            } else if source[end] == UInt8(ascii: ","), commas == 0 {
                commas = 1
            } else {
                break
            }
            end += 1
        }
        let isQuantifier = digits > 0 && end < source.count && source[end] == UInt8(ascii: "}")
        if isQuantifier {
            output += source[position...end]
            position = end + 1
        } else {
            output.append("\\{")
            position += 1
        }
    }

    private mutating func translateEscape() throws(UntranslatablePattern) {
        guard position + 1 < source.count else {
            throw UntranslatablePattern()
        }
        switch source[position + 1] {
        case UInt8(ascii: "b"):
            output.append("\\b")
            position += 2
        case UInt8(ascii: "B"):
            output.append("\\B")
            position += 2
        default:
            switch try readEscape() {
            case .scalar(let scalar): CharacterSet.append(escaped: scalar, to: &output)
            case .set(let set): set.append(to: &output)
            case .property(let name): output += name
            }
        }
    }

    // MARK: - escapes

    private enum Escape {
        case scalar(UInt32)
        case set(CharacterSet)
        /// RE2's spelling of a Unicode property.
        case property([UInt8])
    }

    /// An escape that means the same inside and outside of classes; `position` is at its backslash.
    private mutating func readEscape() throws(UntranslatablePattern) -> Escape {
        let letter = source[position + 1]
        position += 2
        switch letter {
        case UInt8(ascii: "d"): return .set(.digits)
        case UInt8(ascii: "D"): return .set(CharacterSet.digits.inverted)
        case UInt8(ascii: "w"): return .set(.wordCharacters)
        case UInt8(ascii: "W"): return .set(CharacterSet.wordCharacters.inverted)
        case UInt8(ascii: "s"): return .set(.whiteSpace)
        case UInt8(ascii: "S"): return .set(CharacterSet.whiteSpace.inverted)
        case UInt8(ascii: "t"): return .scalar(9)
        case UInt8(ascii: "n"): return .scalar(10)
        case UInt8(ascii: "v"): return .scalar(11)
        case UInt8(ascii: "f"): return .scalar(12)
        case UInt8(ascii: "r"): return .scalar(13)
        case UInt8(ascii: "0"):
            guard next?.decimalDigit == nil else {
                throw UntranslatablePattern()
            }
            return .scalar(0)
        case UInt8(ascii: "c"):
            guard let control = next, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(control | 0x20) else {
                throw UntranslatablePattern()
            }
            position += 1
            return .scalar(UInt32(control & 31))
        case UInt8(ascii: "x"):
            return .scalar(try readHexadecimal(2))
        case UInt8(ascii: "u"):
            return .scalar(try readUnicodeEscape())
        case UInt8(ascii: "p"), UInt8(ascii: "P"):
            return try readProperty(isNegated: letter == UInt8(ascii: "P"))
        default:
            // Letters and digits would be other escapes, back-references among them; the rest is itself.
            guard letter < 0x80, !isWordCharacter(letter) || letter == UInt8(ascii: "_") else {
                throw UntranslatablePattern()
            }
            return .scalar(UInt32(letter))
        }
    }

    private func isWordCharacter(_ byte: UInt8) -> Bool {
        byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == 0x5F
    }

    private mutating func readHexadecimal(_ count: Int) throws(UntranslatablePattern) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next?.hexadecimalDigit else {
                throw UntranslatablePattern()
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// After `\u`: four digits, a pair of such, or braces.
    private mutating func readUnicodeEscape() throws(UntranslatablePattern) -> UInt32 {
        var value: UInt32 = 0
        if next == UInt8(ascii: "{") {
            position += 1
            repeat {
                guard let digit = next?.hexadecimalDigit, value < 0x110000 else {
                    throw UntranslatablePattern()
                }
                value = value << 4 | UInt32(digit)
                position += 1
            } while next != UInt8(ascii: "}")
            position += 1
        } else {
            value = try readHexadecimal(4)
            if (0xD800...0xDBFF).contains(value), source[position...].hasPrefix("\\u") {
                position += 2
                let low = try readHexadecimal(4)
                guard (0xDC00...0xDFFF).contains(low) else {
                    throw UntranslatablePattern()
                }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        // Half a pair is in no valid text.
        guard Unicode.Scalar(value) != nil else {
            throw UntranslatablePattern()
        }
        return value
    }

    private mutating func readProperty(isNegated: Bool) throws(UntranslatablePattern) -> Escape {
        guard next == UInt8(ascii: "{"), let end = source[position...].firstIndex(of: UInt8(ascii: "}")),
            let name = UnicodeProperty.name(source[(position + 1)..<end])
        else {
            throw UntranslatablePattern()
        }
        position = end + 1
        if name.isEqual(to: "ASCII") {
            return .set(isNegated ? CharacterSet.ascii.inverted : .ascii)
        }
        if name.isEqual(to: "Any") {
            return .set(isNegated ? CharacterSet([]) : .all)
        }
        return .property(Array(isNegated ? "\\P{".utf8 : "\\p{".utf8) + name + [UInt8(ascii: "}")])
    }

    // MARK: - classes

    private mutating func translateClass() throws(UntranslatablePattern) {
        position += 1
        let isNegated = next == UInt8(ascii: "^")
        if isNegated {
            position += 1
        }
        var set = CharacterSet([])
        var properties: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "]") {
            guard let low = try readClassAtom(&set, &properties) else {
                continue
            }
            guard next == UInt8(ascii: "-"), position + 1 < source.count, source[position + 1] != UInt8(ascii: "]")
            else {
                set.insert(low...low)
                continue
            }
            position += 1
            if let high = try readClassAtom(&set, &properties) {
                guard low <= high else {
                    throw UntranslatablePattern()
                }
                set.insert(low...high)
            } else {
                // A range to a set is none: both ends and the dash stand for themselves.
                set.insert(low...low)
                set.insert(0x2D...0x2D)
            }
        }
        guard next != nil else {
            throw UntranslatablePattern()
        }
        position += 1
        guard !properties.isEmpty else {
            (isNegated ? set.inverted : set).append(to: &output)
            return
        }
        output.append(isNegated ? "[^" : "[")
        set.appendRanges(to: &output)
        output += properties
        output.append(UInt8(ascii: "]"))
    }

    /// One character of a class, or `nil` after a set, which was added.
    private mutating func readClassAtom(
        _ set: inout CharacterSet,
        _ properties: inout [UInt8]
    ) throws(UntranslatablePattern) -> UInt32? {
        guard let byte = next else {
            throw UntranslatablePattern()
        }
        guard byte == UInt8(ascii: "\\") else {
            return try readScalar()
        }
        guard position + 1 < source.count else {
            throw UntranslatablePattern()
        }
        // Inside a class this is a backspace, and a dash may be escaped.
        if source[position + 1] == UInt8(ascii: "b") {
            position += 2
            return 8
        }
        switch try readEscape() {
        case .scalar(let scalar):
            return scalar
        case .set(let other):
            set.formUnion(other)
        case .property(let name):
            properties += name
        }
        return nil
    }

    private mutating func readScalar() throws(UntranslatablePattern) -> UInt32 {
        let length = UTF8Check.sequenceLength(source.span, at: position)
        var decoder = UTF8()
        var bytes = source[position..<(position + length)].makeIterator()
        guard length > 0, case .scalarValue(let scalar) = decoder.decode(&bytes) else {
            throw UntranslatablePattern()
        }
        position += length
        return scalar.value
    }
}
