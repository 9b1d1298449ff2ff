public import Base

/// What is to be connected, and as whom.
public struct OAuthConnection: Sendable {
    /// The MCP server's address.
    public let server: WebAddress
    /// How tokens are had.
    public let grant: TokenGrant
    /// The authorisation server an operator named; `nil`: the first one the server names.
    public var issuer: WebAddress?
    /// What the server said when it refused a request; `nil` when it was not asked.
    public var challenge: BearerChallenge?
    /// The id of a client somebody registered by hand; `nil` when one is to be had by itself (AC-05).
    public var clientID: ByteString?
    /// Its secret.
    public var clientSecret: Secret<[UInt8]>?
    /// Our own metadata document, where we have published one (AC-06).
    public var clientMetadataDocument: WebAddress?
    /// What people see when they are asked to consent.
    public var clientName: ByteString = "Toolgate"
    /// Where the browser comes back to: on this machine (RFC 8252, 7.3).
    public var redirect: WebAddress?
    /// The scopes to ask for; `nil`: those of the challenge, else those the server knows (AC-14).
    public var scope: ByteString?

    /// A connection to a server.
    public init(to server: WebAddress, by grant: TokenGrant) {
        self.server = server
        self.grant = grant
    }
}

/// The bytes nobody can guess that one flow needs, drawn by whoever runs it: the flow itself draws and reads nothing.
public struct OAuthEntropy: Sendable {
    let state: [UInt8]
    let verifier: [UInt8]

    /// Sixty-four random bytes; `nil` for any other number of them.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 64 else {
            return nil
        }
        // 43 characters of base64url each: what RFC 7636 (4.1) asks for, and more than a state needs.
        state = TextCoding.base64URL(Array(bytes[..<32]))
        verifier = TextCoding.base64URL(Array(bytes[32...]))
    }
}
