import Base

/// Why a document has no RFC 8785 form.
public enum JSONCanonicalError: Error, Equatable, Sendable {
    /// A number beyond the range of doubles, at this byte.
    case numberOutOfRange(offset: Int)
}

/// Canonical texts of a value: the same bytes for the same value, however it was written.
public enum JSONCanonical {
    /// RFC 8785 (JCS): keys in the order of their UTF-16 code units, numbers as ECMAScript prints their nearest double.
    ///
    /// Two numbers that only differ beyond a double's precision come out alike; for decisions use ``exact(_:)``.
    public static func rfc8785(_ value: JSONValue) throws(JSONCanonicalError) -> [UInt8] {
        var writer = JSONWriter(reserving: value.range.count)
        try write(value, to: &writer) { number throws(JSONCanonicalError) in
            guard let shortest = ExactDecimal(shortestOf: number.decimal.nearestDouble) else {
                throw JSONCanonicalError.numberOutOfRange(offset: number.lexeme.startIndex)
            }
            return shortest.text
        }
        return writer.output
    }

    /// As RFC 8785, but numbers keep all their digits: the form that approvals, pins and digests bind to
    /// (policy-language.md, section 6).
    ///
    /// Equal to the RFC's form for numbers that are not ambiguous. An exponent beyond ±2^40 is kept as it was spelled.
    public static func exact(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(reserving: value.range.count)
        write(value, to: &writer) { number in
            let decimal = number.decimal
            return decimal.isSaturated ? Array(number.lexeme) : decimal.text
        }
        return writer.output
    }

    /// Recursion ends at the document's depth limit.
    private static func write<Failure: Error>(
        _ value: JSONValue,
        to writer: inout JSONWriter,
        number: (JSONNumber) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        switch value.kind {
        case .null, .boolean:
            writer.value(value)
        case .number:
            if let lexeme = value.number {
                writer.raw(try number(lexeme))
            }
        case .string:
            writer.string(value.string?.slice ?? [])
        case .array:
            writer.beginArray()
            for element in value.elements {
                try write(element, to: &writer, number: number)
            }
            writer.endArray()
        case .object:
            writer.beginObject()
            for (key, member) in sortedMembers(of: value) {
                writer.key(key)
                try write(member, to: &writer, number: number)
            }
            writer.endObject()
        }
    }

    private static func sortedMembers(of value: JSONValue) -> [(ArraySlice<UInt8>, JSONValue)] {
        value.members.map { ($0.key.slice, $0.value) }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) { utf16Rank($0) < utf16Rank($1) } }
    }

    /// Where a byte of UTF-8 stands in the order of UTF-16 code units.
    ///
    /// The two orders differ in one thing: supplementary characters (F0 to F4) are surrogates there and come before
    /// U+E000 to U+FFFF (EE and EF). Only leading bytes have these values.
    private static func utf16Rank(_ byte: UInt8) -> UInt8 {
        byte == 0xEE || byte == 0xEF ? byte | 0x10 : byte
    }
}
