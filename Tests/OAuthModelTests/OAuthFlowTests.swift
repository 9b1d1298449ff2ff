import Base
import Cryptography
import JSONText
import OAuthModel
import Testing

/// A world of canned documents by address, and a flow that is walked through it.
private struct World {
    var documents: [String: (status: Int, body: String)] = [:]
    var asked: [String] = []
    var bodies: [String] = []
    var headers: [[String: String]] = []
    var flow: OAuthFlow
    static let now = WallTime(milliseconds: 1_800_000_000_000)

    init(_ server: String = "https://crm.example/mcp", grant: TokenGrant = .authorizationCode) throws {
        var connection = OAuthConnection(to: try #require(WebAddress(Array(server.utf8))), by: grant)
        connection.redirect = WebAddress(Array("http://127.0.0.1:7777/callback".utf8))
        try self.init(connection)
    }

    init(_ connection: OAuthConnection) throws {
        flow = OAuthFlow(connection, entropy: try #require(OAuthEntropy((0..<64).map { UInt8($0) })))
        documents["https://crm.example/.well-known/oauth-protected-resource/mcp"] = (
            200,
            """
            {"resource":"https://crm.example/mcp","authorization_servers":["https://login.example/t1"],
            "scopes_supported":["leads:read","leads:write"]}
            """
        )
        documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (200, Self.metadata())
        documents["https://login.example/register"] = (201, #"{"client_id":"c-1"}"#)
        documents["https://login.example/token"] = (
            200,
            #"{"access_token":"at-1","token_type":"bearer","expires_in":3600,"refresh_token":"rt-1"}"#
        )
    }

    static func metadata(
        issuer: String = "https://login.example/t1",
        more: String = #","code_challenge_methods_supported":["S256"]"#
    ) -> String {
        """
        {"issuer":"\(issuer)","authorization_endpoint":"https://login.example/authorize",
        "token_endpoint":"https://login.example/token","registration_endpoint":"https://login.example/register"\(more)}
        """
    }

    /// Answers requests until the flow wants something else.
    mutating func walk(_ step: OAuthFlow.Step) throws(OAuthProblem) -> OAuthFlow.Step {
        var step = step
        while case .ask(let request) = step {
            asked.append(request.address.text.text)
            bodies.append(String(decoding: request.body?.reveal() ?? [], as: UTF8.self))
            headers.append(
                Dictionary(
                    uniqueKeysWithValues: request.fields.map {
                        ($0.name.text, String(decoding: $0.value.reveal(), as: UTF8.self))
                    }
                )
            )
            let document = documents[request.address.text.text] ?? (404, "")
            step = try flow.take(OAuthAnswer(status: document.status, body: Array(document.body.utf8)), now: Self.now)
        }
        return step
    }

    mutating func consent() throws -> String {
        guard case .consent(let address) = try walk(try flow.begin()) else {
            throw OAuthProblem(.refused)
        }
        return address.text.text
    }

    mutating func finish(_ query: String) throws(OAuthProblem) -> TokenSet {
        guard case .done(let tokens) = try walk(try flow.take(returned: Array(query.utf8))) else {
            throw OAuthProblem(.refused)
        }
        return tokens
    }

    func value(_ name: String, of address: String) -> String? {
        let query = address.split(separator: "?", maxSplits: 1).last ?? ""
        return query.split(separator: "&").first { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }
}

@Suite("connecting a server by OAuth")
struct OAuthFlowTests {
    @Test("discovery, registration, consent and token come in this order and are bound to each other")
    func wholeFlow() throws {
        var world = try World()
        let address = try world.consent()
        #expect(
            world.asked == [
                "https://crm.example/.well-known/oauth-protected-resource/mcp",
                "https://login.example/.well-known/oauth-authorization-server/t1", "https://login.example/register",
            ]
        )
        #expect(address.hasPrefix("https://login.example/authorize?response_type=code&client_id=c-1&"))
        #expect(world.value("resource", of: address) == "https%3A%2F%2Fcrm.example%2Fmcp")
        #expect(world.value("scope", of: address) == "leads%3Aread%20leads%3Awrite")
        #expect(world.value("code_challenge_method", of: address) == "S256")
        let state = try #require(world.value("state", of: address))
        let tokens = try world.finish("code=abc&state=\(state)")
        let body = try #require(world.bodies.last)
        #expect(body.contains("resource=https%3A%2F%2Fcrm.example%2Fmcp"))
        #expect(body.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback"))
        // RFC 7636, 4.6: the verifier in the body hashes to the challenge in the address.
        let verifier = try #require(body.split(separator: "&").first { $0.hasPrefix("code_verifier=") }).dropFirst(14)
        let challenge = TextCoding.base64URL(SHA256.digest(Array(verifier.utf8)))
        #expect(world.value("code_challenge", of: address) == String(decoding: challenge, as: UTF8.self))
        #expect(tokens.accessToken.reveal() == Array("at-1".utf8))
        #expect(tokens.issuer == "https://login.example/t1")
        #expect(tokens.expires == WallTime(milliseconds: World.now.milliseconds + 3_600_000))
    }

    @Test("a set survives its sealing form, and nothing else is read as one")
    func sealing() throws {
        var world = try World()
        let address = try world.consent()
        let tokens = try world.finish("code=abc&state=\(try #require(world.value("state", of: address)))")
        let again = try #require(TokenSet(plaintext: tokens.plaintext))
        #expect(again.plaintext.reveal() == tokens.plaintext.reveal())
        #expect(TokenSet(plaintext: Secret(Array("{}".utf8))) == nil)
        let withoutMarker = Array(tokens.plaintext.reveal().drop { $0 != UInt8(ascii: "{") })
        #expect(TokenSet(plaintext: Secret(withoutMarker)) == nil)
        var ended = tokens
        ended.problem = OAuthProblem(.tokenRefused, "invalid_grant")
        #expect(try #require(TokenSet(plaintext: ended.plaintext)).problem == ended.problem)
        #expect(!"\(tokens)".contains("at-1") && !"\(tokens)".contains("rt-1"))
    }

    // MARK: - Servers that lie

    private func problem(_ change: (inout World) throws -> Void, _ query: String? = nil) throws -> OAuthProblem.Kind? {
        var world = try World()
        try change(&world)
        do {
            let address = try world.consent()
            if let query {
                let state = try #require(world.value("state", of: address))
                _ = try world.finish(query.replacing("STATE", with: state))
            }
            return nil
        } catch let problem as OAuthProblem {
            return problem.kind
        }
    }

    @Test("a description of another resource stops the flow before any authorisation server is asked")
    func otherResource() throws {
        for resource in [
            "https://evil.example/mcp", "https://crm.example/other", "https://crm.example/mc", "http://crm.example/mcp",
        ] {
            let kind = try problem { world in
                world.documents["https://crm.example/.well-known/oauth-protected-resource/mcp"] = (
                    200, #"{"resource":"\#(resource)","authorization_servers":["https://login.example/t1"]}"#
                )
            }
            #expect(kind == .otherResource, "\(resource)")
        }
    }

    @Test("metadata that name another issuer are not believed, not even for a slash")
    func otherIssuer() throws {
        for issuer in ["https://evil.example", "https://login.example/t1/", "https://LOGIN.example/t1"] {
            let kind = try problem { world in
                world.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
                    200, World.metadata(issuer: issuer)
                )
            }
            #expect(kind == .otherIssuer, "\(issuer)")
        }
    }

    @Test("G1: a discovered address in plain text to another machine is never asked")
    func unfit() throws {
        let kind = try problem { world in
            world.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
                200,
                World.metadata().replacing("https://login.example/token", with: "http://login.example/token")
            )
        }
        #expect(kind == .unfitAddress)
        let issuer = try problem { world in
            world.documents["https://crm.example/.well-known/oauth-protected-resource/mcp"] = (
                200, #"{"resource":"https://crm.example/mcp","authorization_servers":["http://169.254.169.254/"]}"#
            )
        }
        #expect(issuer == .unfitAddress)
    }

    @Test("G1: this machine is asked only where an operator named it, and a named issuer must be among the server's")
    func named() throws {
        func kind(issuer: String?) throws -> OAuthProblem.Kind? {
            let server = try #require(WebAddress(Array("http://127.0.0.1:1/mcp".utf8)))
            var connection = OAuthConnection(to: server, by: .authorizationCode)
            connection.redirect = WebAddress(Array("http://127.0.0.1:7777/callback".utf8))
            connection.issuer = issuer.flatMap { WebAddress(Array($0.utf8)) }
            var world = try World(connection)
            world.documents["http://127.0.0.1:1/.well-known/oauth-protected-resource/mcp"] = (
                200, #"{"resource":"http://127.0.0.1:1/mcp","authorization_servers":["http://127.0.0.1:2"]}"#
            )
            world.documents["http://127.0.0.1:2/.well-known/oauth-authorization-server"] = (
                200,
                World.metadata(issuer: "http://127.0.0.1:2").replacing(
                    "https://login.example",
                    with: "http://127.0.0.1:2"
                )
            )
            world.documents["http://127.0.0.1:2/register"] = (201, #"{"client_id":"c-1"}"#)
            do {
                _ = try world.consent()
                return nil
            } catch let problem as OAuthProblem {
                return problem.kind
            }
        }
        #expect(try kind(issuer: nil) == .unfitAddress)
        #expect(try kind(issuer: "http://127.0.0.1:2") == nil)
        #expect(try kind(issuer: "https://login.example/t1") == .unfitAddress)
    }

    @Test("without PKCE S256 no person is sent anywhere")
    func withoutProofKeys() throws {
        for more in ["", #","code_challenge_methods_supported":["plain"]"#] {
            let kind = try problem { world in
                world.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
                    200, World.metadata(more: more)
                )
            }
            #expect(kind == .noProofKey)
        }
    }

    @Test(
        "F7: an answer of another issuer, state or person is refused",
        arguments: [
            ("code=a&state=WRONG", OAuthProblem.Kind.otherState), ("code=a", .otherState),
            ("code=a&state=STATE&state=STATE", .otherState),
            ("code=a&state=STATE&iss=https%3A%2F%2Fevil.example", .returnedByOther),
            ("error=access_denied&state=STATE", .refused), ("state=STATE", .refused),
            ("error=x&state=STATE&iss=https%3A%2F%2Fevil.example", .returnedByOther),
        ]
    )
    func returns(query: String, kind: OAuthProblem.Kind) throws {
        #expect(try problem({ _ in }, query) == kind)
    }

    @Test("a server that says it names itself in answers and does not is refused")
    func missingIssuer() throws {
        let more =
            #","code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true"#
        let change: (inout World) -> Void = { world in
            world.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
                200, World.metadata(more: more)
            )
        }
        #expect(try problem(change, "code=a&state=STATE") == .returnedByOther)
        #expect(try problem(change, "code=a&state=STATE&iss=https%3A%2F%2Flogin.example%2Ft1") == nil)
    }

    @Test("a stray return does not end the flow, and a good one counts once")
    func singleUse() throws {
        var world = try World()
        let address = try world.consent()
        let state = try #require(world.value("state", of: address))
        #expect(throws: OAuthProblem(.otherState)) { try world.finish("code=a&state=guess") }
        _ = try world.finish("code=a&state=\(state)")
        #expect(throws: OAuthProblem(.otherState)) { try world.finish("code=a&state=\(state)") }
    }

    @Test("a challenge's address counts at the server's own origin only")
    func challengeAddress() throws {
        let own = #"Bearer resource_metadata="https://crm.example/meta", scope="leads:read""#
        let other = #"Bearer resource_metadata="https://evil.example/meta""#
        for (header, first) in [
            (own, "https://crm.example/meta"), (other, "https://crm.example/.well-known/oauth-protected-resource/mcp"),
        ] {
            var connection = OAuthConnection(
                to: try #require(WebAddress(Array("https://crm.example/mcp".utf8))),
                by: .authorizationCode
            )
            connection.redirect = WebAddress(Array("http://127.0.0.1:7777/callback".utf8))
            connection.challenge = BearerChallenge(Array(header.utf8))
            var world = try World(connection)
            let address = try world.consent()
            #expect(world.asked.first == first)
            if header == own {
                #expect(world.value("scope", of: address) == "leads%3Aread")
            }
        }
    }

    @Test("the addresses of metadata are tried in the order of the standard")
    func order() throws {
        var world = try World()
        world.documents = [
            "https://crm.example/.well-known/oauth-protected-resource": (
                200, #"{"resource":"https://crm.example/","authorization_servers":["https://login.example/t1"]}"#
            )
        ]
        #expect(throws: OAuthProblem(.noMetadata, "https://login.example/t1")) { try world.consent() }
        #expect(
            world.asked == [
                "https://crm.example/.well-known/oauth-protected-resource/mcp",
                "https://crm.example/.well-known/oauth-protected-resource",
                "https://login.example/.well-known/oauth-authorization-server/t1",
                "https://login.example/.well-known/openid-configuration/t1",
                "https://login.example/t1/.well-known/openid-configuration",
            ]
        )
    }

    @Test("a server of 2025-03-26 that describes nothing is its own authorisation server, without default endpoints")
    func undescribed() throws {
        var world = try World()
        world.documents = [
            "https://crm.example/.well-known/oauth-authorization-server": (
                200, World.metadata(issuer: "https://crm.example")
            ),
            "https://login.example/register": (201, #"{"client_id":"c-1"}"#),
        ]
        #expect(try world.consent().hasPrefix("https://login.example/authorize?"))
        var bare = try World()
        bare.documents = [:]
        #expect(throws: OAuthProblem(.notDescribed, "https://crm.example")) { try bare.consent() }
        #expect(bare.asked.count == 4)
    }

    @Test("what is down is told apart from what refuses")
    func unavailable() throws {
        #expect(
            try problem { $0.documents["https://login.example/register"] = (403, #"{"error":"no"}"#) }
                == .registrationRefused
        )
        #expect(
            try problem { $0.documents["https://crm.example/.well-known/oauth-protected-resource/mcp"] = (503, "") }
                == .unavailable
        )
        #expect(
            try problem(
                { $0.documents["https://login.example/token"] = (400, #"{"error":"invalid_grant"}"#) },
                "code=a&state=STATE"
            ) == .tokenRefused
        )
        #expect(
            try problem(
                {
                    $0.documents["https://login.example/token"] = (
                        200, #"{"access_token":"a b","token_type":"bearer"}"#
                    )
                },
                "code=a&state=STATE"
            ) == .badToken
        )
        #expect(
            try problem(
                { $0.documents["https://login.example/token"] = (200, #"{"access_token":"ab","token_type":"mac"}"#) },
                "code=a&state=STATE"
            ) == .badToken
        )
        #expect(
            try problem(
                {
                    $0.documents["https://login.example/token"] = (
                        200, #"{"access_token":"ab","token_type":"bearer","token_type":"bearer"}"#
                    )
                },
                "code=a&state=STATE"
            ) == .badToken
        )
    }

    @Test("client credentials need a configured client, and show the secret as the server wants it")
    func clientCredentials() throws {
        let grants =
            #","grant_types_supported":["client_credentials"],"token_endpoint_auth_methods_supported":["METHOD"]"#
        for (method, inBody) in [("client_secret_basic", false), ("client_secret_post", true)] {
            var connection = OAuthConnection(
                to: try #require(WebAddress(Array("https://crm.example/mcp".utf8))),
                by: .clientCredentials
            )
            connection.clientID = "id:1"
            connection.clientSecret = Secret(Array("s p".utf8))
            var world = try World(connection)
            world.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
                200, World.metadata(more: grants.replacing("METHOD", with: method))
            )
            guard case .done(let tokens) = try world.walk(try world.flow.begin()) else {
                Issue.record("not done")
                return
            }
            #expect(tokens.isRenewable)
            #expect(world.bodies.last?.contains("client_secret=s%20p") == inBody)
            let expected = String(decoding: TextCoding.base64(Array("id%3A1:s%20p".utf8)), as: UTF8.self)
            #expect(world.headers.last?["Authorization"] == (inBody ? nil : "Basic \(expected)"))
        }
        var without = try World(
            OAuthConnection(to: try #require(WebAddress(Array("https://crm.example/mcp".utf8))), by: .clientCredentials)
        )
        without.documents["https://login.example/.well-known/oauth-authorization-server/t1"] = (
            200, World.metadata(more: grants.replacing("METHOD", with: "client_secret_basic"))
        )
        #expect(throws: OAuthProblem(.noClient, "https://login.example/t1")) {
            try without.walk(try without.flow.begin())
        }
    }
}
