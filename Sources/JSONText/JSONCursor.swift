public import Base

/// A value looked at where it stands: spans over its document's text and tape, and a place.
///
/// What judges values judges them through cursors: copying one counts no reference and finding a member allocates
/// nothing. A cursor cannot outlive the closure of ``JSONValue/withCursor(_:)`` it was handed to; ``JSONValue`` is for
/// keeping.
public struct JSONCursor: ~Escapable {
    private let text: Span<UInt8>
    private let tape: Span<TapeNode>
    private let index: Int

    @_lifetime(copy text, copy tape)
    init(_ text: Span<UInt8>, _ tape: Span<TapeNode>, _ index: Int) {
        self.text = text
        self.tape = tape
        self.index = index
    }

    /// What it is.
    @inline(__always)
    public var kind: JSONKind { tape[index].kind }

    /// Its exact bytes in the document, quotes and brackets included.
    @inline(__always)
    public var range: Range<Int> { tape[index].range }

    /// How many elements or members; 0 for other kinds.
    @inline(__always)
    public var count: Int {
        let node = tape[index]
        return node.kind == .array || node.kind == .object ? node.count : 0
    }

    /// Where it stands on its document's tape, for ``JSONDocument/string(at:)``.
    package var place: Int { index }

    /// The same value, to keep; `document` must be the one it stands in.
    public func value(in document: JSONDocument) -> JSONValue { JSONValue(document: document, index: index) }

    // MARK: - scalars

    /// Whether it is `true`.
    public var isTrue: Bool {
        let node = tape[index]
        return node.kind == .boolean && text[node.range.lowerBound] == UInt8(ascii: "t")
    }

    /// The exact value of a number; zero for other kinds.
    @inline(__always)
    public var decimal: ExactDecimal {
        let node = tape[index]
        // The reader checked the grammar, which is the same.
        return node.kind == .number ? ExactDecimal(lexeme: text.extracting(node.range)) ?? .zero : .zero
    }

    /// Whether a string or key was written with escapes; without, ``rawText`` is its text.
    @inline(__always)
    public var hasEscapes: Bool { tape[index].hasEscapes }

    /// What stands between the quotes of a string or key, as written; nothing for other kinds.
    public var rawText: Span<UInt8> {
        @_lifetime(copy self)
        @inline(__always)
        get {
            let node = tape[index]
            return text.extracting(node.kind == .string ? node.contents : 0..<0)
        }
    }

    /// The text of a string or key with its escapes resolved; copies.
    public var resolvedText: [UInt8] { StringEscapes.resolved(text, in: tape[index].contents) }

    /// How many Unicode scalars a string has; 0 for other kinds.
    public var scalarCount: Int {
        let node = tape[index]
        return node.kind == .string ? StringEscapes.scalarCount(text, in: node.contents) : 0
    }

    // MARK: - values inside

    /// The member with this key, by exact bytes; O(members), no allocation unless a key has escapes.
    @_lifetime(copy self)
    public func member(_ key: Span<UInt8>) -> JSONCursor? {
        guard kind == .object else {
            return nil
        }
        var name = first
        for _ in 0..<count {
            if name.isText(key) {
                return name.following
            }
            name = name.following.following
        }
        return nil
    }

    /// The first element of an array, the first key of an object; only there when ``count`` is not 0.
    public var first: JSONCursor {
        @_lifetime(copy self)
        @inline(__always)
        get { JSONCursor(text, tape, index + 1) }
    }

    /// What comes after this value and everything in it: the next element, a key's value, the key after a value.
    ///
    /// Only there as long as the container's ``count`` says so.
    public var following: JSONCursor {
        @_lifetime(copy self)
        @inline(__always)
        get { JSONCursor(text, tape, Int(tape[index].next)) }
    }

    /// The value at a place of the same tape.
    @_lifetime(copy self)
    func at(_ place: Int) -> JSONCursor { JSONCursor(text, tape, place) }

    /// The element at `position`, from 0; `nil` outside.
    ///
    /// O(`position`).
    @_lifetime(copy self)
    public func element(at position: Int) -> JSONCursor? {
        guard kind == .array, position >= 0, position < count else {
            return nil
        }
        var element = first
        for _ in 0..<position {
            element = element.following
        }
        return element
    }

    /// Whether a string or key is exactly these bytes.
    public func isText(_ other: Span<UInt8>) -> Bool {
        guard hasEscapes else {
            return rawText.isEqual(to: other)
        }
        let text = resolvedText
        return text.span.isEqual(to: other)
    }
}

extension JSONValue {
    /// Runs `body` with a cursor on the value.
    public func withCursor<Result>(_ body: (JSONCursor) -> Result) -> Result {
        let bytes = document.bytes
        let tape = document.tape
        return body(JSONCursor(bytes.span, tape.span, index))
    }
}

extension Span<UInt8> {
    /// Whether both hold the same bytes.
    package func isEqual(to other: Span<UInt8>) -> Bool {
        isEqual(0..<count, to: other, 0..<other.count)
    }
}
