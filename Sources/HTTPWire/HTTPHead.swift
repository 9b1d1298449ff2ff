/// Where the body of a message ends (RFC 9112, section 6).
///
/// There is exactly one such rule in every head we accept.
public enum HTTPBodyFraming: Hashable, Sendable {
    /// There is no body.
    case none
    /// Exactly this many bytes.
    case length(Int)
    /// Chunks, ended by an empty one.
    case chunked
    /// Responses only: until the connection closes.
    case untilClose
}

/// The head of a request that passed every check of `HTTPRequestMachine`.
public struct HTTPRequestHead: Sendable {
    /// The method.
    public let method: HTTPMethod
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public let minorVersion: Int
    /// The fields.
    public let fields: HTTPFields
    /// Where the body ends; never `.untilClose`.
    public let bodyFraming: HTTPBodyFraming
    /// Whether the connection may carry another request after this one.
    ///
    /// Never after HTTP/1.0.
    public let keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool

    let targetRange: Range<Int>
    let pathEnd: Int

    /// The whole target: an absolute path, perhaps a query; only bytes that RFC 3986 lets stand there.
    ///
    /// It never begins with `//`. Nothing is decoded: `%2e` and `.` are different bytes, and routes compare bytes.
    public var target: ArraySlice<UInt8> { fields.bytes[targetRange] }

    /// The target before the first `?`.
    public var path: ArraySlice<UInt8> { fields.bytes[targetRange.lowerBound..<pathEnd] }

    /// The target after the first `?`, `nil` when there is none.
    public var query: ArraySlice<UInt8>? {
        pathEnd < targetRange.upperBound ? fields.bytes[(pathEnd + 1)..<targetRange.upperBound] : nil
    }
}

/// The head of a final response that passed every check of `HTTPResponseMachine`.
public struct HTTPResponseHead: Sendable {
    /// The status, 200 to 599.
    public let status: Int
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public let minorVersion: Int
    /// The fields.
    public let fields: HTTPFields
    /// Where the body ends.
    public let bodyFraming: HTTPBodyFraming
    /// Whether the connection may be used again once the body has been read.
    public let keepAlive: Bool
}
