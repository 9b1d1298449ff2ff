import Base

/// Makes an `HTTPRequestHead` of the bytes a `HeadScanner` has collected.
///
/// All of it or nothing.
enum RequestHeadParser {
    /// LIMIT: the longest registered method has 17 letters.
    private static let maximumMethodBytes = 32

    static func parse(_ scanner: inout HeadScanner, _ limits: HTTPLimits) throws(HTTPWireError) -> HTTPRequestHead {
        var scanned = scanner.take()
        let line = try requestLine(scanned.bytes, scanned.startLine, limits)
        try HeadLine.parseFields(&scanned.bytes, &scanned.lines, hasHighBytes: scanned.hasHighBytes)
        let fields = HTTPFields(bytes: scanned.bytes, entries: scanned.lines)

        try checkHost(fields, minorVersion: line.minorVersion)
        let framing = try MessageFraming.declared(fields, minorVersion: line.minorVersion) ?? .none
        try MessageFraming.refuseEncoding(fields)
        if case .length(let count) = framing, count > limits.maximumBodyBytes {
            throw .bodyTooLarge
        }
        return HTTPRequestHead(
            method: line.method,
            minorVersion: line.minorVersion,
            fields: fields,
            bodyFraming: framing,
            keepAlive: try MessageFraming.keepsAlive(fields, minorVersion: line.minorVersion),
            expectsContinue: try expectsContinue(fields, framing, minorVersion: line.minorVersion),
            targetRange: line.target,
            pathEnd: line.pathEnd
        )
    }

    private struct RequestLine {
        let method: HTTPMethod
        let target: Range<Int>
        let pathEnd: Int
        let minorVersion: Int
    }

    /// `method SP request-target SP HTTP-version` (RFC 9112, section 3), with exactly those two spaces.
    private static func requestLine(
        _ bytes: [UInt8],
        _ line: Range<Int>,
        _ limits: HTTPLimits
    ) throws(HTTPWireError) -> RequestLine {
        guard let methodEnd = bytes[line].firstIndex(of: Ascii.space),
            let targetEnd = bytes[(methodEnd + 1)..<line.upperBound].firstIndex(of: Ascii.space)
        else {
            throw .malformedStartLine
        }
        let method = bytes[line.lowerBound..<methodEnd]
        guard (1...maximumMethodBytes).contains(method.count), method.allSatisfy(ByteClass.token.contains) else {
            throw .malformedStartLine
        }
        // The version comes before the target: an HTTP/2 preface is a question of version, not of its target `*`.
        let minorVersion = try version(bytes[(targetEnd + 1)..<line.upperBound])
        guard !method.isEqual(to: "CONNECT") else {
            throw .tunnelRefused
        }
        let target = (methodEnd + 1)..<targetEnd
        return RequestLine(
            method: HTTPMethod(token: method),
            target: target,
            pathEnd: try pathEnd(bytes.span, target, maximum: limits.maximumTargetBytes),
            minorVersion: minorVersion
        )
    }

    /// The minor version of `HTTP/1.1` or `HTTP/1.0`, to the letter.
    static func version(_ text: ArraySlice<UInt8>) throws(HTTPWireError) -> Int {
        if text.isEqual(to: "HTTP/1.1") {
            return 1
        }
        if text.isEqual(to: "HTTP/1.0") {
            return 0
        }
        let start = text.startIndex
        guard text.count == 8, text.hasPrefix("HTTP/"), text[start + 6] == UInt8(ascii: "."),
            text[start + 5].decimalDigit != nil, text[start + 7].decimalDigit != nil
        else {
            throw .malformedStartLine
        }
        throw .unsupportedVersion
    }

    /// Checks that the target is in origin-form (RFC 9112, section 3.2.1) and finds the end of its path.
    ///
    /// A second slash at the start is refused though the grammar has it: parsers exist that read `//admin` as an
    /// authority.
    private static func pathEnd(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>,
        maximum: Int
    ) throws(HTTPWireError) -> Int {
        guard target.count <= maximum else {
            throw .targetTooLong
        }
        let slash = UInt8(ascii: "/")
        guard !target.isEmpty, bytes[target.lowerBound] == slash,
            target.count == 1 || bytes[target.lowerBound + 1] != slash
        else {
            throw .malformedTarget
        }
        let allowed = ByteClass.target
        var end = target.upperBound
        for index in target {
            let byte = bytes[index]
            guard allowed.contains(byte) else {
                throw .malformedTarget
            }
            if byte == UInt8(ascii: "?"), end == target.upperBound {
                end = index
            }
            if byte == UInt8(ascii: "%") {
                guard index + 2 < target.upperBound, bytes[index + 1].hexadecimalDigit != nil,
                    bytes[index + 2].hexadecimalDigit != nil
                else {
                    throw .malformedTarget
                }
            }
        }
        return end
    }

    /// Whether `target` would be read back as it is.
    static func isTarget(_ target: [UInt8]) -> Bool {
        do {
            _ = try pathEnd(target.span, 0..<target.count, maximum: .max)
            return true
        } catch {
            return false
        }
    }

    private static func checkHost(_ fields: HTTPFields, minorVersion: Int) throws(HTTPWireError) {
        guard let host = fields[.host] else {
            guard minorVersion == 0 else {
                throw .missingHost
            }
            return
        }
        guard isHost(host) else {
            throw .malformedHost
        }
    }

    /// `uri-host [ ":" port ]` (RFC 9110, section 7.2) in the forms that every parser reads alike: letters, digits,
    /// `-`, `.` and `_`, or an IPv6 address in brackets; a port of one to five digits.
    private static func isHost(_ value: ArraySlice<UInt8>) -> Bool {
        var rest = value
        if rest.first == UInt8(ascii: "[") {
            guard let close = rest.firstIndex(of: UInt8(ascii: "]")) else {
                return false
            }
            let address = rest[(rest.startIndex + 1)..<close]
            rest = rest[(close + 1)...]
            guard (2...45).contains(address.count),
                address.allSatisfy({ $0.hexadecimalDigit != nil || $0 == Ascii.colon || $0 == UInt8(ascii: ".") })
            else {
                return false
            }
        } else {
            let name = rest.prefix {
                $0.asciiLowercased &- UInt8(ascii: "a") < 26 || $0.decimalDigit != nil || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
            guard (1...255).contains(name.count) else {
                return false
            }
            rest = rest[name.endIndex...]
        }
        guard let separator = rest.first else {
            return true
        }
        let port = rest.dropFirst()
        return separator == Ascii.colon && (1...5).contains(port.count) && port.allSatisfy { $0.decimalDigit != nil }
    }

    /// RFC 9110, section 10.1.1: the one expectation there is; an HTTP/1.0 client cannot have it.
    private static func expectsContinue(
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming,
        minorVersion: Int
    ) throws(HTTPWireError) -> Bool {
        guard let expectation = fields[.expect] else {
            return false
        }
        guard expectation.isEqualIgnoringCase(to: "100-continue") else {
            throw .unsupportedExpectation
        }
        return minorVersion == 1 && framing != .none && framing != .length(0)
    }
}
