import Base
import OAuthModel
import Testing

@Suite("the life of an upstream's token")
struct TokenLifeTests {
    private static let text =
        """
        {"issuer":"https://i.example","resource":"https://r.example","token_endpoint":"https://i.example/token",
        "client_id":"c","named":false,"client_authentication":"none","grant":"authorization_code","access_token":"at-1",
        "refresh_token":"rt-1","issued":0,"expires":3600000}
        """

    private func set(_ text: String = text) throws -> TokenSet {
        try #require(TokenSet(plaintext: Secret([0] + Array("toolgate oauth 1\n\(text)".utf8))))
    }

    private func answer(_ status: Int, _ body: String) -> OAuthAnswer {
        OAuthAnswer(status: status, body: Array(body.utf8))
    }

    @Test("a token is renewed ahead of its end, beside calls, and before them once it has ended")
    func schedule() throws {
        let life = TokenLife(try set())
        #expect(life.use(at: WallTime(milliseconds: 3_239_999)) == .good)
        #expect(life.use(at: WallTime(milliseconds: 3_240_000)) == .renewBeside)
        #expect(life.use(at: WallTime(milliseconds: 3_599_999)) == .renewBeside)
        #expect(life.use(at: WallTime(milliseconds: 3_600_000)) == .renewFirst)
    }

    @Test("without a refresh token it is used to its end, then somebody has to connect")
    func withoutRefresh() throws {
        let life = TokenLife(try set(Self.text.replacing(#""refresh_token":"rt-1","#, with: "")))
        #expect(life.use(at: WallTime(milliseconds: 3_599_999)) == .good)
        #expect(life.use(at: WallTime(milliseconds: 3_600_000)) == .reconnect(OAuthProblem(.tokenRefused)))
    }

    @Test("a renewal rotates the refresh token, or keeps it when none comes")
    func rotation() throws {
        let now = WallTime(milliseconds: 3_300_000)
        let request = try #require(try set().renewalRequest)
        #expect(
            String(decoding: request.body?.reveal() ?? [], as: UTF8.self)
                == "grant_type=refresh_token&refresh_token=rt-1&resource=https%3A%2F%2Fr.example&client_id=c"
        )
        let rotated = try set().renewed(
            by: answer(200, #"{"access_token":"at-2","token_type":"Bearer","expires_in":60,"refresh_token":"rt-2"}"#),
            now: now
        )
        #expect(rotated.refreshToken?.reveal() == Array("rt-2".utf8))
        #expect(rotated.expires == WallTime(milliseconds: 3_360_000))
        let kept = try set().renewed(by: answer(200, #"{"access_token":"at-2","token_type":"Bearer"}"#), now: now)
        #expect(kept.refreshToken?.reveal() == Array("rt-1".utf8))
        #expect(kept.expires == nil)
    }

    @Test("what passes is tried again ever more slowly, what does not ends the life without looping")
    func failures() throws {
        var life = TokenLife(try set())
        let end: Int64 = 3_600_000
        life.failed(OAuthProblem(.unavailable), at: WallTime(milliseconds: end))
        #expect(life.use(at: WallTime(milliseconds: end + 999)) == .wait(until: WallTime(milliseconds: end + 1_000)))
        #expect(life.use(at: WallTime(milliseconds: end + 1_000)) == .renewFirst)
        for _ in 0..<40 {
            life.failed(OAuthProblem(.unavailable), at: WallTime(milliseconds: end))
        }
        #expect(
            life.use(at: WallTime(milliseconds: end + 299_999)) == .wait(until: WallTime(milliseconds: end + 300_000))
        )
        life.failed(OAuthProblem(.tokenRefused, "invalid_grant"), at: WallTime(milliseconds: end))
        #expect(
            life.use(at: WallTime(milliseconds: end + 900_000))
                == .reconnect(OAuthProblem(.tokenRefused, "invalid_grant"))
        )
    }

    @Test("tokens that are over at once are renewed ever more slowly, until one lives", arguments: [0, 1, 9])
    func overAtOnce(seconds: Int) throws {
        var life = TokenLife(try set())
        var now: Int64 = 3_600_000
        func renewed(_ seconds: Int) throws -> TokenSet {
            let body = #"{"access_token":"at-2","token_type":"Bearer","expires_in":\#(seconds)}"#
            return try life.tokens.renewed(by: answer(200, body), now: WallTime(milliseconds: now))
        }
        for pause: Int64 in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            life.renewed(try renewed(seconds), at: WallTime(milliseconds: now))
            let use = life.use(at: WallTime(milliseconds: now + pause * 1_000 - 1))
            #expect(use != .renewFirst && use != .renewBeside, "within \(pause) s")
            now += max(pause, 10) * 1_000
            #expect(life.use(at: WallTime(milliseconds: now)) == .renewFirst)
        }
        life.renewed(try renewed(10), at: WallTime(milliseconds: now))
        #expect(life.use(at: WallTime(milliseconds: now + 5_000)) == .renewBeside)
        life.renewed(try renewed(seconds), at: WallTime(milliseconds: now))
        #expect(life.use(at: WallTime(milliseconds: now + 10_000)) == .renewFirst)
    }

    @Test("a life knows its own tokens again, and no others")
    func known() throws {
        let life = TokenLife(try set())
        #expect(life.holds(try set()))
        #expect(!life.holds(try set(Self.text.replacing("at-1", with: "at-2"))))
        #expect(!life.holds(try set(Self.text.replacing(#""issued":0"#, with: #""issued":1"#))))
    }

    @Test("a token the server refuses counts as over at once")
    func refused() throws {
        var life = TokenLife(try set())
        life.refused(at: WallTime(milliseconds: 10))
        #expect(life.use(at: WallTime(milliseconds: 10)) == .renewFirst)
    }

    @Test(
        "refusals of the token endpoint pass or end as RFC 6749 has them",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, OAuthProblem.Kind.tokenRefused),
            (401, #"{"error":"invalid_client"}"#, .tokenRefused),
            (503, "", .unavailable), (429, "", .unavailable),
            (400, #"{"error":"temporarily_unavailable"}"#, .unavailable),
            (200, "", .badToken), (302, "", .badToken),
            (200, #"{"access_token":"a","token_type":"bearer","expires_in":-1}"#, .badToken),
        ]
    )
    func refusals(status: Int, body: String, kind: OAuthProblem.Kind) throws {
        let set = try set()
        do throws(OAuthProblem) {
            _ = try set.renewed(by: answer(status, body), now: WallTime(milliseconds: 0))
            Issue.record("taken")
        } catch {
            #expect(error.kind == kind)
        }
    }
}

@Suite("challenges and addresses")
struct ChallengeTests {
    @Test(
        "a Bearer challenge is found among others, quoted and bare",
        arguments: [
            (#"Bearer resource_metadata="https://a/b", error="invalid_token""#, "https://a/b"),
            (#"Basic realm="x", bearer Resource_Metadata = "https://a/b""#, "https://a/b"),
            (#"Negotiate, Bearer resource_metadata="https://a/\b""#, "https://a/b"),
            (#"Bearer"#, nil), (#"Bearer scope="a b""#, nil),
        ]
    )
    func found(header: String, metadata: String?) throws {
        let challenge = try #require(BearerChallenge(Array(header.utf8)))
        #expect(challenge.resourceMetadata?.text == metadata)
    }

    @Test(
        "what is not one, or says a thing twice, is none",
        arguments: [
            "", "Basic realm=\"x\"", #"Bearer scope="a", scope="b""#, #"Bearer scope="a"#, "Bearer scope=",
        ]
    )
    func refused(header: String) {
        #expect(BearerChallenge(Array(header.utf8)) == nil)
    }

    @Test(
        "addresses that are not absolute, plain http(s) are refused",
        arguments: [
            "", "https://", "https:///x", "ftp://a/", "https://user@a/", "https://a/#b", "https://a/b c", "//a/b",
            "https://a\\b/",
            "https://a/{x}", "javascript:alert(1)", "https://:80/", "file:///etc/passwd",
        ]
    )
    func badAddresses(text: String) {
        #expect(WebAddress(Array(text.utf8)) == nil)
    }

    @Test(
        "this machine is told by its names and addresses, not by what looks like them",
        arguments: [
            ("http://127.0.0.1:80/x", true), ("http://localhost/", true), ("http://[::1]:8/", true),
            ("http://a.example/", false), ("http://127.0.0.1.evil.example/", false), ("http://localhost.evil/", false),
            ("http://10.0.0.1/", false), ("http://0x7f.0.0.1/", false), ("http://[::ffff:127.0.0.1]/", false),
        ]
    )
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(WebAddress(Array(text.utf8))).isLoopback == isLoopback)
    }
}
