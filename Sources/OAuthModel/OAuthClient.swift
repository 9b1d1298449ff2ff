public import Base
internal import JSONText

/// What we are at one authorisation server.
public struct OAuthClient: Sendable {
    /// Our id there.
    public let id: ByteString
    /// Our secret there; `nil` for a public client.
    public let secret: Secret<[UInt8]>?
    /// How the secret is shown.
    public let authentication: Authentication

    /// The ways to show who we are (RFC 6749, 2.3.1; OpenID Connect Core, 9).
    public enum Authentication: String, Hashable, Sendable, CaseIterable {
        /// By the id alone.
        case none
        /// In an `Authorization: Basic` header.
        case basic = "client_secret_basic"
        /// In the request's body.
        case post = "client_secret_post"
    }

    /// A client from its parts.
    public init(id: ByteString, secret: Secret<[UInt8]>?, authentication: Authentication) {
        self.id = id
        self.secret = secret
        self.authentication = authentication
    }

    /// A client somebody registered by hand, with the way of showing its secret that the server prefers.
    init(configured id: ByteString, secret: Secret<[UInt8]>?, at server: AuthorizationServer) {
        let methods = server.clientAuthentication
        let usesPost =
            !methods.isEmpty && !methods.contains("client_secret_basic") && methods.contains("client_secret_post")
        self.init(id: id, secret: secret, authentication: secret == nil ? .none : usesPost ? .post : .basic)
    }

    // LIMIT: bytes of an id or secret that a server may give us.
    static let maximumBytes = 4 << 10

    /// Reads the answer to a registration (RFC 7591, 3.2.1).
    init(registered document: JSONDocument) throws(OAuthProblem) {
        let root = document.root
        guard root.kind == .object, let id = root["client_id"]?.string, (1...Self.maximumBytes).contains(id.rawCount)
        else {
            throw OAuthProblem(.unreadable, "client_id")
        }
        let secret = root["client_secret"]?.string
        guard secret.map({ $0.rawCount <= Self.maximumBytes }) ?? true else {
            throw OAuthProblem(.unreadable, "client_secret")
        }
        let named = root["token_endpoint_auth_method"]?.string.flatMap { Authentication(rawValue: $0.text) }
        self.init(
            id: ByteString(id.bytes),
            secret: secret.map { Secret($0.bytes) },
            authentication: secret == nil ? .none : named ?? .basic
        )
    }

    /// What is sent to register (RFC 7591, section 2; AC-07): a native client that gives codes and refreshes.
    static func registration(name: ByteString, redirect: ByteString, scope: ByteString?) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("client_name")
        writer.string(name.bytes)
        writer.key("application_type")
        writer.string("native")
        writer.key("redirect_uris")
        writer.beginArray()
        writer.string(redirect.bytes)
        writer.endArray()
        writer.key("grant_types")
        writer.beginArray()
        writer.string("authorization_code")
        writer.string("refresh_token")
        writer.endArray()
        writer.key("response_types")
        writer.beginArray()
        writer.string("code")
        writer.endArray()
        writer.key("token_endpoint_auth_method")
        writer.string("none")
        if let scope {
            writer.key("scope")
            writer.string(scope.bytes)
        }
        writer.endObject()
        return writer.output
    }

    /// Adds who we are to a request for a token.
    func sign(_ form: inout FormFields, _ fields: inout [OAuthRequest.Field]) {
        guard let secret, authentication != .none else {
            form.append("client_id", id.bytes)
            return
        }
        switch authentication {
        case .post:
            form.append("client_id", id.bytes)
            form.append("client_secret", secret.reveal())
        case .basic, .none:
            var pair: [UInt8] = []
            FormFields.append(id.bytes, to: &pair)
            pair.append(UInt8(ascii: ":"))
            FormFields.append(secret.reveal(), to: &pair)
            let value = Array("Basic ".utf8) + TextCoding.base64(pair)
            fields.append(OAuthRequest.Field(name: "Authorization", value: Secret(value)))
        }
    }
}

/// A request that a flow wants made, by whoever can make it.
public struct OAuthRequest: Sendable {
    /// One header field.
    public struct Field: Sendable {
        /// Its name.
        public let name: ByteString
        /// Its value, which may be a credential.
        public let value: Secret<[UInt8]>
    }

    /// Where to: checked to be https or this machine; whoever connects checks the addresses behind the name.
    public let address: WebAddress
    /// Whether an operator named its origin.
    ///
    /// One that was only discovered must not lead to this machine or a private one (G1), which whoever connects finds
    /// out after resolving the name.
    public let isNamed: Bool
    /// The fields beside those that frame the message.
    public let fields: [Field]
    /// The body of a POST, which holds secrets; `nil` for a GET.
    public let body: Secret<[UInt8]>?

    static func get(_ address: WebAddress, isNamed: Bool) -> OAuthRequest {
        OAuthRequest(address: address, isNamed: isNamed, fields: [Self.accept], body: nil)
    }

    static func post(
        _ address: WebAddress,
        isNamed: Bool,
        type: StaticString,
        _ body: [UInt8],
        _ more: [Field] = []
    ) -> OAuthRequest {
        let type = Field(name: "Content-Type", value: Secret(Array("\(type)".utf8)))
        return OAuthRequest(address: address, isNamed: isNamed, fields: [Self.accept, type] + more, body: Secret(body))
    }

    private static let accept = Field(name: "Accept", value: Secret(Array("application/json".utf8)))
}

/// An answer to an ``OAuthRequest``.
public struct OAuthAnswer: Sendable {
    /// The status.
    public let status: Int
    /// The body, cut at what ``OAuthAnswer/maximumBytes`` allows: longer ones are given as empty.
    public let body: [UInt8]

    /// LIMIT: bytes of an answer.
    public static let maximumBytes = 256 << 10

    /// An answer from its parts.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body.count <= Self.maximumBytes ? body : []
    }

    /// The body as JSON, read strictly and not deeply, as metadata are flat; `nil` when it is none.
    var document: JSONDocument? {
        do throws(JSONError) {
            return try JSONDocument(body, limits: JSONLimits(maximumBytes: Self.maximumBytes, maximumDepth: 8))
        } catch {
            return nil
        }
    }

    /// Whether the server said that it cannot answer now.
    var isPassing: Bool { status == 429 || (500..<600).contains(status) }
}
