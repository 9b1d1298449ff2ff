/// The fields whose meaning the project knows.
///
/// Looking one up in `HTTPFields` costs one array access.
public enum KnownField: UInt8, Sendable, CaseIterable {
    // Framing and routing (RFC 9110, RFC 9112).
    /// `Host`.
    case host
    /// `Content-Length`.
    case contentLength
    /// `Content-Type`.
    case contentType
    /// `Content-Encoding`.
    case contentEncoding
    /// `Transfer-Encoding`.
    case transferEncoding
    /// `Connection`.
    case connection
    /// `Keep-Alive`.
    case keepAlive
    /// `Proxy-Connection`.
    case proxyConnection
    /// `Upgrade`.
    case upgrade
    /// `HTTP2-Settings`.
    case http2Settings
    /// `TE`.
    case te
    /// `Trailer`.
    case trailer
    /// `Expect`.
    case expect
    /// `Date`.
    case date

    // Who and what.
    /// `Authorization`.
    case authorization
    /// `Proxy-Authorization`.
    case proxyAuthorization
    /// `Cookie`.
    case cookie
    /// `Accept`.
    case accept
    /// `Accept-Encoding`.
    case acceptEncoding
    /// `User-Agent`.
    case userAgent
    /// `Origin`.
    case origin
    /// `Referer`.
    case referer
    /// `Forwarded`.
    case forwarded
    /// `X-Forwarded-For`.
    case xForwardedFor
    /// `X-Forwarded-Proto`.
    case xForwardedProto
    /// `X-Forwarded-Host`.
    case xForwardedHost
    /// `X-Real-IP`.
    case xRealIP
    /// `X-Request-ID`.
    case xRequestID
    /// `If-None-Match`.
    case ifNoneMatch
    /// `Range`.
    case range
    /// `Sec-Fetch-Site`.
    case secFetchSite
    /// `Access-Control-Request-Method`.
    case accessControlRequestMethod
    /// `Access-Control-Request-Headers`.
    case accessControlRequestHeaders

    // MCP.
    /// `Mcp-Session-Id`.
    case mcpSessionID
    /// `MCP-Protocol-Version`.
    case mcpProtocolVersion
    /// `Mcp-Method`.
    case mcpMethod
    /// `Mcp-Name`.
    case mcpName
    /// `Last-Event-ID`.
    case lastEventID
    /// `traceparent` (W3C Trace Context).
    case traceparent
    /// `tracestate`.
    case tracestate

    // Responses.
    /// `WWW-Authenticate`.
    case wwwAuthenticate
    /// `Retry-After`.
    case retryAfter
    /// `Location`.
    case location
    /// `Allow`.
    case allow
    /// `Cache-Control`.
    case cacheControl
    /// `ETag`.
    case eTag
    /// `Set-Cookie`.
    case setCookie
    /// `Server`.
    case server
    /// `Vary`.
    case vary
    /// `X-Accel-Buffering`.
    case xAccelBuffering
    /// `X-Content-Type-Options`.
    case xContentTypeOptions
    /// `Content-Security-Policy`.
    case contentSecurityPolicy
    /// `Referrer-Policy`.
    case referrerPolicy
    /// `Strict-Transport-Security`.
    case strictTransportSecurity
    /// `Access-Control-Allow-Origin`.
    case accessControlAllowOrigin
    /// `Access-Control-Allow-Methods`.
    case accessControlAllowMethods
    /// `Access-Control-Allow-Headers`.
    case accessControlAllowHeaders
    /// `Access-Control-Expose-Headers`.
    case accessControlExposeHeaders
    /// `Access-Control-Max-Age`.
    case accessControlMaxAge
    /// `Content-Disposition`.
    case contentDisposition

    /// The name as we write it; receivers compare without regard to case.
    public var name: StaticString { Self.names[Int(rawValue)] }

    // INVARIANT: in the order of the cases; a test compares each with its case's name.
    private static let names: [StaticString] = [
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Connection",
        "Keep-Alive", "Proxy-Connection", "Upgrade", "HTTP2-Settings", "TE", "Trailer", "Expect", "Date",
        "Authorization", "Proxy-Authorization", "Cookie", "Accept", "Accept-Encoding", "User-Agent", "Origin",
        "Referer", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP",
        "X-Request-ID", "If-None-Match", "Range", "Sec-Fetch-Site", "Access-Control-Request-Method",
        "Access-Control-Request-Headers", "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
        "Last-Event-ID", "traceparent", "tracestate", "WWW-Authenticate", "Retry-After", "Location", "Allow",
        "Cache-Control", "ETag", "Set-Cookie", "Server", "Vary", "X-Accel-Buffering", "X-Content-Type-Options",
        "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security", "Access-Control-Allow-Origin",
        "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers",
        "Access-Control-Max-Age", "Content-Disposition",
    ]

    /// Whether a second field of this name is refused, by the parser and by `HTTPFields.append` alike.
    ///
    /// The others are lists by definition (RFC 9110, section 5.3), or are dropped unread by everything we do.
    public var isSingleton: Bool {
        switch self {
        case .connection, .keepAlive, .upgrade, .te, .trailer, .cookie, .accept, .acceptEncoding, .forwarded,
            .xForwardedFor, .xForwardedProto, .xForwardedHost, .ifNoneMatch, .accessControlRequestHeaders, .tracestate,
            .wwwAuthenticate, .allow, .cacheControl, .setCookie, .server, .date, .vary, .contentSecurityPolicy,
            .accessControlAllowMethods, .accessControlAllowHeaders, .accessControlExposeHeaders,
            .xContentTypeOptions, .referrerPolicy, .strictTransportSecurity, .xAccelBuffering,
            .accessControlAllowOrigin, .accessControlMaxAge, .proxyConnection, .contentDisposition, .eTag, .xRequestID:
            false
        default:
            true
        }
    }

    /// Whether the field is about this connection and not about the message: what `Connection` may name.
    var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .upgrade, .http2Settings, .te, .trailer: true
        default: false
        }
    }

    /// Whether only the machines and the serialiser may set it, because it decides where a message ends.
    var isFraming: Bool {
        switch self {
        case .contentLength, .transferEncoding, .connection, .keepAlive, .upgrade, .te, .trailer, .expect: true
        default: false
        }
    }
}
