internal import Base
internal import JSONText

/// What an MCP server says of itself as a protected resource (RFC 9728).
struct ProtectedResource: Hashable, Sendable {
    /// The resource a token is asked for: the server's address, or a part of its origin that holds it.
    let resource: ByteString
    /// Who authorises, in the server's order.
    let authorizationServers: [WebAddress]
    /// The scopes it knows; empty when it does not say.
    let scopes: [ByteString]

    // LIMIT: authorisation servers and scopes of one document that are looked at.
    static let maximumEntries = 64

    /// Where the description may stand, in the order to be tried (RFC 9728, 3.1; AC-01).
    ///
    /// The address of a challenge counts only at the server's own origin: whoever can write one header of a server must
    /// not choose who hands out its tokens.
    static func addresses(of server: WebAddress, challenge: BearerChallenge?) -> [WebAddress] {
        var addresses: [WebAddress] = []
        if let named = challenge?.resourceMetadata.flatMap({ WebAddress($0.bytes) }), named.origin == server.origin {
            addresses.append(named)
        }
        let root = WebAddress(server.origin.bytes)
        for address in [
            server.inserting(wellKnown: "oauth-protected-resource"),
            root?.inserting(wellKnown: "oauth-protected-resource"),
        ] {
            if let address, !addresses.contains(address) {
                addresses.append(address)
            }
        }
        return addresses
    }

    /// Reads a description.
    ///
    /// - Throws: ``OAuthProblem`` of kind `unreadable`, `otherResource` (AC-02) or `unfitAddress`.
    init(_ document: JSONDocument, of server: WebAddress, _ rules: AddressRules) throws(OAuthProblem) {
        let root = document.root
        guard root.kind == .object, let named = root["resource"]?.string else {
            throw OAuthProblem(.unreadable, "resource")
        }
        guard let address = WebAddress(named.bytes), address.contains(server) else {
            throw OAuthProblem(.otherResource, ByteString(named.bytes))
        }
        // As written there: the authorisation server compares it by bytes.
        resource = address.text
        guard let issuers = root["authorization_servers"], issuers.kind == .array, issuers.count > 0 else {
            throw OAuthProblem(.unreadable, "authorization_servers")
        }
        var servers: [WebAddress] = []
        for issuer in issuers.elements.prefix(Self.maximumEntries) {
            guard let address = issuer.string.flatMap({ WebAddress($0.bytes) }) else {
                throw OAuthProblem(.unreadable, "authorization_servers")
            }
            servers.append(try rules.check(address))
        }
        authorizationServers = servers
        scopes = root.texts("scopes_supported")
    }
}

extension JSONValue {
    /// The texts of an array member; what is no text, or too long, is passed over.
    func texts(_ key: StaticString) -> [ByteString] {
        guard let list = self[key], list.kind == .array else {
            return []
        }
        return list.elements.prefix(ProtectedResource.maximumEntries).compactMap { $0.string }
            .filter { $0.rawCount <= WebAddress.maximumBytes }
            .map { ByteString($0.bytes) }
    }
}
