import Base

/// Unicode scalars as ranges, for writing classes that RE2 and ECMA-262 understand alike.
struct CharacterSet {
    private var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = ranges
    }

    static let all = CharacterSet([0...0x10FFFF])
    static let ascii = CharacterSet([0...0x7F])
    static let digits = CharacterSet([0x30...0x39])
    static let wordCharacters = CharacterSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMA-262's WhiteSpace and LineTerminator.
    static let whiteSpace = CharacterSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    /// What `.` does not match.
    static let lineTerminators = CharacterSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    mutating func insert(_ range: ClosedRange<UInt32>) {
        ranges.append(range)
    }

    mutating func formUnion(_ other: CharacterSet) {
        ranges += other.ranges
    }

    /// All other scalars.
    var inverted: CharacterSet {
        var output: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > start {
                output.append(start...(range.lowerBound - 1))
            }
            start = Swift.max(start, range.upperBound + 1)
        }
        if start <= 0x10FFFF {
            output.append(start...0x10FFFF)
        }
        return CharacterSet(output)
    }

    /// Appends a class; the empty one is the negation of everything.
    func append(to output: inout [UInt8]) {
        output.append(ranges.isEmpty ? "[^" : "[")
        (ranges.isEmpty ? Self.all : self).appendRanges(to: &output)
        output.append(UInt8(ascii: "]"))
    }

    /// Appends the ranges without brackets.
    func appendRanges(to output: inout [UInt8]) {
        for range in ranges {
            Self.append(escaped: range.lowerBound, to: &output)
            if range.upperBound > range.lowerBound {
                output.append(UInt8(ascii: "-"))
                Self.append(escaped: range.upperBound, to: &output)
            }
        }
    }

    /// Appends one scalar in a spelling that is never special.
    static func append(escaped scalar: UInt32, to output: inout [UInt8]) {
        output.append("\\x{")
        output += String(scalar, radix: 16).utf8
        output.append(UInt8(ascii: "}"))
    }
}

/// Unicode properties by the names ECMA-262 gives them.
enum UnicodeProperty {
    /// RE2's name for what stands between the braces of `\p{…}`; `nil` when it has none.
    ///
    /// RE2 knows general categories by their short names and scripts by their long ones, and refuses all other names.
    static func name(_ source: ArraySlice<UInt8>) -> [UInt8]? {
        var value = source
        var isCategory = true
        var isScript = false
        if let equals = source.firstIndex(of: UInt8(ascii: "=")) {
            let property = source[..<equals]
            value = source[(equals + 1)...]
            isScript = property.isEqual(to: "Script") || property.isEqual(to: "sc")
            isCategory = property.isEqual(to: "General_Category") || property.isEqual(to: "gc")
        }
        let name = String(decoding: value, as: UTF8.self)
        if isCategory, let short = categories[name] {
            return Array(short.utf8)
        }
        if isCategory, value.count <= 2, categories.values.contains(name) {
            return Array(value)
        }
        if isCategory, !source.contains(UInt8(ascii: "=")), name == "ASCII" || name == "Any" {
            return Array(value)
        }
        return isScript && !value.isEmpty ? Array(value) : nil
    }

    private static let categories: [String: String] = [
        "Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
        "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
        "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
        "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi",
        "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm",
        "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z",
        "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc",
        "cntrl": "Cc", "Format": "Cf", "Private_Use": "Co",
    ]
}
