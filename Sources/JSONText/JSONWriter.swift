public import Base

/// Appends compact JSON to a buffer; commas are its business, balance and order of calls are the caller's.
///
/// Strings are escaped as RFC 8785 does: the two-character escapes where they exist, `\u00xx` for other control
/// characters, everything else as it is.
public struct JSONWriter {
    /// What was written so far.
    public private(set) var output: [UInt8] = []
    private var needsComma = false

    /// An empty writer.
    public init(reserving capacity: Int = 0) {
        output.reserveCapacity(capacity)
    }

    /// Opens an object.
    public mutating func beginObject() {
        open(UInt8(ascii: "{"))
    }

    /// Closes the innermost object.
    public mutating func endObject() {
        close(UInt8(ascii: "}"))
    }

    /// Opens an array.
    public mutating func beginArray() {
        open(UInt8(ascii: "["))
    }

    /// Closes the innermost array.
    public mutating func endArray() {
        close(UInt8(ascii: "]"))
    }

    /// A member's key; its value must follow.
    ///
    /// The literal may hold anything, it is escaped.
    public mutating func key(_ name: StaticString) {
        separate()
        appendQuoted(name)
        finishKey()
    }

    /// A member's key from valid UTF-8; its value must follow.
    public mutating func key(_ name: some Collection<UInt8>) {
        separate()
        appendQuoted(name)
        finishKey()
    }

    // The overloads for bytes that lie together are what calls on the path of a request resolve to: through the generic
    // ones, which cannot be specialised across modules, one message cost over a hundred allocations.

    /// A member's key from valid UTF-8; its value must follow.
    public mutating func key(_ name: ArraySlice<UInt8>) {
        separate()
        appendQuoted(name.span)
        finishKey()
    }

    /// A string from UTF-8, which must be valid: it is not checked here.
    public mutating func string(_ text: [UInt8]) {
        separate()
        appendQuoted(text.span)
        needsComma = true
    }

    /// A string from UTF-8, which must be valid: it is not checked here.
    public mutating func string(_ text: ArraySlice<UInt8>) {
        separate()
        appendQuoted(text.span)
        needsComma = true
    }

    /// A string known when this was compiled; it may hold anything, it is escaped.
    public mutating func string(_ text: StaticString) {
        separate()
        appendQuoted(text)
        needsComma = true
    }

    /// One complete value in JSON, verbatim; the caller vouches for it.
    public mutating func raw(_ value: [UInt8]) {
        separate()
        output.append(contentsOf: value)
        needsComma = true
    }

    /// One complete value in JSON, verbatim; the caller vouches for it.
    public mutating func raw(_ value: ArraySlice<UInt8>) {
        separate()
        output.append(contentsOf: value)
        needsComma = true
    }

    /// A string from UTF-8, which must be valid: it is not checked here.
    public mutating func string(_ text: some Collection<UInt8>) {
        separate()
        appendQuoted(text)
        needsComma = true
    }

    /// A string.
    public mutating func string(_ text: String) {
        separate()
        appendQuoted(text.utf8)
        needsComma = true
    }

    /// A whole number.
    public mutating func number(_ value: Int) {
        separate()
        output.append(decimal: value)
        needsComma = true
    }

    /// An exact number, in canonical spelling.
    public mutating func number(_ value: ExactDecimal) {
        separate()
        value.appendText(to: &output)
        needsComma = true
    }

    /// `true` or `false`.
    public mutating func boolean(_ value: Bool) {
        separate()
        output.append(value ? "true" : "false")
        needsComma = true
    }

    /// `null`.
    public mutating func null() {
        separate()
        output.append("null")
        needsComma = true
    }

    /// One complete value in JSON, verbatim; the caller vouches for it.
    public mutating func raw(_ value: some Collection<UInt8>) {
        separate()
        output.append(contentsOf: value)
        needsComma = true
    }

    /// A value that was read, with its very bytes.
    public mutating func value(_ value: JSONValue) {
        separate()
        let bytes = value.document.bytes
        output.append(bytes.span, value.range)
        needsComma = true
    }

    /// Every member of an object that was read but those with keys of a set: values with their very bytes, keys as they
    /// were written unless they have escapes, which are resolved.
    public mutating func members(of object: JSONValue, except keys: JSONKeySet) {
        let (tape, bytes) = (object.document.tape, object.document.bytes)
        let node = tape[object.index]
        guard node.kind == .object else {
            return
        }
        let text = bytes.span
        var index = object.index + 1
        for _ in 0..<node.count {
            let (key, value) = (tape[index], tape[index + 1])
            if keys.position(of: key, text) == nil {
                separate()
                if key.hasEscapes {
                    appendQuoted(StringEscapes.resolved(text, in: key.contents).span)
                } else {
                    output.append(text, key.range)
                }
                output.append(UInt8(ascii: ":"))
                output.append(text, value.range)
                needsComma = true
            }
            index = Int(value.next)
        }
    }

    /// A piece of compact JSON as it stands, such as `"params":{"name":`; the caller vouches for it.
    ///
    /// A comma comes before it when one is due and it does not begin with a closing bracket; another is due after it
    /// unless it ends with an opening bracket or a colon.
    public mutating func piece(_ text: StaticString) {
        // SAFETY: the span is used within the closure, in which the buffer lives.
        text.withUTF8Buffer { buffer in unsafe piece(buffer.span) }
    }

    /// A piece of compact JSON as it stands; as the form for literals.
    public mutating func piece(_ text: [UInt8]) {
        piece(text.span)
    }

    private mutating func piece(_ text: Span<UInt8>) {
        guard let last = text.indices.last else {
            return
        }
        if text[0] != UInt8(ascii: "}"), text[0] != UInt8(ascii: "]") {
            separate()
        }
        output.append(text)
        switch text[last] {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): needsComma = false
        default: needsComma = true
        }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        output.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        output.append(bracket)
        needsComma = true
    }

    private mutating func finishKey() {
        output.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma {
            output.append(UInt8(ascii: ","))
        }
    }

    private mutating func appendQuoted(_ text: StaticString) {
        // SAFETY: the span is used within the closure, in which the buffer lives.
        text.withUTF8Buffer { buffer in unsafe appendQuoted(buffer.span) }
    }

    private mutating func appendQuoted(_ text: some Collection<UInt8>) {
        // Arrays, slices and literals, the usual case, are one run of memory: no generic code touches their bytes.
        // SAFETY: the span is used within the closure, in which the buffer lives.
        if text.withContiguousStorageIfAvailable({ buffer in unsafe appendQuoted(buffer.span) }) == nil {
            appendQuoted(Array(text).span)
        }
    }

    private mutating func appendQuoted(_ text: Span<UInt8>) {
        output.append(UInt8(ascii: "\""))
        // Whole runs without anything to escape are copied at once; most texts are one such run.
        var start = 0
        var position = text.endOfStringText(from: 0, to: text.count)
        while position < text.count {
            let byte = text[position]
            if byte < 0x80 {
                output.append(text, start..<position)
                appendEscape(byte)
                start = position + 1
            }
            position = text.endOfStringText(from: position + 1, to: text.count)
        }
        output.append(text, start..<text.count)
        output.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        default:
            output.append("u00")
            output.append(contentsOf: TextCoding.hexadecimal(CollectionOfOne(byte)))
        }
    }
}
