import Base

/// One JSON text that was read strictly, and the bytes it was read from.
///
/// Two allocations whatever the size (the object and its tape of 16 bytes a value); no text is copied, and every value
/// knows its exact bytes, so that what was judged can be forwarded as it came.
public final class JSONDocument: Sendable {
    /// The text, white space around the value included.
    public let bytes: [UInt8]
    let tape: [TapeNode]

    /// Reads one document (RFC 8259) from valid UTF-8 without byte order mark.
    ///
    /// Refused besides what the grammar refuses: the same key twice in one object after unescaping, lone surrogates,
    /// U+0000 in any form, and whatever exceeds `limits`. Linear in the bytes.
    public init(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        tape = try TapeReader.tape(of: bytes.span, limits: limits)
        self.bytes = bytes
    }

    /// The value itself.
    public var root: JSONValue { JSONValue(document: self, index: 0) }

    /// The string or key at a cursor's place.
    package func string(at place: Int) -> JSONString { JSONString(document: self, index: place) }

    /// A string's text, escapes resolved.
    func resolved(_ contents: Range<Int>) -> [UInt8] {
        let bytes = bytes
        return StringEscapes.resolved(bytes.span, in: contents)
    }

    // MARK: - comparing strings on the tape

    /// The node of the value of the member with this key; 0 when there is none, for node 0 is the root.
    func place(of key: StaticString, inObject object: Int) -> Int {
        let tape = tape
        let node = tape[object]
        guard node.kind == .object else {
            return 0
        }
        let length = key.utf8CodeUnitCount
        var index = object + 1
        for _ in 0..<node.count {
            let candidate = tape[index]
            // Most keys differ in length, which is asked first.
            if candidate.contentsCount == length || candidate.hasEscapes, isString(candidate, equalTo: key) {
                return index + 1
            }
            index = Int(tape[index + 1].next)
        }
        return 0
    }

    /// Whether a string or key is exactly the literal; most differ in length, which is asked first.
    func isString(_ node: TapeNode, equalTo text: StaticString) -> Bool {
        if node.hasEscapes {
            return resolved(node.contents).isEqual(to: text)
        }
        return node.contentsCount == text.utf8CodeUnitCount && bytes.isEqual(to: text, in: node.contents)
    }

    /// Whether a string or key is exactly these bytes.
    func isString(_ node: TapeNode, equalTo text: Span<UInt8>) -> Bool {
        if node.hasEscapes {
            let resolved = resolved(node.contents)
            return resolved.span.isEqual(0..<resolved.count, to: text, 0..<text.count)
        }
        let bytes = bytes
        return bytes.span.isEqual(node.contents, to: text, 0..<text.count)
    }

    /// Whether a string or key is exactly these bytes.
    func isString(_ node: TapeNode, equalTo text: some Collection<UInt8>) -> Bool {
        let contents = node.contents
        if node.hasEscapes {
            return resolved(contents).elementsEqual(text)
        }
        return contents.count == text.count && bytes[contents].elementsEqual(text)
    }
}
