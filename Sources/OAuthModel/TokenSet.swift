public import Base
internal import JSONText

/// Everything an authorisation left behind: what is sealed, kept and used until it ends.
public struct TokenSet: Sendable {
    /// Who gave it (AC-08).
    public let issuer: ByteString
    /// What it is good for (AC-10).
    public let resource: ByteString
    /// Where it is renewed.
    public let tokenEndpoint: WebAddress
    /// Whether an operator named that endpoint's origin (``OAuthRequest/isNamed``).
    public let isNamed: Bool
    /// What we are there.
    public let client: OAuthClient
    /// How it was had, and is had anew.
    public let grant: TokenGrant
    /// What goes into `Authorization: Bearer`; visible ASCII.
    public let accessToken: Secret<[UInt8]>
    /// What a new one is had with; `nil` when the server gave none.
    public let refreshToken: Secret<[UInt8]>?
    /// The scopes that were granted; `nil` when neither side named any.
    public let scope: ByteString?
    /// When it was given.
    public let issued: WallTime
    /// When it ends; `nil` when the server did not say.
    public let expires: WallTime?
    /// Why nothing new can be had any more until somebody connects again; `nil` while all is well.
    public var problem: OAuthProblem?

    /// When a new one is to be had, ahead of the end: a tenth of its life before, at least one minute and at most ten,
    /// but never earlier than half of its life.
    public var renewal: WallTime? {
        guard let expires else {
            return nil
        }
        let life = max(0, expires.milliseconds - issued.milliseconds)
        let ahead = min(life / 2, min(600_000, max(60_000, life / 10)))
        return WallTime(milliseconds: expires.milliseconds - ahead)
    }

    /// Whether it ends before anybody could do much with it: servers exist that say so of every token.
    var isShort: Bool {
        expires.map { $0.milliseconds - issued.milliseconds < Self.shortest } ?? false
    }

    // LIMIT: the life in milliseconds of a token that is renewed at its time; shorter ones ever more slowly.
    private static let shortest: Int64 = 10_000

    /// What stands in the `Authorization` header (RFC 6750, 2.1; AC-15).
    public var authorization: Secret<[UInt8]> { Secret(Array("Bearer ".utf8) + accessToken.reveal()) }

    /// Whether a new one can be had without a person.
    public var isRenewable: Bool { refreshToken != nil || grant == .clientCredentials }
}

/// The grants of this client.
public enum TokenGrant: String, Hashable, Sendable {
    /// A person consented (RFC 6749, 4.1).
    case authorizationCode = "authorization_code"
    /// The client stands for itself (RFC 6749, 4.4).
    case clientCredentials = "client_credentials"
}

/// The answer of a token endpoint (RFC 6749, 5).
struct TokenAnswer {
    let accessToken: Secret<[UInt8]>
    let refreshToken: Secret<[UInt8]>?
    let lifetime: Int64?
    let scope: ByteString?

    // LIMIT: bytes of a token, which travels in a header.
    private static let maximumTokenBytes = 16 << 10
    // LIMIT: seconds a token is believed to live; more is cut.
    private static let maximumLifetime: Int64 = 10 * 366 * 86_400

    init(_ answer: OAuthAnswer) throws(OAuthProblem) {
        guard !answer.isPassing else {
            throw OAuthProblem(.unavailable, ByteString("status \(answer.status)"))
        }
        guard let root = answer.document?.root, root.kind == .object else {
            throw OAuthProblem(.badToken, ByteString("status \(answer.status)"))
        }
        guard answer.status == 200 else {
            throw Self.refusal(root, answer.status)
        }
        guard let type = root["token_type"]?.string, type.slice.map(WebAddress.lowered).isEqual(to: "bearer") else {
            throw OAuthProblem(.badToken, "token_type")
        }
        guard let token = root["access_token"]?.string, Self.isToken(token.bytes) else {
            throw OAuthProblem(.badToken, "access_token")
        }
        accessToken = Secret(token.bytes)
        refreshToken = try Self.text("refresh_token", root).map { Secret($0) }
        scope = try Self.text("scope", root).map { ByteString($0) }
        lifetime = try Self.lifetime(root)
    }

    private static func lifetime(_ root: JSONValue) throws(OAuthProblem) -> Int64? {
        guard let value = root["expires_in"], !value.isNull else {
            return nil
        }
        // Some servers write the number as text.
        let seconds = value.number?.int ?? value.string.flatMap { Int($0.text) }
        guard let seconds, seconds >= 0 else {
            throw OAuthProblem(.badToken, "expires_in")
        }
        return min(Int64(seconds), maximumLifetime)
    }

    private static func text(_ key: StaticString, _ root: JSONValue) throws(OAuthProblem) -> [UInt8]? {
        guard let value = root[key], !value.isNull else {
            return nil
        }
        guard let text = value.string, text.rawCount <= maximumTokenBytes,
            text.slice.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else {
            throw OAuthProblem(.badToken, ByteString("\(key)"))
        }
        return text.rawCount == 0 ? nil : text.bytes
    }

    private static func isToken(_ bytes: [UInt8]) -> Bool {
        (1...maximumTokenBytes).contains(bytes.count) && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// What a refusal means: `temporarily_unavailable` and its like pass, everything else needs a person.
    private static func refusal(_ root: JSONValue, _ status: Int) -> OAuthProblem {
        let code = root["error"]?.string.map { ByteString($0.bytes) } ?? ByteString("status \(status)")
        let passes = code == "temporarily_unavailable" || code == "server_error" || code == "slow_down"
        return OAuthProblem(passes ? .unavailable : .tokenRefused, code)
    }
}
