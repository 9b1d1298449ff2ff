internal import Base
internal import Cryptography
internal import EventLoops
internal import MCPModel
internal import Upstreams

/// One server as one worker talks to it, with what the worker keeps of its tools.
///
/// Loop-confined.
final class WorkerUpstream {
    let server: UpstreamServer
    let shared: SharedServer
    /// Sixteen bytes that stand for where it is (``UpstreamConfiguration/home``): what a session of its is bound to.
    let home: ByteString
    /// The streams of changes that are open or being opened, by what they tell of.
    var feeds: [FeedKey: ChangeFeed] = [:]
    /// The sessions in which modern clients' calls go to it while it is a legacy server.
    var bridges = BridgePool()
    /// Whether anything was asked of its tools since the schedule's last turn.
    var isUsed = false
    /// The schedule's next turn; set while the server is used.
    var relistTimer: LoopTimer?
    /// Whether a long list of it is being worked on beside the loop, and who waits for that to end.
    var isListWorkedOn = false
    let listWork = WaitPoint()
    private let loop: EventLoop
    private var tools: ToolTable?
    private var generation: UInt64 = 0
    private var lastID: Int
    private let stride: Int
    /// Whether the server is known to speak 2026-07-28; asked again after it has contradicted that.
    var speaksModern = false
    /// Whether it has refused `initialize`, so that legacy clients are bridged without asking again.
    var speaksOnlyModern = false

    init(server: UpstreamServer, shared: SharedServer, loop: EventLoop, firstID: Int, stride: Int) {
        self.loop = loop
        self.server = server
        self.shared = shared
        home = ByteString(SHA256.digest(server.configuration.home).prefix(16))
        lastID = firstID
        self.stride = stride
    }

    deinit {
        // Its action refers to this object unowned.
        relistTimer?.cancel()
    }

    /// An id for a request, different from every other of this process and of those before it.
    ///
    /// Sessions outlive the process (their ids are sealed), and ids must not come again within one (LC-11).
    func nextID() -> Int {
        lastID &+= stride  // starts below 2^52 and grows by less than 2^21 a second
        return lastID
    }

    /// The server said that it does not speak the era it was believed to.
    func eraContradicted() {
        speaksModern = false
        speaksOnlyModern = false
        shared.knowledge.forget(.modern)
    }

    /// The table of tools as of now, without a lock unless it changed; `nil` before the first listing.
    func currentTools() -> ToolTable? {
        let latest = shared.inventory.generation
        if latest != generation {
            generation = latest
            if let old = tools.take(), old.count > ToolTable.manyTools {
                loop.dropAside(old)
            }
            tools = shared.inventory.table
        }
        return tools
    }
}
