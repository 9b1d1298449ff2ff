internal import Base
internal import JSONText
internal import MCPModel
internal import PolicyEngine
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
    private let tools: [ByteString: ListedTool]

    /// A table of definitions; one whose `x-mcp-header` annotations are invalid is left out (MC-04).
    init(_ definitions: [ByteString: ToolDefinition]) {
        tools = definitions.compactMapValues { definition in
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

    /// How many tools there are.
    var count: Int { tools.count }
}

/// What the whole process knows of one server's tools with one credential.
///
/// Listed once before the first call by whoever comes first; the others wait for that one listing. Readers compare the
/// generation and keep their own reference, so the path of a call takes no lock.
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
        var pins = ToolPins()
        var table: ToolTable?
        var isListing = false
        var waiters: [@Sendable () -> Void] = []
        var relistedAt: Instant?
    }

    private let state = Guarded(State())
    private let counter = Atomic<UInt64>(0)

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

    /// Takes in what a client's own listing brought by; a page that is not the whole list removes no tool.
    func observe(_ tools: [ToolDefinition], isWhole: Bool) {
        state.withLock { state in
            // The first list is the gateway's own: it is what gets pinned.
            if state.table != nil {
                take(tools, isWhole: isWhole, into: &state)
            }
        }
    }

    /// Takes in the whole list the gateway asked for, and wakes whoever waited for it.
    func finishListing(_ tools: [ToolDefinition]) {
        let waiters = state.withLock { state in
            take(tools, isWhole: true, into: &state)
            return Self.endListing(&state)
        }
        for wake in waiters {
            wake()
        }
    }

    private func take(_ tools: [ToolDefinition], isWhole: Bool, into state: inout State) {
        if state.pins.take(tools, isWhole: isWhole) {
            state.table = ToolTable(state.pins.listed)
            counter.add(1, ordering: .releasing)
        }
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

    private static func endListing(_ state: inout State) -> [@Sendable () -> Void] {
        state.isListing = false
        defer { state.waiters = [] }
        return state.waiters
    }
}
