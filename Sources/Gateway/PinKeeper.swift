public import Base
internal import Settings
public import Stores

/// Keeps the pins of a gateway's tools in a store, and brings what people accept there into the gateway (E2).
///
/// Blocking, as stores are: used before the gateway starts and from a thread that serves nobody. The path of a call
/// never waits for it: a change is judged in memory the moment it is seen, whether or not a store can be written.
public struct PinKeeper: Sendable {
    // LIMIT: changes of pins a store has already; each leaves an event for ever, and a hostile server could change all
    // its tools at every listing. What is not written yet is judged all the same.
    var maximumUpdates = 2_000
    private static let secondsPerUpdate = 10
    // LIMIT: events looked at one by one; after more, every server's pins are read.
    private static let maximumEvents = 1_000

    private let shared: SharedState
    /// The last event whose meaning for pins is in force.
    private var sequence = 0
    /// The store's revision then.
    private var revision = 0
    /// The servers the store has.
    private var servers: Set<EntityID> = []
    private var allowances: [EntityID: Allowance] = [:]

    /// Puts the pins of a store in force; to be made before the gateway starts, so that its first call is judged by them.
    public init(_ service: GatewayService, restoring store: some Store) throws(StoreError) {
        try self.init(service.shared, restoring: store)
    }

    init(_ shared: SharedState, restoring store: some Store) throws(StoreError) {
        self.shared = shared
        let found = try store.read { reader throws(StoreError) in try Self.everything(reader) }
        put(found)
    }

    /// Puts in force what others have changed of the pins since the last time.
    public mutating func take(from store: some Store) throws(StoreError) {
        let since = sequence
        let found = try store.read { reader throws(StoreError) in try Self.changes(since: since, reader) }
        put(found)
    }

    /// A change of the store, by its revisions.
    public struct Move: Hashable, Sendable {
        /// The revision before.
        public let from: Int
        /// The revision it made.
        public let to: Int
    }

    /// Writes what the gateway has seen and the store lacks, in one change.
    ///
    /// - Parameters:
    ///   - store: the store.
    ///   - now: the monotonic clock.
    /// - Returns: the change; `nil` when there was nothing to write.
    /// - Throws: ``StoreError/conflict(expected:found:)`` when the store has moved on since ``take(from:)``, which then
    ///   comes first. Nothing is lost by any error, it is all there for the next attempt.
    public mutating func write(to store: some Store, now: Instant) throws(StoreError) -> Move? {
        var batch: [EntityID: UnsavedPins] = [:]
        for server in servers {
            let updates = allowances[server, default: Allowance(maximumUpdates, at: now)].available(at: now)
            let pins = shared.inventory(of: Self.identity(of: server)).unsaved(of: server, updates: updates)
            if !pins.records.isEmpty {
                batch[server] = pins
            }
        }
        guard !batch.isEmpty else {
            return nil
        }
        let pins = batch
        let last = try store.change(by: .gateway, expecting: revision) { writer throws(StoreError) in
            for record in pins.values.flatMap(\.records) {
                try writer.save(record)
            }
            return try writer.reader.latestEvents(limit: 1).first?.sequence ?? 0
        }
        for (server, kept) in pins {
            shared.inventory(of: Self.identity(of: server)).save(kept.records)
            allowances[server]?.take(kept.updates)
        }
        guard last != sequence else {
            return nil
        }
        sequence = last
        revision += 1
        return Move(from: revision - 1, to: revision)
    }

    // MARK: - Reading

    private struct Found: Sendable {
        var sequence: Int
        var revision: Int
        /// Every server there is.
        var servers: Set<EntityID>
        /// The pins of those whose pins are to be taken.
        var pins: [EntityID: [ToolPin]]
    }

    private static func everything(_ reader: StoreReader) throws(StoreError) -> Found {
        let servers = try reader.servers().map(\.id)
        return try found(servers, among: servers, reader)
    }

    private static func found(
        _ touched: [EntityID],
        among servers: [EntityID],
        _ reader: StoreReader
    ) throws(StoreError) -> Found {
        var pins: [EntityID: [ToolPin]] = [:]
        for server in touched {
            pins[server] = try reader.pins(of: server)
        }
        let last = try reader.latestEvents(limit: 1).first?.sequence ?? 0
        return Found(sequence: last, revision: try reader.revision(), servers: Set(servers), pins: pins)
    }

    /// The pins of the servers that any event since then is about.
    private static func changes(since sequence: Int, _ reader: StoreReader) throws(StoreError) -> Found {
        let events = try reader.events(after: sequence, limit: maximumEvents)
        let servers = try reader.servers()
        var touched: Set<EntityID> = []
        for event in events where event.subject.kind == .tool {
            // SERVER/TOOL, and no server's name has a slash.
            let name = ByteString(event.subject.name.bytes.prefix { $0 != UInt8(ascii: "/") })
            guard let server = servers.first(where: { $0.name == name }) else {
                return try everything(reader)
            }
            touched.insert(server.id)
        }
        guard events.count < maximumEvents else {
            return try everything(reader)
        }
        return try found(Array(touched), among: servers.map(\.id), reader)
    }

    private mutating func put(_ found: Found) {
        for (server, pins) in found.pins {
            shared.inventory(of: Self.identity(of: server)).restore(pins)
        }
        let known = Set(found.servers.map { Self.identity(of: $0) })
        for (identity, inventory) in shared.inventories where !known.contains(identity) {
            inventory.unsave()
        }
        servers = found.servers
        allowances = allowances.filter { servers.contains($0.key) }
        sequence = found.sequence
        revision = found.revision
    }

    private static func identity(of server: EntityID) -> ByteString {
        ByteString(SnapshotCompiler.bytes(ofUUID: ByteString(server.text)) ?? [])
    }

    /// How many updates of one server's pins may be written: refilled slowly, so that a burst passes.
    private struct Allowance {
        private let most: Int
        private var count: Int
        private var refilledAt: Instant

        init(_ most: Int, at now: Instant) {
            self.most = most
            count = most
            refilledAt = now
        }

        mutating func available(at now: Instant) -> Int {
            let earned = Int(now.elapsed(since: refilledAt).components.seconds) / secondsPerUpdate
            if earned > 0 {
                count = min(most, count + earned)
                refilledAt = refilledAt.advanced(by: .seconds(earned * secondsPerUpdate))
            }
            return count
        }

        mutating func take(_ updates: Int) {
            count = max(0, count - updates)
        }
    }
}
