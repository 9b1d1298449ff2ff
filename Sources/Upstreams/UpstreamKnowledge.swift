public import Base
import JSONText
public import MCPModel
import Synchronization

/// What the whole process knows of one server as one credential sees it (MC-10; mcp-protocol.md, 3.8).
///
/// One per configured server and set of headers; whoever changes either makes a new one, so that nothing learnt with one
/// credential is believed of another. Shared by all workers.
public final class UpstreamKnowledge: Sendable {
    /// What a question came to.
    enum Answer: Sendable {
        /// The server speaks this era; what it said of itself.
        case yes(JSONDocument)
        case no
    }

    private enum State {
        case unknown
        /// Somebody is asking; these wait for the answer.
        case asking([CheckedContinuation<Result<Answer, UpstreamFailure>, Never>])
        case known(Answer, at: Instant)
    }

    private static let counter = Atomic<UInt64>(1)

    private let lastRequest = Atomic<Int>(0)
    private let modern = Guarded(State.unknown)
    private let legacy = Guarded(State.unknown)

    private let processes = Guarded<ProcessPool?>(nil)
    private let account = Guarded<ConnectorAccount?>(nil)
    /// The sessions that are open over the transport of 2024-11-05.
    let eventSessions = EventSessions()
    private let hasEvents = Atomic(false)

    /// Whether the server was seen to speak the transport of 2024-11-05 and no other.
    var speaksEvents: Bool {
        get { hasEvents.load(ordering: .relaxed) }
        set { hasEvents.store(newValue, ordering: .relaxed) }
    }

    /// Tells the connections of this knowledge from any other's: no connection is shared between credentials (C4).
    public let poolKey: ByteString

    /// Nothing known yet.
    public init() {
        var key: [UInt8] = []
        key.append("upstream-")
        key.append(decimal: Int(Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue))  // one per configuration
        poolKey = ByteString(key)
    }

    /// The processes of a server that is one, made at the first call.
    func pool(
        of configuration: UpstreamConfiguration,
        _ command: ProcessCommand,
        on host: ProcessHost?
    ) -> ProcessPool {
        processes.withLock { pool in
            if let pool {
                return pool
            }
            let made = ProcessPool(configuration.name, command, limits: configuration.limits, host: host)
            pool = made
            return made
        }
    }

    /// The account of a connector, the same for all workers and across reloads: its pace is one.
    func account(_ latest: ConnectorAccount) -> ConnectorAccount {
        account.withLock { account in
            let kept = account ?? latest
            account = kept
            return kept
        }
    }

    /// Lets go of the server's processes, whose calls under way may finish, and ends its sessions of 2024-11-05.
    ///
    /// For whoever replaces this knowledge by another, because the server is reached in another way now.
    public func retire() {
        processes.withLock { $0 }?.retire()
        eventSessions.endAll()
    }

    /// The next id of a request of the gateway's own; a text of ours, so that no relayed request can have the same, and
    /// never used again in this process (MC-07, LC-11).
    func mintID() -> RequestID {
        var text: [UInt8] = []
        text.append("toolgate-")
        text.append(decimal: lastRequest.wrappingAdd(1, ordering: .relaxed).newValue)  // no process asks 2^63 times
        return RequestID(text: ByteString(text))
    }

    /// What is known without asking: whether the server speaks `era`, `nil` when nobody has asked or it is too old.
    public func isKnownToSpeak(_ era: Era) -> Bool? {
        slot(era) { state in
            guard case .known(let answer, _) = state else {
                return nil
            }
            if case .yes = answer {
                return true
            }
            return false
        }
    }

    /// Forgets the verdict on an era because the server has just contradicted it.
    public func forget(_ era: Era) {
        slot(era) { state in
            if case .known = state {
                state = .unknown
            }
        }
    }

    /// The remembered answer, or that of `ask`; of several callers one asks and the others wait for it.
    ///
    /// `ask` must end on its own (it has a deadline), because those who wait cannot leave.
    func answer(
        _ era: Era,
        at now: Instant,
        lifetime: Duration,
        ask: () async throws(UpstreamFailure) -> Answer
    ) async throws(UpstreamFailure) -> Answer {
        switch begin(era, at: now, lifetime: lifetime) {
        case .known(let answer):
            return answer
        case .wait:
            return try await wait(era).get()
        case .ask:
            break
        }
        do throws(UpstreamFailure) {
            let answer = try await ask()
            end(era, .success(answer), at: now)
            return answer
        } catch {
            end(era, .failure(error), at: now)
            throw error
        }
    }

    private enum Role {
        case known(Answer)
        case wait
        case ask
    }

    private func begin(_ era: Era, at now: Instant, lifetime: Duration) -> Role {
        slot(era) { state in
            switch state {
            case .known(let answer, let time):
                // A yes holds until it is contradicted; a no is asked again now and then, so that a server that was
                // upgraded is noticed.
                if case .no = answer, now.elapsed(since: time) >= lifetime {
                    state = .asking([])
                    return .ask
                }
                return .known(answer)
            case .asking:
                return .wait
            case .unknown:
                state = .asking([])
                return .ask
            }
        }
    }

    private func wait(_ era: Era) async -> Result<Answer, UpstreamFailure> {
        // Resumed exactly once: here when the answer is there already, else by `end`, which empties the list.
        await withCheckedContinuation { continuation in
            let early: Result<Answer, UpstreamFailure>? = slot(era) { state in
                switch state {
                case .asking(let waiting):
                    state = .asking(waiting + [continuation])
                    return nil
                case .known(let answer, _):
                    return .success(answer)
                case .unknown:
                    // The one who asked failed between our two looks: the next call asks anew.
                    return .failure(UpstreamFailure(.unreachable, wroteBytes: false, detail: "the probe failed"))
                }
            }
            if let early {
                continuation.resume(returning: early)
            }
        }
    }

    private func end(_ era: Era, _ result: Result<Answer, UpstreamFailure>, at now: Instant) {
        let waiting = slot(era) { state in
            guard case .asking(let waiting) = state else {
                return [CheckedContinuation<Result<Answer, UpstreamFailure>, Never>]()
            }
            switch result {
            case .success(let answer): state = .known(answer, at: now)
            case .failure: state = .unknown
            }
            return waiting
        }
        for continuation in waiting {
            continuation.resume(returning: result)
        }
    }

    private func slot<Value>(_ era: Era, _ body: (inout State) -> Value) -> Value {
        switch era {
        case .modern: modern.withLock { body(&$0) }
        case .legacy: legacy.withLock { body(&$0) }
        }
    }
}
