import Base
import Glibc
import StoreContract
import Stores
import Testing

@testable import StoreSQLite

/// A store with something in it.
func makeStore(_ path: String, servers: Int = 1, time: ManualTime = ManualTime()) throws -> SQLiteStore {
    let store = try SQLiteStore(opening: path, time: time)
    try store.change(by: .gateway) { writer throws(StoreError) in
        for index in 0..<servers {
            let upstream = ServerUpstream.http(url: "https://crm.example.com/mcp", allowsInsecure: false)
            try writer.save(ServerRecord(name: ByteString("server-\(index)"), upstream: upstream))
        }
    }
    return store
}

/// What opening fails with.
func openingError(_ path: String, schema: Schema = .current, timeout: Duration = .zero) -> StoreError? {
    do throws(StoreError) {
        _ = try SQLiteStore(opening: path, time: ManualTime(), busyTimeout: timeout, schema: schema)
        return nil
    } catch {
        return error
    }
}

func mode(_ path: String) -> UInt32 {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
}

func contents(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 22)
    let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    return Array(bytes.prefix(max(count, 0)))
}

@Suite("opening the embedded store")
struct OpeningTests {
    @Test("a new store's files are readable by their owner only, and what was written is there again")
    func reopened() throws {
        let folder = try TemporaryFolder()
        let usual = umask(0)
        defer { umask(usual) }
        var store: SQLiteStore? = try makeStore(folder.store, servers: 3)
        #expect(folder.names == ["store.sqlite", "store.sqlite-shm", "store.sqlite-wal"])
        for name in folder.names {
            #expect(mode("\(folder.path)/\(name)") == 0o600, "\(name)")
        }
        let organisation = try store?.read { reader throws(StoreError) in try reader.organisation() }
        store = nil
        #expect(folder.names == ["store.sqlite"], "a clean end leaves one file")
        let again = try SQLiteStore(opening: folder.store, time: ManualTime())
        #expect(try again.revision() == 1)
        #expect(try again.read { reader throws(StoreError) in try reader.servers() }.count == 3)
        #expect(try again.read { reader throws(StoreError) in try reader.organisation() } == organisation)
        #expect(try again.check() == [])
    }

    @Test("the columns of every table are those the records have, and every table is strict")
    func columns() throws {
        let folder = try TemporaryFolder()
        _ = try SQLiteStore(opening: folder.store, time: ManualTime())
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        for table in RecordTable.all {
            let columns = try connection.words("SELECT name FROM pragma_table_info('\(table.name)') ORDER BY cid")
            #expect(columns == table.columns, "\(table.name)")
            let key = try connection.words(
                "SELECT name FROM pragma_table_info('\(table.name)') WHERE pk > 0 ORDER BY pk"
            )
            #expect(key == Array(table.columns[..<table.keyCount]), "\(table.name)")
        }
        let tables = try connection.words("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        #expect(tables == RecordTable.all.map(\.name).sorted())
        let strict = try connection.words("SELECT name FROM pragma_table_list WHERE strict ORDER BY name")
        #expect(strict == tables)
        #expect(try connection.words("PRAGMA application_id") == ["\(Schema.applicationID)"])
    }

    @Test("what is no store of ours is refused and left as it is, byte for byte")
    func foreign() throws {
        let folder = try TemporaryFolder()
        let text = Array("this is not a database, and long enough to be looked at as one".utf8)
        let noise = Array(repeating: text, count: 20).flatMap { $0 }
        write(noise, to: folder.store)
        guard case .foreign? = openingError(folder.store) else {
            Issue.record("noise was opened")
            return
        }
        #expect(contents(folder.store) == noise)
        let other = "\(folder.path)/other.sqlite"
        write([], to: other)
        let connection = try Connection(path: other, busyTimeout: .zero)
        try connection.execute("CREATE TABLE theirs (x)")
        guard case .foreign(let detail)? = openingError(other) else {
            Issue.record("another program's database was opened")
            return
        }
        #expect(detail.contains("another program"))
        #expect(try connection.words("SELECT name FROM sqlite_schema") == ["theirs"])
        try connection.execute("PRAGMA application_id = 77; PRAGMA user_version = 1")
        #expect(openingError(other) == .foreign(detail: detail))
        #expect(try connection.words("PRAGMA journal_mode") == ["delete"])
    }

    @Test("a store of a newer version is refused, told so, and left as it is")
    func newer() throws {
        let folder = try TemporaryFolder()
        _ = try makeStore(folder.store)
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        try connection.execute("PRAGMA user_version = 99")
        let error = openingError(folder.store)
        #expect(error == .newerVersion(found: 99, known: Schema.current.newest))
        #expect(error?.message(at: folder.store).contains("`\(folder.store)`") == true)
        #expect("\(try #require(error))".contains("newer Toolgate"))
        #expect(try connection.words("PRAGMA user_version") == ["99"])
        #expect(try connection.words("SELECT revision FROM state") == ["1"])
    }

    @Test("a file that others may read, a folder and a missing folder are refused")
    func places() throws {
        let folder = try TemporaryFolder()
        _ = try makeStore(folder.store)
        chmod(folder.store, 0o640)
        #expect(openingError(folder.store) == .tooOpen(mode: 0o640))
        mkdir("\(folder.path)/directory", 0o700)
        guard case .foreign? = openingError("\(folder.path)/directory") else {
            Issue.record("a folder was opened")
            return
        }
        guard case .unreachable? = openingError("\(folder.path)/none/store.sqlite") else {
            Issue.record("a store was opened in a folder that is not there")
            return
        }
        symlink(folder.store, "\(folder.path)/link")
        guard case .foreign? = openingError("\(folder.path)/link") else {
            Issue.record("a symbolic link was followed")
            return
        }
    }

    @Test("a folder and a file that may only be read are told so, by a user who has no other rights")
    func readOnly() async throws {
        let folder = try TemporaryFolder()
        _ = try makeStore(folder.store)
        try #require(geteuid() == 0, "this test gives rights away, so it needs to have them")
        chown(folder.store, 65_534, 65_534)
        chown(folder.path, 65_534, 65_534)
        chmod(folder.path, 0o500)
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            setuid(65_534)
            for name in ["store.sqlite", "new.sqlite"] {
                guard case .readOnly? = openingError("\(path)/\(name)") else {
                    print("\(name): \(String(describing: openingError("\(path)/\(name)")))")
                    exit(1)
                }
            }
            chmod(path, 0o700)
            chmod("\(path)/store.sqlite", 0o400)
            guard case .readOnly? = openingError("\(path)/store.sqlite") else {
                print("file: \(String(describing: openingError("\(path)/store.sqlite")))")
                exit(1)
            }
        }
    }

    @Test("damage in the middle of the file is found on opening or by the check, and never taken for data")
    func damaged() throws {
        let folder = try TemporaryFolder()
        var store: SQLiteStore? = try makeStore(folder.store, servers: 200)
        #expect(try store?.check() == [])
        store = nil
        var bytes = contents(folder.store)
        try #require(bytes.count > 3 * 4_096)
        for index in 4_096..<(3 * 4_096) {
            bytes[index] = UInt8(truncatingIfNeeded: index &* 31)
        }
        write(bytes, to: folder.store)
        guard case .corrupt(let detail)? = openingError(folder.store) else {
            Issue.record("damage was not noticed: \(String(describing: openingError(folder.store)))")
            return
        }
        #expect(!detail.isEmpty)
        #expect(StoreError.corrupt(detail: detail).message(at: "x").contains("toolgate store check"))
    }

    @Test("what a hand with another tool did to the records is found by the check")
    func tampered() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store, servers: 2)
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        for (change, finding) in [
            ("UPDATE servers SET name = 'Not A Name' WHERE name = 'server-0'", "cannot stand in a path"),
            ("UPDATE servers SET upstream_url = 'ftp://x' WHERE name = 'server-1'", "URL that is none"),
            ("DELETE FROM admin_events WHERE sequence = 1", "1 events where 2 were written"),
            (
                "PRAGMA foreign_keys = OFF; INSERT INTO policies VALUES ('00000000-0000-4000-8000-000000000000',"
                    + " 'x', 'orphan', 0)", "refers to one that is not there"
            ),
        ] {
            try connection.execute(change)
            let findings = try store.check()
            #expect(findings.contains { $0.contains(finding) }, "\(change): \(findings)")
        }
    }
}
