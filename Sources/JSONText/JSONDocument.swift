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
}
