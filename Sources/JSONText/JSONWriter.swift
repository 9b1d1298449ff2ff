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
        appendQuoted(bytes: name)
        finishKey()
    }

    /// A string from UTF-8, which must be valid: it is not checked here.
    public mutating func string(_ text: [UInt8]) {
        string(text[...])
    }

    /// A string from UTF-8, which must be valid: it is not checked here.
    public mutating func string(_ text: ArraySlice<UInt8>) {
        separate()
        appendQuoted(bytes: text)
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
        raw(value.rawBytes)
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
        text.withUTF8Buffer { buffer in unsafe appendQuoted(contiguous: buffer) }
    }

    private mutating func appendQuoted(bytes text: ArraySlice<UInt8>) {
        unsafe text.withUnsafeBufferPointer { buffer in unsafe appendQuoted(contiguous: buffer) }
    }

    private mutating func appendQuoted(_ text: some Collection<UInt8>) {
        // Arrays, slices and literals, the usual case, are one run of memory: no generic code touches their bytes.
        if text.withContiguousStorageIfAvailable({ buffer in unsafe appendQuoted(contiguous: buffer) }) == nil {
            let copy = Array(text)
            unsafe copy.withUnsafeBufferPointer { buffer in unsafe appendQuoted(contiguous: buffer) }
        }
    }

    private mutating func appendQuoted(contiguous text: UnsafeBufferPointer<UInt8>) {
        output.append(UInt8(ascii: "\""))
        // Whole runs without anything to escape are copied at once; most texts are one such run.
        var start = 0
        var position = 0
        while position < text.count {
            // SAFETY: the position is below the count; the buffer outlives the call.
            let byte = unsafe text[position]
            if Self.needsEscape(byte) {
                unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<position]))
                appendEscape(byte)
                start = position + 1
            }
            position += 1
        }
        unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<text.count]))
        output.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
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
