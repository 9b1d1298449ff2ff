import Base

/// Makes a status and fields of the bytes a `HeadScanner` has collected.
enum ResponseHeadParser {
    /// What a head says before it is known whether it is interim or final.
    struct Parsed {
        let status: Int
        let minorVersion: Int
        let fields: HTTPFields
    }

    static func parse(_ scanner: inout HeadScanner) throws(HTTPWireError) -> Parsed {
        var scanned = scanner.take()
        let (minorVersion, status) = try statusLine(scanned.bytes[scanned.startLine])
        try HeadLine.parseFields(&scanned.bytes, &scanned.lines, hasHighBytes: scanned.hasHighBytes)
        let fields = HTTPFields(bytes: scanned.bytes, entries: scanned.lines)
        return Parsed(status: status, minorVersion: minorVersion, fields: fields)
    }

    /// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112, section 4); the second space is not optional.
    private static func statusLine(
        _ line: ArraySlice<UInt8>
    ) throws(HTTPWireError) -> (minorVersion: Int, status: Int) {
        let start = line.startIndex
        guard line.count >= 13, line[start + 8] == Ascii.space, line[start + 12] == Ascii.space else {
            throw .malformedStartLine
        }
        let minorVersion = try RequestHeadParser.version(line[start..<(start + 8)])
        var status = 0
        for byte in line[(start + 9)..<(start + 12)] {
            guard let digit = byte.decimalDigit else {
                throw .malformedStatus
            }
            status = status * 10 + Int(digit)
        }
        guard (100...599).contains(status) else {
            throw .malformedStatus
        }
        return (minorVersion, status)
    }
}
