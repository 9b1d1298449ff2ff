import Base
import Glibc
import StoreContract
import Stores
import Synchronization
import Testing

@testable import StoreSQLite

/// A number several threads look at.
private final class Count: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .acquiring) }

    func set(_ value: Int) {
        number.store(value, ordering: .releasing)
    }
}

/// What several threads found.
private final class Seen: Sendable {
    private let texts = Guarded<Set<String>>([])

    var all: Set<String> { texts.withLock { $0 } }

    func insert(_ text: String) {
        texts.withLock { _ = $0.insert(text) }
    }
}

private func addTwo(to store: SQLiteStore, _ index: Int) throws(StoreError) {
    try store.change(by: .gateway) { writer throws(StoreError) in
        for half in ["a", "b"] {
            let upstream = ServerUpstream.http(url: "https://x.example.com/", allowsInsecure: false)
            try writer.save(ServerRecord(name: ByteString("s\(index)\(half)"), upstream: upstream))
        }
    }
}

/// Goes on changing and keeping, and writes a byte down for each change it was told is done.
private func writeForever(_ folder: String, _ acknowledged: Count) throws(StoreError) {
    let log = open("\(folder)/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let store = try SQLiteStore(opening: folder + "/store.sqlite", time: ManualTime())
    for index in 1...100_000 {
        try store.change(by: .gateway) { writer throws(StoreError) in
            try writer.rename(organisation: ByteString("n\(index)"))
        }
        _ = write(log, "x", 1)
        try store.keep(isDurable: false) { ledger throws(StoreError) in
            try ledger.keep([QuotaState(counter: [1], windows: [], updated: WallTime(milliseconds: Int64(index)))])
        }
        acknowledged.set(index)
    }
}

@Suite("the embedded store, several threads and processes, and their sudden end")
struct ProcessTests {
    @Test("a change of another process is seen through the revision, and its content at the next reading")
    func otherProcess() async throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store)
        #expect(try store.revision() == 1)
        await #expect(processExitsWith: .success) { [path = folder.store as String] in
            let store = try SQLiteStore(opening: path, time: ManualTime())
            try store.change(by: .gateway) { writer throws(StoreError) in try writer.rename(organisation: "Elsewhere") }
        }
        #expect(try store.revision() == 2)
        #expect(try store.read { reader throws(StoreError) in try reader.organisation().name } == "Elsewhere")
    }

    @Test("a store that another process holds is locked after the bound, readers go on, and nothing is changed")
    func locked() throws {
        let folder = try TemporaryFolder()
        _ = try makeStore(folder.store)
        let store = try SQLiteStore(opening: folder.store, time: ManualTime(), busyTimeout: .milliseconds(20))
        let holder = try Connection(path: folder.store, busyTimeout: .zero)
        try holder.execute("BEGIN IMMEDIATE")
        let error = #expect(throws: StoreError.self) {
            try store.change(by: .gateway) { writer throws(StoreError) in try writer.rename(organisation: "x") }
        }
        #expect(error == .locked)
        #expect(throws: StoreError.locked) { try store.keep(isDurable: false) { _ in } }
        #expect(try store.read { reader throws(StoreError) in try reader.servers() }.count == 1)
        try holder.execute("ROLLBACK")
        try store.change(by: .gateway) { writer throws(StoreError) in try writer.rename(organisation: "x") }
        #expect(try store.revision() == 2)
    }

    @Test("readers beside a writer see whole changes only, and none goes back in time")
    func concurrency() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteStore(opening: folder.store, time: ManualTime())
        let other = try SQLiteStore(opening: folder.store, time: ManualTime())
        let done = Count()
        let readers = [store, other, store].map { reader -> @Sendable () -> Void in
            {
                var last = 0
                while done.value == 0 {
                    let seen = try? reader.read { reader throws(StoreError) in
                        [try reader.revision(), try reader.servers().count, try reader.events(limit: 1_000).count]
                    }
                    guard let seen else {
                        Issue.record("a reader was refused")
                        return
                    }
                    // Each change adds two servers, with an event each.
                    #expect(seen[1] == 2 * seen[0] && seen[2] == seen[1])
                    #expect(seen[0] >= last)
                    last = seen[0]
                }
            }
        }
        inParallel(
            readers + [
                {
                    for index in 0..<60 {
                        let writer = index.isMultiple(of: 2) ? store : other
                        #expect(throws: Never.self) { try addTwo(to: writer, index) }
                    }
                    done.set(1)
                }
            ]
        )
        #expect(try store.revision() == 60)
        #expect(try store.check() == [])
    }

    @Test("stores that are made at once by several are one store")
    func madeAtOnce() throws {
        let folder = try TemporaryFolder()
        let path = folder.store
        let found = Seen()
        let open: @Sendable () -> Void = {
            let seen: String
            do throws(StoreError) {
                let store = try SQLiteStore(opening: path, time: ManualTime())
                seen = try store.read { reader throws(StoreError) in "\(try reader.organisation().id)" }
            } catch {
                seen = "\(error)"
            }
            found.insert(seen)
        }
        inParallel(Array(repeating: open, count: 6))
        let organisations = found.all
        #expect(organisations.count == 1, "\(organisations)")
        #expect(organisations.first?.utf8.count == 36, "\(organisations)")
    }

    @Test(
        "K1: a process killed while it writes loses no change it was told of, and leaves a sound store",
        arguments: 0..<5
    )
    func killed(round: Int) async throws {
        let folder = try TemporaryFolder()
        _ = try SQLiteStore(opening: folder.store, time: ManualTime())
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String, round = round as Int] in
            let acknowledged = Count()
            inParallel([
                {
                    // Some way into what comes after so many, wherever that is.
                    while acknowledged.value < 15 + 7 * round {}
                    for _ in 0..<(round * 40_000) {
                        _ = acknowledged.value
                    }
                    kill(getpid(), SIGKILL)
                },
                {
                    do throws(StoreError) {
                        try writeForever(path, acknowledged)
                    } catch {
                        print("\(error)")
                    }
                    exit(1)
                },
            ])
        }
        let told = contents("\(folder.path)/acknowledged").count
        #expect(told >= 15)
        let store = try SQLiteStore(opening: folder.store, time: ManualTime())
        let revision = try store.revision()
        #expect(revision == told || revision == told + 1, "told \(told), found \(revision)")
        let found = try store.read { reader throws(StoreError) in
            (try reader.organisation().name, try reader.quotaStates().first?.updated.milliseconds ?? 0)
        }
        #expect(found.0 == ByteString("n\(revision)"))
        #expect(found.1 == Int64(told) || found.1 == Int64(told - 1))
        #expect(try store.check() == [])
    }

    @Test("H6: with no room on the disk a change is refused as a whole, and goes through when there is some")
    func full() async throws {
        let folder = try TemporaryFolder()
        _ = try makeStore(folder.store)
        await #expect(processExitsWith: .success) { [path = folder.store as String] in
            signal(SIGXFSZ, SIG_IGN)
            let store = try SQLiteStore(opening: path, time: ManualTime())
            let server = try store.read { reader throws(StoreError) in try reader.servers() }[0]
            let policy = PolicyRecord(server: server.id, name: "large")
            try store.change(by: .gateway) { writer throws(StoreError) in try writer.save(policy) }
            let before = try store.revision()
            // Half a megabyte is less than the document.
            var limit = rlimit(rlim_cur: 512 << 10, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit)
            let source = [UInt8](repeating: 7, count: 1 << 20)
            let add: @Sendable () -> StoreError? = {
                do throws(StoreError) {
                    _ = try store.change(by: .gateway) { writer throws(StoreError) in
                        try writer.rename(organisation: "half")
                        return try writer.add(version: source, digest: Array(source.prefix(32)), to: policy.id)
                    }
                    return nil
                } catch {
                    return error
                }
            }
            let refusal = add()
            let name = try store.read { reader throws(StoreError) in try reader.organisation().name }
            let backup = "\(path).backup"
            var copyRefusal: StoreError?
            do throws(StoreError) {
                limit.rlim_cur = 8 << 10
                setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit)
                try store.backup(to: backup)
            } catch {
                copyRefusal = error
            }
            limit.rlim_cur = rlim_t.max
            setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit)
            let found =
                "\(String(describing: refusal)) \(String(describing: copyRefusal)) \(name) "
                + "\(access(backup, F_OK)) \(try store.revision() - before) \(add() == nil) \(try store.check())"
            write(Array(found.utf8), to: "\(path).report")
        }
        let report = String(decoding: contents("\(folder.store).report"), as: UTF8.self)
        let full = "Optional(\(StoreError.full))"
        #expect(report == "\(full) \(full) default -1 0 true []")
        #expect(!folder.names.contains { $0.contains(".new-") }, "\(folder.names)")
    }

    @Test("a reader or writer kept beyond its call finds nothing")
    func escaped() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store)
        var kept: StoreReader?
        try store.read { reader in kept = reader }
        let error = #expect(throws: StoreError.self) { try kept?.servers() }
        #expect(error == .failed(detail: "the transaction is over"))
    }
}
