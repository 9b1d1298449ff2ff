public import Base

/// A request method (RFC 9110, section 9): case matters, `get` is not `GET`.
public enum HTTPMethod: Hashable, Sendable {
    /// `GET`.
    case get
    /// `POST`.
    case post
    /// `DELETE`.
    case delete
    /// `PUT`.
    case put
    /// `PATCH`.
    case patch
    /// `HEAD`.
    case head
    /// `OPTIONS`.
    case options
    /// Any other token, never `CONNECT`: the parser refuses that one.
    case other(ByteString)

    /// The method's bytes as they stand on the wire.
    public var name: ByteString {
        switch self {
        case .get: "GET"
        case .post: "POST"
        case .delete: "DELETE"
        case .put: "PUT"
        case .patch: "PATCH"
        case .head: "HEAD"
        case .options: "OPTIONS"
        case .other(let name): name
        }
    }

    /// Reads a token; allocates for unknown methods only.
    init(token: ArraySlice<UInt8>) {
        if token.isEqual(to: "POST") {
            self = .post
        } else if token.isEqual(to: "GET") {
            self = .get
        } else if token.isEqual(to: "DELETE") {
            self = .delete
        } else if token.isEqual(to: "PUT") {
            self = .put
        } else if token.isEqual(to: "PATCH") {
            self = .patch
        } else if token.isEqual(to: "HEAD") {
            self = .head
        } else if token.isEqual(to: "OPTIONS") {
            self = .options
        } else {
            self = .other(ByteString(token))
        }
    }
}
