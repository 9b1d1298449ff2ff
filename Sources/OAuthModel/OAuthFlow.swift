public import Base
internal import Cryptography
internal import JSONText

/// How a server is connected for the first time: discovery, registration, consent, token (mcp-protocol.md, 5.2).
///
/// A machine without input or output: it says what to ask, takes what came back, and says what to do next. Every
/// address it names was checked to be https or this machine; whoever asks checks where the names lead. No step is taken
/// twice, and the number of steps is bounded by the lists of addresses.
public struct OAuthFlow: Sendable {
    /// What is to be done next.
    public enum Step: Sendable {
        /// Make this request and give its answer to ``OAuthFlow/take(_:now:)``.
        case ask(OAuthRequest)
        /// Let a person open this address; give the query the browser comes back with to ``OAuthFlow/take(returned:)``.
        case consent(WebAddress)
        /// It is done.
        case done(TokenSet)
    }

    private enum State {
        case begun
        case describing(rest: [WebAddress])
        case discovering(issuer: WebAddress, rest: [WebAddress])
        case registering(AuthorizationServer)
        case consenting(AuthorizationServer, OAuthClient)
        case exchanging(AuthorizationServer, OAuthClient)
        case over
    }

    private let connection: OAuthConnection
    private let entropy: OAuthEntropy
    private let rules: AddressRules
    private var state = State.begun
    private var described: ProtectedResource?

    /// A flow that has not begun.
    public init(_ connection: OAuthConnection, entropy: OAuthEntropy) {
        self.connection = connection
        self.entropy = entropy
        rules = AddressRules(connection)
    }

    // MARK: - Steps

    /// The first step.
    ///
    /// - Throws: ``OAuthProblem`` when the server's address is not one tokens may be sent to.
    public mutating func begin() throws(OAuthProblem) -> Step {
        guard case .begun = state else {
            throw OAuthProblem(.otherState)
        }
        _ = try rules.check(connection.server)
        return try askNext(of: ProtectedResource.addresses(of: connection.server, challenge: connection.challenge))
    }

    /// Takes the answer to the request that was asked for; `nil` when there was none.
    ///
    /// - Throws: ``OAuthProblem``; the flow is over then.
    public mutating func take(_ answer: OAuthAnswer?, now: WallTime) throws(OAuthProblem) -> Step {
        let state = self.state
        self.state = .over
        switch state {
        case .describing(let rest):
            return try takeDescription(answer, rest)
        case .discovering(let issuer, let rest):
            return try takeMetadata(answer, issuer, rest)
        case .registering(let server):
            return try takeRegistration(answer, server)
        case .exchanging(let server, let client):
            return .done(try tokens(try Self.present(answer), server, client, now))
        case .begun, .consenting, .over:
            throw OAuthProblem(.otherState)
        }
    }

    /// Takes the query the browser came back with (RFC 6749, 4.1.2; AC-11, AC-12).
    ///
    /// - Throws: ``OAuthProblem``. An `otherState` leaves the flow where it was: a stray request must not end it.
    public mutating func take(returned query: [UInt8]) throws(OAuthProblem) -> Step {
        guard case .consenting(let server, let client) = state, let form = FormFields(query),
            let state = form["state"], ConstantTime.areEqual(state, entropy.state)
        else {
            throw OAuthProblem(.otherState)
        }
        self.state = .over
        // By bytes, and before anything else of the answer is looked at, its error included (RFC 9207, 2.4).
        if let issuer = form["iss"] {
            guard issuer == server.issuer.bytes else {
                throw OAuthProblem(.returnedByOther)
            }
        } else if server.namesItselfInAnswers {
            throw OAuthProblem(.returnedByOther)
        }
        guard let code = form["code"], !code.isEmpty, form["error"] == nil else {
            throw OAuthProblem(.refused, ByteString(form["error"] ?? []))
        }
        var token = FormFields()
        token.append("grant_type", "authorization_code".utf8)
        token.append("code", code)
        token.append("code_verifier", entropy.verifier)
        token.append("redirect_uri", connection.redirect?.text.bytes ?? [])
        token.append("resource", resource.bytes)
        return exchange(token, server, client)
    }

    // MARK: - Discovery

    private var resource: ByteString { described?.resource ?? connection.server.asResource }

    private mutating func askNext(of addresses: [WebAddress]) throws(OAuthProblem) -> Step {
        guard let first = addresses.first else {
            // Servers of 2025-03-26 described nothing and were their own authorisation servers: their origin is asked
            // for its metadata, never for default endpoints.
            guard let issuer = connection.issuer ?? WebAddress(connection.server.origin.bytes) else {
                throw OAuthProblem(.notDescribed)
            }
            return try discover(try rules.check(issuer), AuthorizationServer.addresses(of: issuer))
        }
        state = .describing(rest: Array(addresses.dropFirst()))
        return .ask(.get(first, isNamed: rules.isNamed(first)))
    }

    private mutating func takeDescription(_ answer: OAuthAnswer?, _ rest: [WebAddress]) throws(OAuthProblem) -> Step {
        guard let answer, !answer.isPassing else {
            throw OAuthProblem(.unavailable, connection.server.authority)
        }
        guard answer.status == 200 else {
            return try askNext(of: rest)
        }
        guard let document = answer.document else {
            throw OAuthProblem(.unreadable, "oauth-protected-resource")
        }
        let description = try ProtectedResource(document, of: connection.server, rules)
        let issuers = description.authorizationServers
        // As the server writes it: metadata are compared by bytes, and people leave a last slash out.
        let wanted = connection.issuer?.asResource
        guard let issuer = issuers.first(where: { wanted == nil || $0.asResource == wanted }) else {
            throw OAuthProblem(.otherIssuer, connection.issuer?.text ?? "")
        }
        described = description
        return try discover(issuer, AuthorizationServer.addresses(of: issuer))
    }

    private mutating func discover(_ issuer: WebAddress, _ addresses: [WebAddress]) throws(OAuthProblem) -> Step {
        guard let first = addresses.first else {
            throw OAuthProblem(described == nil ? .notDescribed : .noMetadata, issuer.text)
        }
        state = .discovering(issuer: issuer, rest: Array(addresses.dropFirst()))
        return .ask(.get(first, isNamed: rules.isNamed(first)))
    }

    private mutating func takeMetadata(
        _ answer: OAuthAnswer?,
        _ issuer: WebAddress,
        _ rest: [WebAddress]
    ) throws(OAuthProblem) -> Step {
        guard let answer, !answer.isPassing else {
            throw OAuthProblem(.unavailable, issuer.authority)
        }
        guard answer.status == 200 else {
            return try discover(issuer, rest)
        }
        guard let document = answer.document else {
            throw OAuthProblem(.unreadable, "oauth-authorization-server")
        }
        let server = try AuthorizationServer(document, of: issuer, rules)
        guard
            server.offers(ByteString(connection.grant.rawValue))
                || connection.grant == .clientCredentials && server.grants.isEmpty
        else {
            throw OAuthProblem(.noGrant, ByteString(connection.grant.rawValue))
        }
        return try identify(at: server)
    }

    // MARK: - Who we are

    private mutating func identify(at server: AuthorizationServer) throws(OAuthProblem) -> Step {
        if let id = connection.clientID {
            let client = OAuthClient(configured: id, secret: connection.clientSecret, at: server)
            return try authorize(client, at: server)
        }
        guard connection.grant == .authorizationCode else {
            throw OAuthProblem(.noClient, server.issuer)
        }
        if let document = connection.clientMetadataDocument, server.takesClientMetadataDocuments {
            return try authorize(OAuthClient(id: document.text, secret: nil, authentication: .none), at: server)
        }
        guard let endpoint = server.registrationEndpoint, let redirect = connection.redirect else {
            throw OAuthProblem(.noClient, server.issuer)
        }
        state = .registering(server)
        let body = OAuthClient.registration(
            name: connection.clientName,
            redirect: redirect.text,
            scope: scope(at: server)
        )
        return .ask(
            .post(endpoint, isNamed: rules.isNamed(endpoint), type: "application/json", body)
        )
    }

    private mutating func takeRegistration(
        _ answer: OAuthAnswer?,
        _ server: AuthorizationServer
    ) throws(OAuthProblem) -> Step {
        let answer = try Self.present(answer)
        guard (200...201).contains(answer.status) else {
            let code = answer.document?.root["error"]?.string.map { ByteString($0.bytes) }
            throw OAuthProblem(.registrationRefused, code ?? ByteString("status \(answer.status)"))
        }
        guard let document = answer.document else {
            throw OAuthProblem(.unreadable, "registration")
        }
        return try authorize(try OAuthClient(registered: document), at: server)
    }

    // MARK: - Authorisation

    private mutating func authorize(_ client: OAuthClient, at server: AuthorizationServer) throws(OAuthProblem) -> Step
    {
        guard connection.grant == .authorizationCode else {
            var form = FormFields()
            form.append("grant_type", "client_credentials".utf8)
            form.append("resource", resource.bytes)
            if let scope = scope(at: server) {
                form.append("scope", scope.bytes)
            }
            return exchange(form, server, client)
        }
        guard server.offersProofKeys else {
            throw OAuthProblem(.noProofKey, server.issuer)
        }
        guard let endpoint = server.authorizationEndpoint, let redirect = connection.redirect else {
            throw OAuthProblem(.noGrant, "authorization_endpoint")
        }
        var query = FormFields()
        query.append("response_type", "code".utf8)
        query.append("client_id", client.id.bytes)
        query.append("redirect_uri", redirect.text.bytes)
        query.append("code_challenge", TextCoding.base64URL(SHA256.digest(entropy.verifier)))
        query.append("code_challenge_method", "S256".utf8)
        query.append("state", entropy.state)
        query.append("resource", resource.bytes)
        if let scope = scope(at: server) {
            query.append("scope", scope.bytes)
        }
        // RFC 6749, 3.1: a query of the endpoint's own is kept.
        let separator = endpoint.query == nil ? UInt8(ascii: "?") : UInt8(ascii: "&")
        guard let address = WebAddress(endpoint.text.bytes + [separator] + query.encoded) else {
            throw OAuthProblem(.unfitAddress, endpoint.text)
        }
        state = .consenting(server, client)
        return .consent(address)
    }

    /// What to ask for (AC-14), with `offline_access` only where the server lists it (AC-16).
    private func scope(at server: AuthorizationServer) -> ByteString? {
        let known = described.map { $0.scopes } ?? []
        let joined = ByteString(Array(known.map(\.bytes).joined(separator: [0x20])))
        let chosen = connection.scope ?? connection.challenge?.scope ?? (known.isEmpty ? nil : joined)
        guard connection.scope == nil, connection.grant == .authorizationCode, server.scopes.contains("offline_access"),
            let chosen, !chosen.bytes.split(separator: 0x20).contains(where: { $0.isEqual(to: "offline_access") })
        else {
            return chosen
        }
        return ByteString(chosen.bytes + Array(" offline_access".utf8))
    }

    private mutating func exchange(_ form: FormFields, _ server: AuthorizationServer, _ client: OAuthClient) -> Step {
        state = .exchanging(server, client)
        let endpoint = server.tokenEndpoint
        return .ask(.token(form, at: endpoint, isNamed: rules.isNamed(endpoint), as: client))
    }

    private func tokens(
        _ answer: OAuthAnswer,
        _ server: AuthorizationServer,
        _ client: OAuthClient,
        _ now: WallTime
    ) throws(OAuthProblem) -> TokenSet {
        let answer = try TokenAnswer(answer)
        return TokenSet(
            issuer: server.issuer,
            resource: resource,
            tokenEndpoint: server.tokenEndpoint,
            isNamed: rules.isNamed(server.tokenEndpoint),
            client: client,
            grant: connection.grant,
            accessToken: answer.accessToken,
            refreshToken: answer.refreshToken,
            scope: answer.scope ?? scope(at: server),
            issued: now,
            expires: answer.end(from: now)
        )
    }

    private static func present(_ answer: OAuthAnswer?) throws(OAuthProblem) -> OAuthAnswer {
        guard let answer else {
            throw OAuthProblem(.unavailable)
        }
        return answer
    }
}

extension OAuthRequest {
    /// A request for a token (RFC 6749, 3.2).
    static func token(
        _ form: FormFields,
        at endpoint: WebAddress,
        isNamed: Bool,
        as client: OAuthClient
    ) -> OAuthRequest {
        var form = form
        var fields: [Field] = []
        client.sign(&form, &fields)
        let type: StaticString = "application/x-www-form-urlencoded"
        return .post(endpoint, isNamed: isNamed, type: type, form.encoded, fields)
    }
}

extension TokenAnswer {
    func end(from now: WallTime) -> WallTime? {
        lifetime.map { WallTime(milliseconds: now.milliseconds + $0 * 1_000) }
    }
}
