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
        var reader = TapeReader(bytes.span, limits: limits)
        try reader.read()
        tape = reader.tape
        self.bytes = bytes
    }

    /// The value itself.
    public var root: JSONValue { JSONValue(document: self, index: 0) }

    /// A string's text, escapes resolved.
    func resolved(_ contents: Range<Int>) -> [UInt8] {
        let bytes = bytes
        return StringEscapes.resolved(bytes.span, in: contents)
    }

    // MARK: - comparing strings on the tape

    /// Whether a string or key is exactly the literal; most differ in length, which is asked first.
    func isString(_ node: TapeNode, equalTo text: StaticString) -> Bool {
        let contents = node.contents
        if node.hasEscapes {
            return resolved(contents).isEqual(to: text)
        }
        return bytes.isEqual(to: text, in: contents)
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
