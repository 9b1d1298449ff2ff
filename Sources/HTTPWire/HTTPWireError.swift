/// Why bytes were refused as HTTP.
///
/// After any of these the connection must be answered once, at most, and closed.
public enum HTTPWireError: String, Error, Hashable, Sendable, CaseIterable {
    // What both directions share.
    /// CR that is not followed by LF.
    case bareCarriageReturn = "bare_carriage_return"
    /// LF that is not preceded by CR.
    case bareLineFeed = "bare_line_feed"
    /// NUL or another control byte inside a head.
    case controlByte = "control_byte"
    /// A start line that is not three parts separated by single spaces, or is empty.
    case malformedStartLine = "malformed_start_line"
    /// A version that is neither HTTP/1.1 nor HTTP/1.0.
    case unsupportedVersion = "unsupported_version"
    /// The head is larger than allowed.
    case headTooLarge = "head_too_large"
    /// The head has more fields than allowed.
    case tooManyFields = "too_many_fields"
    /// A field name that is empty or not a token.
    case malformedFieldName = "malformed_field_name"
    /// White space between a field name and its colon.
    case spaceBeforeColon = "space_before_colon"
    /// A line that continues the one before (obsolete folding).
    case foldedLine = "folded_line"
    /// A line without a colon.
    case missingColon = "missing_colon"
    /// A byte beyond ASCII in a field whose meaning we know.
    case nonASCIIValue = "non_ascii_value"
    /// A field that may stand once stands twice.
    case duplicateField = "duplicate_field"
    /// A name that only differs from a known one by a mark other than the hyphen, as `content_length` does.
    case twinFieldName = "twin_field_name"
    /// `Connection` names a field that is not a connection's own.
    case nominatedField = "nominated_field"
    /// `Content-Length` that is not plain digits, alone, without padding or leading zeros.
    case malformedContentLength = "malformed_content_length"
    /// `Transfer-Encoding` that is not exactly `chunked`.
    case unsupportedTransferCoding = "unsupported_transfer_coding"
    /// Both `Content-Length` and `Transfer-Encoding`, or `Transfer-Encoding` in HTTP/1.0.
    case ambiguousLength = "ambiguous_length"
    /// A content coding other than `identity`.
    case encodedBody = "encoded_body"
    /// A chunk size that is not one to sixteen hexadecimal digits followed by CRLF; extensions are refused.
    case malformedChunkSize = "malformed_chunk_size"
    /// Chunk data that is not followed by CRLF.
    case malformedChunkEnd = "malformed_chunk_end"
    /// The body is larger than allowed.
    case bodyTooLarge = "body_too_large"
    /// The trailer section is larger than allowed.
    case trailersTooLarge = "trailers_too_large"
    /// The connection ended in the middle of a message.
    case truncated = "truncated"

    // Requests only.
    /// The target is longer than allowed.
    case targetTooLong = "target_too_long"
    /// The target is not in origin-form or holds a byte that a URI's path and query cannot.
    case malformedTarget = "malformed_target"
    /// `CONNECT`: this is not a tunnel.
    case tunnelRefused = "tunnel_refused"
    /// No `Host` in an HTTP/1.1 request.
    case missingHost = "missing_host"
    /// `Host` is not one host name or address with an optional port.
    case malformedHost = "malformed_host"
    /// `Expect` other than `100-continue`.
    case unsupportedExpectation = "unsupported_expectation"

    // Responses only.
    /// A status that is not three digits from 100 to 599.
    case malformedStatus = "malformed_status"
    /// 101: nothing was asked to be upgraded.
    case unexpectedUpgrade = "unexpected_upgrade"
    /// More interim responses than allowed.
    case tooManyInterimResponses = "too_many_interim_responses"
    /// A length in a response that cannot have a body.
    case unexpectedBody = "unexpected_body"
    /// Bytes after the end of a response, or before any request: the connection must not be used again.
    case surplusBytes = "surplus_bytes"

    /// The status with which a server answers this refusal before it closes.
    public var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .targetTooLong: 414
        case .bodyTooLarge: 413
        case .encodedBody: 415
        case .unsupportedExpectation: 417
        case .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }
}

extension HTTPWireError: CustomStringConvertible {
    /// One sentence that is safe to show anyone.
    public var description: String {
        switch self {
        case .bareCarriageReturn: "a carriage return without a line feed; end every line with CR LF"
        case .bareLineFeed: "a line feed without a carriage return; end every line with CR LF"
        case .controlByte: "a control byte in the head"
        case .malformedStartLine: "the first line is not `method target version` or `version status reason`"
        case .unsupportedVersion: "the HTTP version is neither 1.1 nor 1.0"
        case .headTooLarge: "the head is larger than allowed"
        case .tooManyFields: "more header fields than allowed"
        case .malformedFieldName: "a header name is empty or holds a character no name can have"
        case .spaceBeforeColon: "white space between a header name and its colon"
        case .foldedLine: "a header folded over several lines; write it on one"
        case .missingColon: "a header line without a colon"
        case .nonASCIIValue: "a byte beyond ASCII in a header that must be ASCII"
        case .duplicateField: "a header that may stand once stands twice"
        case .twinFieldName: "a header name that only differs from a known one by its separator; use a hyphen"
        case .nominatedField: "`Connection` names a header that does not belong to the connection"
        case .malformedContentLength: "`Content-Length` is not a plain number"
        case .unsupportedTransferCoding: "`Transfer-Encoding` is not exactly `chunked`"
        case .ambiguousLength: "the length of the body is given in two ways; send `Content-Length` or chunks, not both"
        case .encodedBody: "the body has a content coding; send it as it is"
        case .malformedChunkSize: "a chunk size is not a plain hexadecimal number"
        case .malformedChunkEnd: "a chunk is not followed by CR LF"
        case .bodyTooLarge: "the body is larger than allowed"
        case .trailersTooLarge: "the trailers are larger than allowed"
        case .truncated: "the connection ended in the middle of a message"
        case .targetTooLong: "the request target is longer than allowed"
        case .malformedTarget: "the request target is not a path with an optional query"
        case .tunnelRefused: "`CONNECT` is not served here"
        case .missingHost: "no `Host` header"
        case .malformedHost: "`Host` is not a host with an optional port"
        case .unsupportedExpectation: "`Expect` is not `100-continue`"
        case .malformedStatus: "the status is not a number from 100 to 599"
        case .unexpectedUpgrade: "the server switched protocols without being asked"
        case .tooManyInterimResponses: "more interim responses than allowed"
        case .unexpectedBody: "a response that cannot have a body announces one"
        case .surplusBytes: "bytes that belong to no response"
        }
    }
}
