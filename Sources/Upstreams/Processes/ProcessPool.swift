import Base
import EventLoops
import MCPModel
import Synchronization

/// Whose process it is.
enum ProcessOwner: Hashable, Sendable {
    /// Everybody's.
    case all
    /// The gateway's own, for listing tools where every caller has a process of its own.
    case gateway
    case grant(ByteString)
    case session(ByteString)

    /// For whom it counts that it ended: a grant may have as many sessions as it likes, and answers for all of them.
    func payer(_ grant: ByteString?) -> ProcessOwner {
        guard case .session = self else {
            return self
        }
        return grant.map { .grant($0) } ?? .gateway
    }
}

/// Which process a message is for: eras do not mix in one (mcp-protocol.md, 3.8).
struct ProcessKey: Hashable, Sendable {
    let owner: ProcessOwner
    let era: Era
}

/// One message on its way to a process.
struct ProcessOrder: Sendable {
    /// What is wanted.
    enum Kind: Sendable {
        /// A running, opened process: answered with what it said when it was opened.
        case open
        /// A message with an answer.
        case request(RequestID)
        /// One without.
        case oneWay
        /// What the process says outside of answers.
        case listen
        /// The end of the process.
        case end
    }

    let key: ProcessKey
    let kind: Kind
    /// Whose message it is; `nil` for the gateway's own.
    let grant: ByteString?
    let line: [UInt8]
    /// The client's own opening, for a session's process.
    let opening: [UInt8]?
    let exchange: ReplyExchange
}

/// All processes of one server as one set of credentials starts them; shared by all workers.
///
/// Everything happens on the host's loop, in its ``ProcessRoom``.
final class ProcessPool: Sendable {
    let name: ByteString
    let command: ProcessCommand
    private let host: ProcessHost?
    private let limits: UpstreamLimits
    private let room = Guarded<Handed<ProcessRoom>?>(nil)

    init(_ name: ByteString, _ command: ProcessCommand, limits: UpstreamLimits, host: ProcessHost?) {
        self.name = name
        self.command = command
        self.limits = limits
        self.host = host
    }

    deinit {
        retire()
    }

    /// Takes an order; the exchange is answered in any case.
    func take(_ order: ProcessOrder) {
        perform(or: { order.exchange.deliver(.failed(.processDown("processes are not run here"))) }) { room in
            room.take(order)
        }
    }

    /// Forgets the request of an exchange nobody waits on any more, and tells the process.
    func withdraw(_ exchange: ReplyExchange, from key: ProcessKey) {
        perform(or: {}) { room in room.withdraw(exchange, from: key) }
    }

    /// Takes no more orders; ends the processes when what is under way is done.
    func retire() {
        let made = room.withLock { $0 }
        guard let made else {
            return
        }
        host?.loop()?.execute { made.value.retire() }
    }

    private func perform(or otherwise: () -> Void, _ body: @escaping @Sendable (ProcessRoom) -> Void) {
        guard let host, let loop = host.loop() else {
            otherwise()
            return
        }
        let made = room.withLock { room in
            let made = room ?? host.room(name, command, limits: limits, loop: loop)
            room = made
            return made
        }
        loop.execute { body(made.value) }
    }
}

/// Carries a loop-confined value to its loop.
// ISOLATION: made anywhere, used on one loop only.
struct Handed<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

extension UpstreamFailure {
    /// Nothing was written: there is no process to write to.
    static func processDown(_ detail: String) -> UpstreamFailure {
        UpstreamFailure(.processDown, wroteBytes: false, detail: detail)
    }
}
