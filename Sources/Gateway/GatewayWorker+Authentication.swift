internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import MCPModel
internal import Secrets

/// Who sends a request, and whether a browser was made to.
extension GatewayWorker {
    /// Refuses requests that a page of somebody else, or a rebound name, made a browser send (security.md, C9).
    func checkSender(_ fields: HTTPFields) throws(Failure) {
        if let host = fields[.host], !host.elementsEqual(admittedHost) {
            guard core.hosts.admits(host: host) else {
                throw Failure(.hostNotAllowed)
            }
            admittedHost = Array(host)
        }
        if let origin = fields[.origin] {
            guard core.hosts.admits(origin: origin) else {
                throw Failure(.originNotAllowed)
            }
        }
    }

    /// The grant of the request's bearer token, if it may use the server named by `segment`.
    ///
    /// Missing, malformed, unknown, expired and revoked tokens, tokens of another server and servers that do not exist
    /// all end in the same answer (F2); the token is looked for in the header only (F3).
    func authenticate(
        _ fields: HTTPFields,
        segment: ArraySlice<UInt8>,
        peer: SocketAddress
    ) throws(Failure) -> GrantEntry {
        let now = loop.now
        let time = core.time.wallTime
        let text = Self.bearerToken(fields[.authorization])
        // A token that was good a moment ago is never turned away for what others at its address do.
        let known = text.flatMap { tokens[$0] }
        if known == nil, !throttle.isIdle, !throttle.admits(peer.ip.neighbourhood, now: now) {
            throw Failure(.tooManyFailures, retryAfter: .seconds(10))
        }
        guard let grant = known ?? text.flatMap({ grant(of: $0) }), grant.isValid(at: time),
            grant.server.isNamed(segment)
        else {
            throttle.noteFailure(peer.ip.neighbourhood, now: now)
            throw Failure(.unauthorized)
        }
        if known == nil, !throttle.isIdle {
            throttle.noteSuccess(peer.ip.neighbourhood, now: now)
        }
        grant.places.noteUse(at: time)
        return grant
    }

    /// The text behind `Bearer`, when it has a token's length.
    private static func bearerToken(_ authorization: ArraySlice<UInt8>?) -> ByteString? {
        guard let authorization, authorization.count == 7 + GrantToken.byteCount,
            Representation.equalsIgnoringCase(authorization.prefix(7), "bearer ")
        else {
            return nil
        }
        return ByteString(authorization.dropFirst(7))
    }

    private func grant(of text: ByteString) -> GrantEntry? {
        guard let token = GrantToken(parsing: text.bytes) else {
            return nil
        }
        let grants = view.current.grants
        let found = core.digester.firstMatch(for: token) { digest in
            grants[digest]
        }
        if let found {
            tokens.insert(text, found)
        }
        return found
    }

    /// The session a legacy request names, opened for its own grant only (D1, F6).
    func session(of call: Call) throws(Failure) -> ClientSession {
        if let client = call.outlet {
            return try session(of: client)
        }
        guard let field = call.exchange.head.fields[.mcpSessionID], !field.isEmpty else {
            throw Failure(.sessionRequired)
        }
        let text = ByteString(field)
        let now = core.time.wallTime
        if let known = sessions[text], known.grant == call.grant.digest, now < known.expires {
            guard !core.tombstones.contains(text) else {
                throw Failure(.sessionNotFound)
            }
            return known
        }
        guard let opened = core.handles.openSession(text, grant: call.grant, now: now), !core.tombstones.contains(text)
        else {
            throw Failure(.sessionNotFound)
        }
        if sessions.count >= limits.maximumCachedSessions {
            sessions.removeAll(keepingCapacity: true)
        }
        // One that had to go on in another session of the server's does so for every worker.
        let moved = core.sessionStates[text]?.upstream.map { opened.moved(to: $0) } ?? opened
        sessions[text] = moved
        return moved
    }
}
