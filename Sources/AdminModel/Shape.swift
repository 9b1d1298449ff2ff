internal import Base

/// What a JSON value of the admin API has to look like: one description, read by the check of requests and by the
/// OpenAPI document.
public indirect enum Shape: Sendable {
    /// Text that keeps a rule.
    case text(TextRule)
    /// One of these words.
    case word([String])
    /// A whole number in a range.
    case whole(ClosedRange<Int>)
    /// `true` or `false`.
    case flag
    /// RFC 3339.
    case time
    /// Any JSON value: a document that is judged elsewhere.
    case document
    /// A number that need not be whole.
    case number
    /// A list of so many.
    case list(Shape, count: ClosedRange<Int>)
    /// An object with these members and, unless it is open, no others.
    case record([Member], isOpen: Bool)
    /// An object whose members all have one shape, by whatever name.
    case map(Shape)
    /// The shape, or `null`.
    case optional(Shape)
    /// One of these; told apart by whoever reads it.
    case either([Shape])
    /// A shape of ``Components``, by its name.
    case reference(String)

    /// A closed object.
    public static func record(_ members: Member...) -> Shape { .record(members, isOpen: false) }

    /// A list of at most so many.
    public static func list(_ shape: Shape, atMost count: Int = 10_000) -> Shape { .list(shape, count: 0...count) }

    /// Text of any content, in Unicode scalars.
    public static func text(_ length: ClosedRange<Int> = 0...65_536) -> Shape { .text(TextRule(length: length)) }

    /// One member of an object.
    public struct Member: Sendable {
        /// Its key.
        public let key: String
        /// What it is.
        public let shape: Shape
        /// Whether it must be there.
        public let isRequired: Bool
        /// A sentence for people; may be empty.
        public let about: String

        /// A member that must be there.
        public static func needed(_ key: String, _ shape: Shape, _ about: String = "") -> Member {
            Member(key: key, shape: shape, isRequired: true, about: about)
        }

        /// A member that may be left out.
        public static func free(_ key: String, _ shape: Shape, _ about: String = "") -> Member {
            Member(key: key, shape: shape, isRequired: false, about: about)
        }
    }
}

/// What a text has to keep.
public struct TextRule: Sendable {
    /// Kinds of text that have a rule of their own.
    public enum Kind: Sendable {
        /// Anything.
        case free
        /// A name that stands in a path: lower-case letters, digits and `-`, not `-` first.
        case name
        /// A label: at most 128 bytes without control characters.
        case label
        /// `NAME@HOST`.
        case email
        /// A UUID.
        case id
        /// Hexadecimal digits in lower case.
        case hexadecimal
        /// An opaque text of the API itself: letters, digits, `-` and `_`.
        case opaque
    }

    /// Its kind.
    public let kind: Kind
    /// Unicode scalars.
    public let length: ClosedRange<Int>

    /// A rule from its parts.
    public init(_ kind: Kind = .free, length: ClosedRange<Int>) {
        self.kind = kind
        self.length = length
    }

    /// The regular expression (ECMA-262) that says the same; `nil` when any text will do.
    var pattern: String? {
        switch kind {
        case .free: nil
        case .name: "^[a-z0-9][a-z0-9-]*$"
        case .label: "^[^\\u0000-\\u001f\\u007f]+$"
        case .email: "^[!-?A-~]+@[!-?A-~]+$"
        case .id: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        case .hexadecimal: "^[0-9a-f]+$"
        case .opaque: "^[A-Za-z0-9_-]+$"
        }
    }

    /// What is wrong with a text; `nil` when nothing is.
    func refusal(of text: [UInt8]) -> String? {
        let count = text.count { $0 & 0xC0 != 0x80 }
        guard length.contains(count) else {
            return length.lowerBound == length.upperBound
                ? "it has \(count) characters, not \(length.lowerBound)"
                : "it has \(count) characters: \(length.lowerBound) to \(length.upperBound) are allowed"
        }
        switch kind {
        case .free: return nil
        case .name:
            return text.first != 0x2D && text.allSatisfy { $0.isLowerAlphanumeric || $0 == 0x2D }
                ? nil : "use lower-case letters, digits and `-`, not `-` first"
        case .label:
            return text.count <= 128 && text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                ? nil : "use at most 128 bytes of UTF-8 without control characters"
        case .email:
            let isPlain = text.allSatisfy { (0x21...0x7E).contains($0) } && text.count(where: { $0 == 0x40 }) == 1
            return isPlain && text.first != 0x40 && text.last != 0x40 ? nil : "write NAME@HOST"
        case .id:
            return Self.isID(text) ? nil : "it is no UUID in lower case"
        case .hexadecimal:
            return text.allSatisfy { $0.decimalDigit != nil || (0x61...0x66).contains($0) }
                ? nil : "use hexadecimal digits in lower case"
        case .opaque:
            return text.allSatisfy { $0.isLowerAlphanumeric || (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x5F }
                ? nil : "give what the API gave, as it is"
        }
    }

    private static func isID(_ text: [UInt8]) -> Bool {
        text.count == 36
            && text.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index)
                    ? byte == 0x2D : byte.decimalDigit != nil || (0x61...0x66).contains(byte)
            }
    }
}

extension UInt8 {
    var isLowerAlphanumeric: Bool { decimalDigit != nil || (0x61...0x7A).contains(self) }
}
