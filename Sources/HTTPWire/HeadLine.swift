import Base

/// Reads the field lines of a head whose bytes `HeadScanner` has already found clean.
enum HeadLine {
    /// LIMIT: no name we know of is half as long.
    static let maximumNameBytes = 256

    /// Tells names and values apart, lowers the names in place, recognises them, and refuses what must not stand:
    /// folds, white space before the colon, duplicates of singletons, twins of known names.
    static func parseFields(
        _ buffer: inout [UInt8],
        _ lines: inout [FieldEntry],
        hasHighBytes: Bool
    ) throws(HTTPWireError) {
        let table = KnownFieldTable.shared
        var seen: UInt64 = 0
        var mcpCount = 0
        var bytes = buffer.mutableSpan
        for number in lines.indices {
            try parse(&bytes, &lines[number], table)
            let line = lines[number]
            guard line.known != FieldEntry.unknown else {
                continue
            }
            if hasHighBytes {
                try refuseHighBytes(bytes.span, line.valueRange)
            }
            guard let field = KnownField(rawValue: line.known) else {
                mcpCount += 1
                continue
            }
            let bit: UInt64 = 1 << UInt64(line.known)
            guard seen & bit == 0 || !field.isSingleton else {
                throw .duplicateField
            }
            seen |= bit
        }
        if mcpCount > 1 {
            try refuseDuplicateParameters(buffer, lines)
        }
    }

    private static func refuseHighBytes(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPWireError) {
        for index in value {
            guard bytes[index] < 0x80 else {
                throw .nonASCIIValue
            }
        }
    }

    private static func parse(
        _ bytes: inout MutableSpan<UInt8>,
        _ line: inout FieldEntry,
        _ table: KnownFieldTable
    ) throws(HTTPWireError) {
        let start = Int(line.nameStart)
        let end = Int(line.valueEnd)
        let colon = bytes.span.firstPosition(of: Ascii.colon, from: start, to: end)
        // Most names are known, and a name that equals a known one needs no other look at its bytes.
        if colon > start, colon < end, let field = table.field(bytes.span, start..<colon) {
            line.known = field.rawValue
        } else {
            line.known = try otherName(&bytes, start..<colon, table)
            guard colon < end else {
                throw .missingColon
            }
            guard colon > start, colon - start <= maximumNameBytes else {
                throw .malformedFieldName
            }
            line.nameLength = UInt16(truncatingIfNeeded: colon - start)
        }
        trim(bytes.span, from: colon + 1, to: end, &line)
        try refusePadding(bytes.span, line, from: colon + 1, to: end)
    }

    /// Checks a name that is none of ours, puts it into lower case, and tells whether it is an `Mcp-*` one.
    private static func otherName(
        _ bytes: inout MutableSpan<UInt8>,
        _ name: Range<Int>,
        _ table: KnownFieldTable
    ) throws(HTTPWireError) -> UInt8 {
        var hasOddMark = false
        for index in name {
            let byte = bytes[index]
            guard ByteClass.token.contains(byte) else {
                throw misplaced(byte, isFirst: index == name.lowerBound)
            }
            bytes[index] = byte.asciiLowercased
            let isLetter = byte.asciiLowercased &- UInt8(ascii: "a") < 26
            hasOddMark = hasOddMark || !isLetter && byte.decimalDigit == nil && byte != UInt8(ascii: "-")
        }
        if hasOddMark {
            try refuseTwin(bytes.span, name, table)
        }
        return isMCP(bytes.span, name) ? FieldEntry.unknownMCP : FieldEntry.unknown
    }

    private static func misplaced(_ byte: UInt8, isFirst: Bool) -> HTTPWireError {
        guard byte.isBlank else {
            return .malformedFieldName
        }
        return isFirst ? .foldedLine : .spaceBeforeColon
    }

    private static func isMCP(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.count >= 4 && bytes[name.lowerBound] == UInt8(ascii: "m")
            && bytes[name.lowerBound + 1] == UInt8(ascii: "c")
            && bytes[name.lowerBound + 2] == UInt8(ascii: "p") && bytes[name.lowerBound + 3] == UInt8(ascii: "-")
    }

    /// Refuses a name that becomes one of ours when its other marks are read as hyphens.
    ///
    /// CGI-like servers turn every such mark into an underscore, so `mcp_name` and `Mcp-Name` are one variable to them:
    /// a front proxy that strips the one lets the other through (threat C5).
    private static func refuseTwin(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ table: KnownFieldTable
    ) throws(HTTPWireError) {
        var plain: [UInt8] = []
        plain.append(bytes, name)
        for index in plain.indices where plain[index] &- UInt8(ascii: "a") >= 26 && plain[index].decimalDigit == nil {
            plain[index] = UInt8(ascii: "-")
        }
        let whole = 0..<plain.count
        guard table.field(plain.span, whole) == nil, !isMCP(plain.span, whole) else {
            throw .twinFieldName
        }
    }

    private static func trim(_ bytes: Span<UInt8>, from start: Int, to end: Int, _ line: inout FieldEntry) {
        var lower = start
        var upper = end
        while lower < upper, bytes[lower].isBlank {
            lower += 1
        }
        while upper > lower, bytes[upper - 1].isBlank {
            upper -= 1
        }
        line.valueStart = UInt32(truncatingIfNeeded: lower)
        line.valueEnd = UInt32(truncatingIfNeeded: upper)
    }

    /// The fields that decide where a body ends may have one space before their value and nothing else around it.
    private static func refusePadding(
        _ bytes: Span<UInt8>,
        _ line: FieldEntry,
        from start: Int,
        to end: Int
    ) throws(HTTPWireError) {
        let isLength = line.known == KnownField.contentLength.rawValue
        guard isLength || line.known == KnownField.transferEncoding.rawValue else {
            return
        }
        let padding = Int(line.valueStart) - start
        guard Int(line.valueEnd) == end, padding == 0 || padding == 1 && bytes[start] == Ascii.space else {
            throw isLength ? .malformedContentLength : .unsupportedTransferCoding
        }
    }

    /// Quadratic in the number of `Mcp-*` fields we do not know by name, which the limit on fields bounds.
    private static func refuseDuplicateParameters(
        _ bytes: [UInt8],
        _ lines: [FieldEntry]
    ) throws(HTTPWireError) {
        let parameters = lines.filter { $0.known == FieldEntry.unknownMCP }
        for (number, one) in parameters.enumerated() {
            for other in parameters[(number + 1)...] where other.nameLength == one.nameLength {
                guard !bytes[one.nameRange].elementsEqual(bytes[other.nameRange]) else {
                    throw .duplicateField
                }
            }
        }
    }
}
