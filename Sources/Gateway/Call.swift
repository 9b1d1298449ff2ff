internal import AuditJournal
internal import AuditModel
internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import JSONText
internal import MCPModel
internal import RateLimits

/// One request on its way through the phases: what is known of it so far.
///
/// Loop-confined.
///
/// A reference because several parties look at it at once: the phases, the transport's close callback, the keeper of
/// open calls, and a cancellation that arrives as another request.
final class Call {
    let exchange: HTTPServerExchange
    let startedAt: Instant
    /// Replaced by its successor when a reload keeps the grant.
    var grant: GrantEntry
    let record = DecisionRecord()

    // What the request turned out to be.
    var era: Era = .legacy
    var revision: Revision = .newestLegacy
    /// How it goes on to its server.
    var leg = UpstreamLeg()
    var id: RequestID?
    var isToolCall = false
    var session: ClientSession?
    var headers = MCPHeaders()
    var progressToken: RequestID?
    var logLevel: LogLevel?
    /// What the client declared and policy lets a server use.
    var capabilities: ClientCapabilities = []
    var acceptsEvents = false
    var acceptsJSON = true

    // What it holds and gives back at its end.
    /// The places it holds, at most one of its grant and one of its server.
    var held: (grant: Bulkhead?, server: Bulkhead?)
    var reservation: Reservation?
    /// Until when its server may be at work on it with nobody waiting any more; `nil` before it was sent and once it was
    /// answered.
    var mayRunUntil: Instant?
    /// Whether it waits at its server without this request, and its place in flight with it.
    var isParked = false
    /// The approval it has used up.
    var approval: ByteString?

    // What the journal says of it.
    /// Names its intent, once it is noted.
    var ticket: AuditTicket?
    /// How its way to the server ended, as soon as that is certain.
    var result: AuditResult?
    var isGivenBack = false
    /// Of its answer, so far.
    var answeredBytes = 0
    /// The arguments, for their digests; only when those are kept.
    var arguments: JSONValue?

    // How its answer goes.
    var reply = ReplyState.undecided
    var lastWriteAt: Instant
    /// Whether a stream may be begun while the answer is still awaited, to keep the connection alive.
    var mayStream = false
    /// What is left to do once the request has been read, judged and let go: the life of a stream.
    private var sequel: (() async throws(Failure) -> Void)?
    /// Whether it is a stream that exists for its client only, so that its client's leaving ends it in every era.
    private(set) var isListening = false
    /// The client no longer reads: what is written goes nowhere, the work goes on (25/http: disconnect is no cancel).
    var isOutputGone = false
    /// The session id that goes out with the answer to `initialize`.
    var issuedSession: ByteString?

    // What can be called off.
    /// Set once somebody ended the call from outside; no byte of its answer is written afterwards.
    private(set) var ending: Ending?
    let cancellation = CancellationPoint()
    /// The id of the request that is under way to the server.
    var upstreamID: RequestID?
    /// ``WorkerUpstream/home`` of the server its latest message went to.
    var reached: ByteString = ""
    /// What the client's `requestState` stands for, once it was opened.
    var retry: RetryState?
    /// The questions its client has before it in a modern server's name.
    var board: QuestionBoard?
    /// Where the stream of a bridged session waits for changes, its own wishes among them.
    var news: WaitPoint?
    /// What its client calls the tool or prompt, where that is not its server's name for it.
    var askedName: ByteString?
    /// Answers to the server's requests that are on their way.
    var repliesUnderWay = 0
    /// Whether its server was listed again because it found the headers wrong: once for each call.
    var isRelisted = false
    /// The client over HTTP+SSE whose stream the answer goes out on, instead of with the exchange.
    var outlet: EventClient?
    /// Whether it goes on in a task of its own, which concludes it.
    var isDetached = false
    /// The server's requests that were passed on and may still be answered.
    var passedRequests: [PassedRequest] = []
    /// Where the call stands in the worker's list of open calls.
    var place = -1

    init(exchange: HTTPServerExchange, grant: GrantEntry, startedAt: Instant) {
        self.exchange = exchange
        self.grant = grant
        self.startedAt = startedAt
        lastWriteAt = startedAt
        record.identity = grant.recordFields
        record.policy = grant.policy?.recordFields ?? []
    }

    var isModern: Bool { era == .modern }
    /// Whether its server is spoken to in the other era.
    var isBridged: Bool { leg.revision.era != era }

    /// Takes the call into its session, and on the way that has to its server.
    func enter(_ session: ClientSession) {
        self.session = session
        revision = session.revision
        leg.revision = session.isBridged ? .july2026 : session.revision.towardsServer
        leg.session = session.upstream
    }

    /// Ends the call from outside: the first reason counts.
    func end(_ reason: Ending) {
        guard ending == nil else {
            return
        }
        ending = reason
        cancellation.cancel()
        if isListening {
            outlet?.wake()
        }
    }

    /// Leaves the rest of the answer, which may last for hours, to a task of its own.
    func goOn(apart sequel: @escaping () async throws(Failure) -> Void) {
        self.sequel = sequel
    }

    func takeSequel() -> (() async throws(Failure) -> Void)? {
        defer { sequel = nil }
        return sequel
    }

    /// Makes it a stream that lasts; its places are counted with those.
    func startListening() throws(Failure) {
        isListening = true
        leave()
        try enter()
    }

    /// Takes the call's places among those in flight (security.md, H5).
    func enter() throws(Failure) {
        let grant = isListening ? self.grant.places.streams : self.grant.places.calls
        let server = isListening ? self.grant.server.shared.places.streams : self.grant.server.shared.places.calls
        guard grant.enter() else {
            throw Failure(.tooManyInFlight)
        }
        held.grant = grant
        guard server.enter() else {
            throw Failure(.tooManyInFlight)
        }
        held.server = server
    }

    /// Takes the call's places; why not, when there are none.
    func refusedEntry() -> Failure? {
        do throws(Failure) {
            try enter()
            return nil
        } catch {
            return error
        }
    }

    /// Gives the places back.
    func leave() {
        held.grant?.leave()
        held.server?.leave()
        held = (nil, nil)
    }

    /// Lets the last message of a stream be written that the gateway itself ends.
    func resumeForFarewell() {
        ending = nil
    }

    /// The client hung up.
    ///
    /// That cancels a modern call (26/cancel) and every stream; a legacy call goes on.
    func peerClosed() {
        isOutputGone = true
        guard !exchange.isAborted else {
            return end(.draining)
        }
        if isModern || isListening {
            end(.clientGone)
        }
    }

    /// An answer could not be written.
    func outputFailed() {
        peerClosed()
    }
}

/// A request of a server that its client has before it.
struct PassedRequest {
    let server: RequestID
    let ours: RequestID
    let fingerprint: HandleFingerprint
    let expires: Instant
}

/// How far the answer to a call got.
enum ReplyState {
    /// Nothing was written: status and form are open.
    case undecided
    /// An event stream was started.
    case streaming
    /// Everything was written.
    case complete
}

/// Why a call ended before its answer.
enum Ending {
    /// The client closed the connection.
    case clientGone
    /// The client said so (`notifications/cancelled`).
    case cancelled
    /// The grant is gone, expired, or belongs to another server now.
    case revoked
    /// The gateway stops.
    case draining
    /// The client reads its stream so slowly that what it is told has piled up.
    case tooSlow

    /// What a client is told that still listens.
    var failure: Failure {
        switch self {
        case .clientGone, .cancelled, .tooSlow: Failure(.cancelled)
        case .revoked: Failure(.unauthorized)
        case .draining: Failure(.draining)
        }
    }
}
