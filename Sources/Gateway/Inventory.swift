internal import Base
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Settings
internal import Stores
internal import Synchronization

/// A tool as calls of it are judged.
struct ListedTool: Sendable {
    /// The pinned definition, with the standing its present definition gives it.
    let definition: ToolDefinition
    /// The arguments that modern requests mirror as `Mcp-Param-*`.
    let headers: ParameterHeaders
}

/// The tools of one server by name, as calls are judged by them.
///
/// Immutable.
final class ToolTable: Sendable {
    /// With more tools than this, going through all of them or letting go of them is not for a loop's turn.
    static let manyTools = 500

    private let tools: [ByteString: ListedTool]

    /// A table of definitions; one whose `x-mcp-header` annotations are invalid is left out (MC-04).
    ///
    /// What `old` has of the same definition is taken from there.
    init(_ definitions: [ByteString: ToolDefinition], reusing old: ToolTable? = nil) {
        tools = definitions.compactMapValues { definition in
            if let known = old?.tools[definition.name], known.definition.digest == definition.digest {
                return ListedTool(definition: definition, headers: known.headers)
            }
            guard let schema = definition.definition["inputSchema"] else {
                return ListedTool(definition: definition, headers: .none)
            }
            do throws(AnnotationFault) {
                return ListedTool(definition: definition, headers: try ParameterHeaders(inputSchema: schema))
            } catch {
                return nil
            }
        }
    }

    /// The tool of exactly this name.
    subscript(_ name: ByteString) -> ListedTool? { tools[name] }

    /// All names, in no order.
    var names: some Sequence<ByteString> { tools.keys }

    /// How many tools there are.
    var count: Int { tools.count }
}

/// What the whole process knows of one server's tools with one credential.
///
/// Listed once before the first call by whoever comes first; the others wait for that one listing. Readers compare the
/// generation and keep their own reference, so the path of a call takes no lock.
///
/// What takes long with a long list (``observe(_:isWhole:at:)``, ``finishListing(_:at:listed:)``, the store's part) is under
/// a lock of its own, which nobody needs to ask for the table or for a turn.
final class Inventory: Sendable {
    /// What a worker that needs the table has to do.
    enum Turn {
        case ready(ToolTable)
        /// List the server, then call ``finishListing(_:)`` or ``giveUpListing()``.
        case list
        /// Wait to be woken, then ask again.
        case wait
        /// Too many wait already.
        case full
    }

    // LIMIT: requests that wait for one listing.
    static let maximumWaiters = 4_096
    /// The least time between two listings nobody waits for.
    static let relistInterval: Duration = .seconds(5)

    private struct State {
        var table: ToolTable?
        var isListing = false
        var waiters: [@Sendable () -> Void] = []
        var relistedAt: Instant?
        /// When the gateway's own listing last succeeded.
        var listedAt: Instant?
    }

    /// Held as long as a list takes, and before the other one.
    private let pins = Guarded(ToolPins())
    private let state = Guarded(State())
    private let counter = Atomic<UInt64>(0)
    private let pinned = Atomic(0)

    /// How many tools are remembered: what taking in even a short list costs.
    var size: Int { pinned.load(ordering: .relaxed) }

    /// Grows whenever the table changes; 0 while there is none.
    var generation: UInt64 { counter.load(ordering: .acquiring) }

    /// Asks for the table; `wake` is called once, on any thread, when a listing ends, if the answer is `wait`.
    func join(_ wake: @escaping @Sendable () -> Void) -> Turn {
        state.withLock { state in
            if let table = state.table {
                return .ready(table)
            }
            guard state.isListing else {
                state.isListing = true
                return .list
            }
            guard state.waiters.count < Self.maximumWaiters else {
                return .full
            }
            state.waiters.append(wake)
            return .wait
        }
    }

    /// The table, if there is one.
    var table: ToolTable? {
        state.withLock { $0.table }
    }

    /// Takes in what a client's own listing brought by at `now`; a page that is not the whole list removes no tool.
    func observe(_ tools: [ToolDefinition], isWhole: Bool, at now: WallTime) {
        // The first list is the gateway's own: it is what gets pinned.
        guard table != nil else {
            return
        }
        pins.withLock { pins in
            if pins.take(tools, isWhole: isWhole, at: now) {
                renew(pins)
            }
        }
    }

    /// Takes in the whole list the gateway asked for, and wakes whoever waited for it.
    ///
    /// `listed` is the same moment as `now`, on the monotonic clock.
    func finishListing(_ tools: [ToolDefinition], at now: WallTime, listed: Instant) {
        pins.withLock { pins in
            if pins.take(tools, isWhole: true, at: now) || table == nil {
                renew(pins)
            }
        }
        let waiters = state.withLock { state in
            state.listedAt = listed
            return Self.endListing(&state)
        }
        for wake in waiters {
            wake()
        }
    }

    private func renew(_ pins: borrowing ToolPins) {
        let renewed = ToolTable(pins.listed, reusing: table)
        pinned.store(pins.count, ordering: .relaxed)
        state.withLock { $0.table = renewed }
        counter.add(1, ordering: .releasing)
    }

    /// What finds the server's credentials in what it says of its tools from now on.
    func use(_ mask: CredentialMask) {
        pins.withLock { $0.mask = mask }
    }

    /// Ends a listing that failed; whoever waited asks again and finds out for themselves.
    func giveUpListing() {
        let waiters = state.withLock { state in Self.endListing(&state) }
        for wake in waiters {
            wake()
        }
    }

    /// Whether a listing in the background may start now; if so it has started.
    func startsRelisting(at now: Instant) -> Bool {
        state.withLock { state in
            if state.isListing || state.table == nil {
                return false
            }
            if let last = state.relistedAt, now.elapsed(since: last) < Self.relistInterval {
                return false
            }
            state.isListing = true
            state.relistedAt = now
            return true
        }
    }

    /// Whether a listing may start now that nothing asked for but the time; if so it has started.
    ///
    /// Every worker in use asks: `interval` is what they have to leave between them.
    func startsScheduledListing(at now: Instant, interval: Duration) -> Bool {
        let isRecent = state.withLock { state in
            state.listedAt.map { now.elapsed(since: $0) < interval } ?? false
        }
        return !isRecent && startsRelisting(at: now)
    }

    // MARK: The store

    /// Takes in all pins a store has of the server; in force for every call judged from now on.
    func restore(_ records: [ToolPin]) {
        pins.withLock { pins in
            if pins.restore(records), table != nil {
                renew(pins)
            }
            pinned.store(pins.count, ordering: .relaxed)
        }
    }

    /// What a store lacks: every pin it has nothing of, and at most `updates` of those it has otherwise.
    func unsaved(of server: EntityID, updates: Int) -> UnsavedPins {
        pins.withLock { pins in
            pins.hasUnsaved ? pins.unsaved(of: server, updates: updates) : UnsavedPins()
        }
    }

    /// A store has kept these.
    func save(_ records: [ToolPin]) {
        pins.withLock { pins in pins.save(records) }
    }

    /// The store has nothing of the server any more.
    func unsave() {
        pins.withLock { pins in pins.unsave() }
    }

    private static func endListing(_ state: inout State) -> [@Sendable () -> Void] {
        state.isListing = false
        defer { state.waiters = [] }
        return state.waiters
    }
}
