public import Base

/// Having a new token without a person (RFC 6749, 6; AC-16).
extension TokenSet {
    /// The request that renews this set; `nil` when only a person can.
    public var renewalRequest: OAuthRequest? {
        var form = FormFields()
        if let refreshToken {
            form.append("grant_type", "refresh_token".utf8)
            form.append("refresh_token", refreshToken.reveal())
        } else if grant == .clientCredentials {
            form.append("grant_type", "client_credentials".utf8)
            if let scope {
                form.append("scope", scope.bytes)
            }
        } else {
            return nil
        }
        form.append("resource", resource.bytes)
        return .token(form, at: tokenEndpoint, isNamed: isNamed, as: client)
    }

    /// The set after an answer to ``renewalRequest``: with the new refresh token when one came, else with the old one.
    ///
    /// - Throws: ``OAuthProblem``: `unavailable` leaves this set as good as it was; anything else means that somebody
    ///   has to connect again.
    public func renewed(by answer: OAuthAnswer, now: WallTime) throws(OAuthProblem) -> TokenSet {
        let answer = try TokenAnswer(answer)
        return TokenSet(
            issuer: issuer,
            resource: resource,
            tokenEndpoint: tokenEndpoint,
            isNamed: isNamed,
            client: client,
            grant: grant,
            accessToken: answer.accessToken,
            refreshToken: answer.refreshToken ?? refreshToken,
            scope: answer.scope ?? scope,
            issued: now,
            expires: answer.end(from: now)
        )
    }
}

/// Where one credential stands: what a call may do with it now.
public struct TokenLife: Sendable {
    /// What a call does about the token.
    public enum Use: Hashable, Sendable {
        /// Send it.
        case good
        /// Send it, and have a new one meanwhile.
        case renewBeside
        /// Have a new one first.
        case renewFirst
        /// Do not ask again before this time; the call is refused.
        case wait(until: WallTime)
        /// Somebody has to connect again.
        case reconnect(OAuthProblem)
    }

    /// The tokens, with the problem that ended their renewal.
    public private(set) var tokens: TokenSet
    private var failures = 0
    private var notBefore: WallTime?

    // LIMIT: the longest pause between two attempts.
    private static let longestPause: Int64 = 300_000

    /// A life that begins with a set.
    public init(_ tokens: TokenSet) {
        self.tokens = tokens
    }

    /// What to do now.
    ///
    /// At most one renewal runs at a time: whoever runs it asks nothing while it runs.
    public func use(at now: WallTime) -> Use {
        let isLive = tokens.expires.map { now < $0 } ?? true
        if let problem = tokens.problem {
            // What was given is used to its end.
            return isLive ? .good : .reconnect(problem)
        }
        let isPausing = notBefore.map { now < $0 } ?? false
        guard isLive else {
            guard tokens.isRenewable else {
                return .reconnect(OAuthProblem(.tokenRefused))
            }
            return isPausing ? .wait(until: notBefore ?? now) : .renewFirst
        }
        let isDue = tokens.renewal.map { now >= $0 } ?? false
        return isDue && tokens.isRenewable && !isPausing ? .renewBeside : .good
    }

    /// A renewal brought new tokens.
    ///
    /// Ones that are over at once are renewed as slowly as if the renewal had failed, or their server would be asked
    /// without end; what was given is used meanwhile.
    public mutating func renewed(_ tokens: TokenSet, at now: WallTime) {
        let failures = failures
        self = TokenLife(tokens)
        if tokens.isShort {
            self.failures = failures
            pause(at: now)
        }
    }

    /// Whether its tokens are those of a set, byte for byte.
    public func holds(_ others: TokenSet) -> Bool {
        tokens.plaintext.reveal() == others.plaintext.reveal()
    }

    /// A renewal failed: what passes is tried again after one second, then two, four, … up to five minutes.
    public mutating func failed(_ problem: OAuthProblem, at now: WallTime) {
        guard problem.isPassing else {
            tokens.problem = problem
            return
        }
        pause(at: now)
    }

    private mutating func pause(at now: WallTime) {
        let pause = min(Self.longestPause, 1_000 << Int64(min(failures, 20)))
        failures += 1
        notBefore = WallTime(milliseconds: now.milliseconds + pause)
    }

    /// The server refused the token although it should be good (401): it counts as over from now on.
    public mutating func refused(at now: WallTime) {
        tokens = tokens.ending(at: now)
    }
}

extension TokenSet {
    fileprivate func ending(at now: WallTime) -> TokenSet {
        TokenSet(
            issuer: issuer,
            resource: resource,
            tokenEndpoint: tokenEndpoint,
            isNamed: isNamed,
            client: client,
            grant: grant,
            accessToken: accessToken,
            refreshToken: refreshToken,
            scope: scope,
            issued: issued,
            expires: now
        )
    }
}
