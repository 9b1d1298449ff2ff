import Base

/// Writes heads and chunks (RFC 9112).
///
/// It refuses bytes that cannot stand instead of repairing them, and it alone writes the fields that decide where a
/// message ends, so a message that leaves us has exactly one length rule.
public enum HTTPSerializer {
    /// Appends the head of a request in HTTP/1.1.
    ///
    /// - Parameters:
    ///   - method: any token but `CONNECT`.
    ///   - target: an absolute path with an optional query, by the same rules as `HTTPRequestMachine` reads it.
    ///   - fields: must hold `Host`; must hold nothing that this function writes itself.
    ///   - framing: `.none`, `.length` or `.chunked`.
    ///   - keepAlive: `false` adds `Connection: close`.
    ///   - output: gets the head, or on error nothing.
    /// - Throws: the first thing that cannot be written.
    public static func append(
        requestHead method: HTTPMethod,
        target: [UInt8],
        fields: HTTPFields,
        framing: HTTPBodyFraming,
        keepAlive: Bool = true,
        to output: inout [UInt8]
    ) throws(HTTPSerializerError) {
        if case .other(let name) = method {
            guard !name.isEmpty, name.bytes.allSatisfy(ByteClass.token.contains), !name.isEqual(to: "CONNECT") else {
                throw .badMethod
            }
        }
        guard RequestHeadParser.isTarget(target) else {
            throw .badTarget
        }
        guard fields.contains(.host) else {
            throw .missingHost
        }
        guard framing != .untilClose else {
            throw .badFraming
        }
        try check(fields)
        append(method, to: &output)
        output.append(target.span)
        output.append(" HTTP/1.1\r\n")
        append(fields, framing, keepAlive: keepAlive, to: &output)
    }

    /// Appends the head of a final response in HTTP/1.1.
    ///
    /// - Parameters:
    ///   - status: 200 to 599.
    ///   - fields: must hold nothing that this function writes itself.
    ///   - framing: `.none` for 204, 304 and answers to `HEAD`; `.untilClose` needs `keepAlive` to be false.
    ///   - keepAlive: `false` adds `Connection: close`.
    ///   - output: gets the head, or on error nothing.
    /// - Throws: the first thing that cannot be written.
    public static func append(
        responseHead status: Int,
        fields: HTTPFields,
        framing: HTTPBodyFraming,
        keepAlive: Bool = true,
        to output: inout [UInt8]
    ) throws(HTTPSerializerError) {
        guard (200...599).contains(status) else {
            throw .badStatus
        }
        guard framing == .none || status != 204 && status != 304, framing != .untilClose || !keepAlive else {
            throw .badFraming
        }
        try check(fields)
        output.append(contentsOf: statusLines[status - 200])
        append(fields, framing, keepAlive: keepAlive, to: &output)
    }

    /// Appends `100 Continue`.
    public static func appendContinue(to output: inout [UInt8]) {
        output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Appends one chunk.
    ///
    /// No bytes make no chunk, because an empty one would end the body.
    public static func append(chunk: Span<UInt8>, to output: inout [UInt8]) {
        guard !chunk.isEmpty else {
            return
        }
        output.reserveCapacity(output.count + chunk.count + 20)
        appendHexadecimal(chunk.count, to: &output)
        output.append("\r\n")
        output.append(chunk)
        output.append("\r\n")
    }

    /// Appends the end of a chunked body; no trailers.
    public static func appendLastChunk(to output: inout [UInt8]) {
        output.append("0\r\n\r\n")
    }

    private static func appendHexadecimal(_ value: Int, to output: inout [UInt8]) {
        var shift = (Int.bitWidth - value.leadingZeroBitCount + 3) / 4 * 4
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Fields that were received may hold what we never write (`obs-text`, framing); our own were checked one by one.
    private static func check(_ fields: HTTPFields) throws(HTTPSerializerError) {
        guard !fields.isWritten else {
            return
        }
        for entry in fields.entries {
            if let known = KnownField(rawValue: entry.known), known.isFraming {
                throw .framingField
            }
            guard HTTPFields.isWritable(value: fields.bytes[entry.valueRange]) else {
                throw .badValue
            }
        }
    }

    private static func append(
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming,
        keepAlive: Bool,
        to output: inout [UInt8]
    ) {
        if fields.isWritten {
            output.append(fields.bytes.span)
        } else {
            for entry in fields.entries {
                if let known = KnownField(rawValue: entry.known) {
                    KnownFieldTable.shared.appendWrittenName(of: known, to: &output)
                } else {
                    output.append(fields.bytes.span, entry.nameRange)
                    output.append(": ")
                }
                output.append(fields.bytes.span, entry.valueRange)
                output.append("\r\n")
            }
        }
        switch framing {
        case .none, .untilClose:
            break
        case .length(let count):
            output.append("Content-Length: ")
            output.append(decimal: max(count, 0))
            output.append("\r\n")
        case .chunked:
            output.append("Transfer-Encoding: chunked\r\n")
        }
        output.append(keepAlive ? "\r\n" : "Connection: close\r\n\r\n")
    }

    /// The method and its space.
    private static func append(_ method: HTTPMethod, to output: inout [UInt8]) {
        switch method {
        case .get: output.append("GET ")
        case .post: output.append("POST ")
        case .delete: output.append("DELETE ")
        default:
            output.append(contentsOf: method.name.bytes)
            output.append(Ascii.space)
        }
    }

    /// The first lines of responses from 200 to 599.
    private static let statusLines: [[UInt8]] = (200...599).map { status in
        var line: [UInt8] = []
        line.append("HTTP/1.1 ")
        line.append(decimal: status)
        line.append(Ascii.space)
        line.append(reason(status))
        line.append("\r\n")
        return line
    }

    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Unknown"
        }
    }
}
