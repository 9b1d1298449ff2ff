import Base

/// Why a field, a target or a status cannot be written.
public enum HTTPSerializerError: String, Error, Hashable, Sendable, CaseIterable {
    /// A name that is empty, too long or not a token.
    case badName = "bad_name"
    /// A value with CR, LF, NUL, another control byte, a byte beyond ASCII, or white space at an end.
    case badValue = "bad_value"
    /// A second field of a kind that may stand once.
    case duplicateField = "duplicate_field"
    /// A field that the serialiser writes itself, such as `Content-Length`.
    case framingField = "framing_field"
    /// More fields or bytes than a head may have.
    case tooLarge = "too_large"
    /// A target that is not a path with an optional query.
    case badTarget = "bad_target"
    /// A method that is not a token, or `CONNECT`.
    case badMethod = "bad_method"
    /// A request without `Host`.
    case missingHost = "missing_host"
    /// A final status outside 200 to 599.
    case badStatus = "bad_status"
    /// A body where there can be none, or the reverse.
    case badFraming = "bad_framing"
}

extension HTTPFields {
    /// Appends a known field with a literal value.
    ///
    /// A literal that cannot stand, or a second one of a kind that may stand once, is our own mistake and stops the
    /// process.
    public mutating func append(_ field: KnownField, _ value: StaticString) {
        do {
            try admit(field)
            try endField(beginField(field)) { $0.append(value) }
        } catch {
            preconditionFailure("`\(field.name)` cannot be written: \(error.rawValue)")
        }
    }

    /// Appends a known field whose value is a whole number.
    ///
    /// - Throws: as the form for bytes.
    public mutating func append(_ field: KnownField, decimal: Int) throws(HTTPSerializerError) {
        try admit(field)
        try endField(beginField(field)) { $0.append(decimal: decimal) }
    }

    /// Appends a known field.
    ///
    /// - Throws: when the value holds a byte that cannot stand, when the field may stand once and is there already, or
    ///   when the serialiser writes it itself (`Content-Length`, `Transfer-Encoding`, `Connection`, …).
    public mutating func append(
        _ field: KnownField,
        _ value: some Collection<UInt8>
    ) throws(HTTPSerializerError) {
        try admit(field)
        try endField(beginField(field)) { $0.append(contentsOf: value) }
    }

    /// Appends a field by name, which becomes lower case.
    ///
    /// - Throws: as the form for known fields, and when the name is not a token.
    public mutating func append(
        name: some Collection<UInt8>,
        value: some Collection<UInt8>
    ) throws(HTTPSerializerError) {
        guard !name.isEmpty, name.count <= HeadLine.maximumNameBytes, name.allSatisfy(ByteClass.token.contains) else {
            throw .badName
        }
        if let field = KnownField(name: name) {
            return try append(field, value)
        }
        let lowercased = name.map(\.asciiLowercased)
        let isMCP = lowercased.hasPrefix("mcp-")
        if isMCP, contains(where: { $0.name.elementsEqual(lowercased) }) {
            throw .duplicateField
        }
        let begun = beginField(lowercased, known: isMCP ? FieldEntry.unknownMCP : FieldEntry.unknown)
        try endField(begun) { $0.append(contentsOf: value) }
    }

    /// Whether `value` may stand as a field value that we write: visible ASCII, with spaces and tabs inside only.
    ///
    /// This is the check of threat C6. Whatever fails it must be encoded by its protocol (MCP has the base64 form) or
    /// refused; it is never dropped or repaired here.
    public static func isWritable(value: some Collection<UInt8>) -> Bool {
        let bytes = Array(value)
        return isWritable(bytes.span, 0..<bytes.count)
    }

    static func isWritable(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else {
            return true
        }
        var index = bytes.endOfPlainText(from: range.lowerBound, to: range.upperBound)
        while index < range.upperBound, bytes[index] == Ascii.tab {
            index = bytes.endOfPlainText(from: index + 1, to: range.upperBound)
        }
        return index == range.upperBound && !bytes[range.lowerBound].isBlank && !bytes[range.upperBound - 1].isBlank
    }

    private func admit(_ field: KnownField) throws(HTTPSerializerError) {
        guard !field.isFraming else {
            throw .framingField
        }
        guard !field.isSingleton || !contains(field) else {
            throw .duplicateField
        }
    }
}
