public import Base
internal import JSONText

/// What an authorisation server says of itself (RFC 8414; OpenID Connect Discovery).
public struct AuthorizationServer: Hashable, Sendable {
    /// Its name, by which all credentials are kept apart (AC-08).
    public let issuer: ByteString
    /// Where a person consents; `nil` when it authorises no persons.
    public let authorizationEndpoint: WebAddress?
    /// Where tokens are had.
    public let tokenEndpoint: WebAddress
    /// Where clients register; `nil` when they cannot.
    public let registrationEndpoint: WebAddress?
    /// Whether a client may be an address of its own metadata.
    public let takesClientMetadataDocuments: Bool
    /// Whether it says who it is in its answers (RFC 9207).
    public let namesItselfInAnswers: Bool
    /// Ways in which a client shows who it is; empty when it does not say, which means `client_secret_basic`.
    let clientAuthentication: [ByteString]
    /// The grants it offers; empty when it does not say.
    let grants: [ByteString]
    /// The scopes it knows; empty when it does not say.
    let scopes: [ByteString]
    private let proofMethods: [ByteString]

    /// Where the metadata of an issuer may stand, in the order to be tried (AC-03).
    static func addresses(of issuer: WebAddress) -> [WebAddress] {
        let hasPath = !issuer.pathWithoutEnd.isEmpty
        return [
            issuer.inserting(wellKnown: "oauth-authorization-server"),
            hasPath ? issuer.inserting(wellKnown: "openid-configuration") : nil,
            issuer.appending(wellKnown: "openid-configuration"),
        ].compactMap { $0 }
    }

    /// Reads metadata.
    ///
    /// - Throws: ``OAuthProblem`` of kind `unreadable`, `otherIssuer` (AC-04) or `unfitAddress` (AC-13).
    init(_ document: JSONDocument, of asked: WebAddress, _ rules: AddressRules) throws(OAuthProblem) {
        let root = document.root
        guard root.kind == .object, let issuer = root["issuer"]?.string else {
            throw OAuthProblem(.unreadable, "issuer")
        }
        guard issuer.isEqual(to: asked.text.bytes) else {
            throw OAuthProblem(.otherIssuer, ByteString(issuer.bytes))
        }
        self.issuer = asked.text
        guard let token = try Self.endpoint("token_endpoint", of: root, rules) else {
            throw OAuthProblem(.unreadable, "token_endpoint")
        }
        tokenEndpoint = token
        authorizationEndpoint = try Self.endpoint("authorization_endpoint", of: root, rules)
        registrationEndpoint = try Self.endpoint("registration_endpoint", of: root, rules)
        takesClientMetadataDocuments = root["client_id_metadata_document_supported"]?.boolean == true
        namesItselfInAnswers = root["authorization_response_iss_parameter_supported"]?.boolean == true
        clientAuthentication = root.texts("token_endpoint_auth_methods_supported")
        grants = root.texts("grant_types_supported")
        scopes = root.texts("scopes_supported")
        proofMethods = root.texts("code_challenge_methods_supported")
    }

    private static func endpoint(
        _ key: StaticString,
        of root: JSONValue,
        _ rules: AddressRules
    ) throws(OAuthProblem) -> WebAddress? {
        guard let value = root[key], !value.isNull else {
            return nil
        }
        guard let address = value.string.flatMap({ WebAddress($0.bytes) }) else {
            throw OAuthProblem(.unreadable, ByteString("\(key)"))
        }
        return try rules.check(address)
    }

    /// Whether codes can be bound to whoever asked for them (AC-09): said expressly, or nothing is begun.
    var offersProofKeys: Bool { proofMethods.contains("S256") }

    /// Whether it offers a grant; one that says nothing offers codes (RFC 8414, section 2).
    func offers(_ grant: ByteString) -> Bool {
        grants.isEmpty ? grant == "authorization_code" : grants.contains(grant)
    }
}
