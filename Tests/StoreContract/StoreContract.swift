public import Base
public import Stores
import Secrets
import Settings
import Synchronization
public import Testing

/// What every store has to do; each implementation's tests run all clauses, each on a store of its own.
public struct StoreClause: Sendable, CustomTestStringConvertible {
    /// What is promised.
    public let promise: String
    let body: @Sendable (Scene) throws -> Void

    init(_ promise: String, _ body: @escaping @Sendable (Scene) throws -> Void) {
        self.promise = promise
        self.body = body
    }

    /// The promise.
    public var testDescription: String { promise }

    /// Tries the promise on an empty store that takes its times from `time`.
    public func hold(for store: any Store, time: ManualTime) throws {
        try body(Scene(store: store, time: time))
    }

    /// Every clause.
    public static let all: [StoreClause] =
        transactions + serverClauses + policyClauses + grantClauses + memberClauses + secretClauses + pinClauses
        + approvalClauses + accountClauses + sessionClauses + joiningClauses + webhookClauses
}

/// A clock moved by hand.
public final class ManualTime: TimeSource {
    private let milliseconds = Guarded<Int64>(1_800_000_000_000)

    /// Some day in 2027.
    public init() {}

    /// Not used by stores.
    public var now: Instant { Instant(nanoseconds: 0) }
    /// The time it was moved to.
    public var wallTime: WallTime { WallTime(milliseconds: milliseconds.withLock { $0 }) }

    /// Moves it on.
    public func advance(milliseconds: Int64) {
        self.milliseconds.withLock { $0 += milliseconds }
    }
}

/// An empty store and the things most clauses begin with.
struct Scene {
    let store: any Store
    let time: ManualTime
    static let author = Author(.commandLine, name: "ana")

    @discardableResult
    func change<Value: Sendable>(_ body: (StoreWriter) throws(StoreError) -> Value) throws(StoreError) -> Value {
        try store.change(by: Self.author, body)
    }

    func save(server name: ByteString, url: ByteString = "https://crm.example.com/mcp") throws -> ServerRecord {
        let server = ServerRecord(name: name, upstream: .http(url: url, allowsInsecure: false))
        try change { writer throws(StoreError) in try writer.save(server) }
        return try require(server: name)
    }

    func require(server name: ByteString) throws -> ServerRecord {
        try #require(try store.read { reader throws(StoreError) in try reader.server(named: name) })
    }

    func save(policy name: ByteString, of server: ServerRecord) throws -> PolicyRecord {
        let policy = PolicyRecord(server: server.id, name: name)
        try change { writer throws(StoreError) in try writer.save(policy) }
        return policy
    }

    func save(
        grant label: ByteString,
        target: GrantTarget,
        digest: UInt8,
        owner: EntityID? = nil
    ) throws -> GrantRecord {
        let grant = GrantRecord(label: label, target: target, digest: try Self.digest(digest), owner: owner)
        try change { writer throws(StoreError) in try writer.save(grant) }
        return try require(grant: label)
    }

    func require(grant label: ByteString) throws -> GrantRecord {
        try #require(try store.read { reader throws(StoreError) in try reader.grant(labelled: label) })
    }

    func events() throws -> [AdminEvent] {
        try store.read { reader throws(StoreError) in try reader.events(limit: 1_000) }
    }

    /// What a change is refused with; the store must be as it was.
    func refusal(
        _ body: (StoreWriter) throws(StoreError) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> StoreError? {
        let before = try (store.revision(), events().count)
        do throws(StoreError) {
            try change(body)
            Issue.record("it was not refused", sourceLocation: sourceLocation)
            return nil
        } catch {
            let after = try (store.revision(), events().count)
            #expect(before == after, sourceLocation: sourceLocation)
            return error
        }
    }

    static func digest(_ byte: UInt8) throws -> GrantDigest {
        try #require(GrantDigest([UInt8](repeating: byte, count: 32)))
    }

    static func bytes(_ byte: UInt8, _ count: Int = 32) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }
}

extension StoreError {
    /// The rule that was broken, `nil` for any other kind.
    var rule: String? {
        if case .refused(let rule) = self {
            return rule
        }
        return nil
    }

    var isNotFound: Bool {
        if case .notFound = self {
            return true
        }
        return false
    }
}
