public import Base

/// The text of a string or key.
///
/// It is compared as the UTF-8 it stands for, escapes resolved, and never as a `String`.
public struct JSONString: Sendable {
    /// The document it stands in.
    public let document: JSONDocument
    let index: Int

    var node: TapeNode { document.tape[index] }

    /// Its bytes in the document, between the quotes, as written.
    public var rawRange: Range<Int> { node.contents }

    /// How many bytes that are.
    public var rawCount: Int { node.contentsCount }

    /// Whether it was written with escapes; without, the raw bytes are the text.
    public var hasEscapes: Bool { node.hasEscapes }

    /// The same text as a value of its own, also when it is a key.
    package var value: JSONValue { JSONValue(document: document, index: index) }

    /// The text in UTF-8, escapes resolved; copies.
    public var bytes: [UInt8] {
        hasEscapes ? resolved : Array(document.bytes[rawRange])
    }

    /// The text in UTF-8, escapes resolved; copies only when there are any.
    ///
    /// Its indices do not start at 0.
    public var slice: ArraySlice<UInt8> {
        hasEscapes ? resolved[...] : document.bytes[rawRange]
    }

    private var resolved: [UInt8] { document.resolved(rawRange) }

    /// The text for people.
    ///
    /// Never compare the result.
    public var text: String { String(decoding: slice, as: UTF8.self) }

    /// How many Unicode scalars it has; linear, no allocation.
    public var scalarCount: Int {
        let bytes = document.bytes
        return StringEscapes.scalarCount(bytes.span, in: rawRange)
    }

    /// Whether this is exactly the literal; no allocation unless there are escapes.
    public func isEqual(to text: StaticString) -> Bool {
        document.isString(node, equalTo: text)
    }

    /// Whether this is exactly these bytes; no allocation unless there are escapes.
    public func isEqual(to other: some Collection<UInt8>) -> Bool {
        document.isString(node, equalTo: other)
    }

    /// Whether this is exactly these bytes; no allocation unless there are escapes.
    public func isEqual(to other: [UInt8]) -> Bool {
        document.isString(node, equalTo: other.span)
    }

    /// Whether this is exactly these bytes; no allocation unless there are escapes.
    public func isEqual(to other: ArraySlice<UInt8>) -> Bool {
        document.isString(node, equalTo: other.span)
    }

    /// Whether both stand for the same text, scalar by scalar.
    public func isEqual(to other: JSONString) -> Bool {
        if !hasEscapes, !other.hasEscapes, rawRange.count != other.rawRange.count {
            return false
        }
        return slice == other.slice
    }
}

extension JSONString: CustomStringConvertible {
    /// The text for people, as `text`.
    public var description: String { text }
}

/// A number as it was written.
public struct JSONNumber: Sendable {
    private let document: JSONDocument
    private let range: Range<Int>

    init(document: JSONDocument, range: Range<Int>) {
        self.document = document
        self.range = range
    }

    /// The digits as they came, uncopied.
    public var lexeme: ArraySlice<UInt8> { document.bytes[range] }

    /// The exact value.
    public var decimal: ExactDecimal {
        let bytes = document.bytes
        // The reader checked the grammar, which is the same.
        return ExactDecimal(lexeme: bytes.span.extracting(range)) ?? .zero
    }

    /// The value when it is a whole number that fits a machine integer, in any spelling.
    public var int: Int? { decimal.int }
}
