internal import Base
internal import Cryptography
internal import JSONText
internal import MCPModel
internal import Secrets

/// Seals what the gateway hands out and wants to recognise again: session ids, cursors, request states, and the ids it
/// gives to a server's requests (security.md, D1).
///
/// Every handle is bound to one purpose, one grant and one server, and runs out. Whatever does not open is treated as
/// one that never existed. Because all of it is in the handle, any worker can serve any request, also after a restart.
struct Handles: Sendable {
    private let key: SealingKey
    private let limits: GatewayLimits

    init(key: SealingKey, limits: GatewayLimits) {
        self.key = key
        self.limits = limits
    }

    // MARK: Sessions

    /// A new session id, visible ASCII, different every time.
    func sealSession(
        revision: Revision,
        isBridged: Bool = false,
        upstream: ServerSession?,
        capabilities: ClientCapabilities,
        client: (name: ByteString?, version: ByteString?),
        grant: GrantEntry,
        now: WallTime
    ) -> ByteString? {
        var payload = FieldWriter()
        payload.append(revision.rawValue)
        payload.append(capabilities.rawValue)
        payload.append(isBridged ? Self.bridged : upstream == nil ? 0 : 1)
        payload.append(run: upstream?.id.bytes ?? [])
        payload.append(run: upstream?.home.bytes ?? [])
        payload.append(run: client.name?.bytes.prefix(Self.maximumClientText) ?? [])
        payload.append(run: client.version?.bytes.prefix(Self.maximumClientText) ?? [])
        // An id may be remembered by a worker after it was opened: it has to know the end of it too.
        payload.append(number: now.milliseconds + limits.sessionLifetime.nanoseconds / 1_000_000)
        return seal(payload, .session, grant, lifetime: limits.sessionLifetime, now: now)
    }

    /// The session behind an id; `nil` when it is not one of ours, not this grant's, of another server, or run out.
    func openSession(_ text: ByteString, grant: GrantEntry, now: WallTime) -> ClientSession? {
        guard var payload = open(text.bytes, .session, grant, now: now),
            let revision = payload.byte().flatMap({ Revision(rawValue: $0) }), revision.era == .legacy,
            let capabilities = payload.byte(), let hasUpstream = payload.byte(), let upstreamID = payload.run(),
            let home = payload.run(), let name = payload.run(), let version = payload.run(),
            let expiry = payload.number(), payload.isAtEnd
        else {
            return nil
        }
        return ClientSession(
            revision: revision,
            isBridged: hasUpstream == Self.bridged,
            upstream: hasUpstream == 1 ? ServerSession(id: ByteString(upstreamID), home: ByteString(home)) : nil,
            capabilities: ClientCapabilities(rawValue: capabilities),
            clientName: name.isEmpty ? nil : ByteString(name),
            clientVersion: version.isEmpty ? nil : ByteString(version),
            text: text,
            grant: grant.digest,
            expires: WallTime(milliseconds: expiry)
        )
    }

    /// In the place of "has an upstream id": the server is modern and has no sessions.
    private static let bridged: UInt8 = 2

    // LIMIT: bytes of a client's name and version kept in its session id, which travels in a header.
    private static let maximumClientText = 64

    // MARK: Streams of 2024-11-05

    /// The name of a client's stream, for the address it posts to.
    func sealEventStream(_ call: CallAddress, grant: GrantEntry, now: WallTime) -> ByteString? {
        var payload = FieldWriter()
        call.append(to: &payload)
        return seal(payload, .eventStream, grant, lifetime: limits.sessionLifetime, now: now)
    }

    /// The stream behind a name of ours; `nil` for another grant's.
    func openEventStream(_ text: ArraySlice<UInt8>, grant: GrantEntry, now: WallTime) -> CallAddress? {
        guard var payload = open(Array(text), .eventStream, grant, now: now), let call = CallAddress(&payload),
            payload.isAtEnd
        else {
            return nil
        }
        return call
    }

    // MARK: Cursors

    /// Our cursor for a server's cursor of one kind of list.
    func sealCursor(_ cursor: [UInt8], of method: MCPMethod, grant: GrantEntry, now: WallTime) -> ByteString? {
        var payload = FieldWriter()
        payload.append(method.rawValue)
        payload.append(run: cursor)
        return seal(payload, .cursor, grant, lifetime: limits.handleLifetime, now: now)
    }

    /// The server's cursor behind ours.
    func openCursor(_ text: [UInt8], of method: MCPMethod, grant: GrantEntry, now: WallTime) -> [UInt8]? {
        guard var payload = open(text, .cursor, grant, now: now), payload.byte() == method.rawValue,
            let cursor = payload.run(), payload.isAtEnd
        else {
            return nil
        }
        return cursor
    }

    // MARK: Requests of a server

    /// Our id for a request to the client: carries where its answer belongs, so that it can be matched anywhere.
    func sealServerRequest(
        _ origin: RequestOrigin,
        session: ClientSession?,
        grant: GrantEntry,
        now: WallTime
    ) -> RequestID? {
        var payload = FieldWriter()
        switch origin {
        case .server(let id):
            payload.append(0)
            payload.append(run: id.json)
        case .call(let call, let id):
            payload.append(2)
            call.append(to: &payload)
            payload.append(run: id.json)
        case .question(let call, let number):
            payload.append(1)
            call.append(to: &payload)
            payload.append(number: Int64(number))
        }
        payload.append(run: Self.fingerprint(of: session))
        return seal(payload, .handle, grant, lifetime: limits.handleLifetime, now: now).map { RequestID(text: $0) }
    }

    /// Where the answer to a request of ours belongs; `nil` when its id is not good in this session.
    func openServerRequest(
        _ id: RequestID,
        session: ClientSession?,
        grant: GrantEntry,
        now: WallTime
    ) -> RequestOrigin? {
        guard let text = id.plainText, var payload = open(text.bytes, .handle, grant, now: now),
            let kind = payload.byte()
        else {
            return nil
        }
        let origin: RequestOrigin
        switch kind {
        case 0:
            guard let json = payload.run(), let server = Self.requestID(json) else {
                return nil
            }
            origin = .server(server)
        case 2:
            guard let call = CallAddress(&payload), let json = payload.run(), let server = Self.requestID(json) else {
                return nil
            }
            origin = .call(call, server)
        default:
            guard kind == 1, let call = CallAddress(&payload), let number = payload.number() else {
                return nil
            }
            origin = .question(call, Int(number))
        }
        guard payload.run() == Self.fingerprint(of: session), payload.isAtEnd else {
            return nil
        }
        return origin
    }

    private static func requestID(_ json: [UInt8]) -> RequestID? {
        do throws(JSONError) {
            return RequestID(try JSONDocument(json).root)
        } catch {
            return nil
        }
    }

    /// Sixteen bytes that stand for a session, so that a response cannot wander to another one of the same grant.
    private static func fingerprint(of session: ClientSession?) -> [UInt8] {
        guard let session else {
            return []
        }
        return Array(SHA256.digest(session.text.bytes).prefix(16))
    }

    // MARK: State of requests that need input

    /// Our state for a request that goes on later: bound to what was asked, so that a retry asks the same (security.md,
    /// D2).
    func sealRequestState(_ state: RetryState, digest: [UInt8], grant: GrantEntry, now: WallTime) -> ByteString? {
        var payload = FieldWriter()
        switch state.way {
        case .server(let own):
            payload.append(own == nil ? 0 : 1)
            payload.append(run: own?.bytes ?? [])
        case .parked(let ticket):
            payload.append(2)
            ticket.call.append(to: &payload)
            payload.append(number: Int64(ticket.round))
        }
        payload.append(state.rounds)
        payload.append(run: state.asked ?? [])
        payload.append(number: Int64(state.process))
        payload.append(run: digest)
        return seal(payload, .requestState, grant, lifetime: limits.requestStateLifetime, now: now)
    }

    /// What a state of ours stands for; `nil` when it is not good for this request.
    func openRequestState(_ text: [UInt8], digest: [UInt8], grant: GrantEntry, now: WallTime) -> RetryState? {
        guard var payload = open(text, .requestState, grant, now: now), let kind = payload.byte() else {
            return nil
        }
        let way: RetryState.Way
        switch kind {
        case 0, 1:
            guard let own = payload.run() else {
                return nil
            }
            way = .server(kind == 1 ? ByteString(own) : nil)
        case 2:
            guard let call = CallAddress(&payload), let round = payload.number() else {
                return nil
            }
            way = .parked(ParkingTicket(call: call, round: Int(round)))
        default:
            return nil
        }
        guard let rounds = payload.byte(), let asked = payload.run(), let process = payload.number(),
            let sealed = payload.run(), payload.isAtEnd, ConstantTime.areEqual(sealed, digest)
        else {
            return nil
        }
        return RetryState(way: way, rounds: rounds, asked: asked.isEmpty ? nil : asked, process: Int(process))
    }

    // MARK: The seal

    private func seal(
        _ payload: FieldWriter,
        _ purpose: SealingPurpose,
        _ grant: GrantEntry,
        lifetime: Duration,
        now: WallTime
    ) -> ByteString? {
        let expires = WallTime(milliseconds: now.milliseconds + lifetime.nanoseconds / 1_000_000)
        return key.seal(payload.bytes, for: Self.context(purpose, grant), expires: expires).map { ByteString($0) }
    }

    private func open(
        _ text: [UInt8],
        _ purpose: SealingPurpose,
        _ grant: GrantEntry,
        now: WallTime
    ) -> FieldReader? {
        key.open(text, for: Self.context(purpose, grant), now: now).map { FieldReader($0) }
    }

    private static func context(_ purpose: SealingPurpose, _ grant: GrantEntry) -> SealingContext {
        SealingContext(purpose: purpose, grant: grant.id, server: grant.scope)
    }
}
