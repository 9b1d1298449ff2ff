import Base
import Secrets
import StoreContract
import Stores
import Testing

@testable import StoreSQLite

@Suite("migrations of the embedded store")
struct MigrationTests {
    /// A made-up successor of the newest schema, to prove the way there before there is one.
    private static let next = Schema(
        migrations: Schema.current.migrations + [
            """
            CREATE TABLE extras (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
            INSERT INTO extras SELECT 1, name FROM servers;
            """
        ]
    )

    private func fixture(_ path: String, version: Int, of schema: Schema) throws {
        write([], to: path)
        let connection = try Connection(path: path, busyTimeout: .zero)
        for number in 0..<version {
            try connection.execute(schema.migrations[number])
        }
        try connection.execute("PRAGMA user_version = \(version)")
        guard version > 0 else {
            return
        }
        try connection.execute("PRAGMA application_id = \(Schema.applicationID)")
        // The first shape's rows, in the first shape's words; later shapes have to keep them.
        try connection.execute(
            """
            INSERT INTO state (id, revision, events, wrapping_version) VALUES (1, 1, 1, 0);
            INSERT INTO organisations VALUES ('6f1c2b1e-0000-4000-8000-000000000001', 'Acme', 5);
            INSERT INTO servers VALUES ('6f1c2b1e-0000-4000-8000-000000000002', 'crm', 'http',
                'https://crm.example.com/mcp', 0, 'hide', 'closed', 5);
            INSERT INTO admin_events VALUES (1, 1, 5, 'operator:ana', 'add', 'server', 'crm', NULL, zeroblob(32));
            """
        )
    }

    @Test(
        "a store of every earlier version is brought to the newest, with all it holds",
        arguments: 0...Schema.current.newest
    )
    func everyVersion(version: Int) throws {
        let folder = try TemporaryFolder()
        try fixture(folder.store, version: version, of: .current)
        let store = try SQLiteStore(opening: folder.store, time: ManualTime())
        #expect(try store.check() == [])
        let names = try store.read { reader throws(StoreError) in try reader.servers() }.map(\.name)
        #expect(names == (version == 0 ? [] : ["crm"]))
        // What came with later shapes works in it.
        let member = MemberRecord(label: "ana", email: "ana@example.com", role: .admin)
        let password = try #require(PasswordHash(text: Self.password.utf8))
        try store.change(by: .gateway) { writer throws(StoreError) in
            try writer.save(member)
            try writer.set(password: password, of: member.id)
        }
        #expect(try store.read { reader throws(StoreError) in try reader.accounts() }.map(\.password) == [password])
        #expect(try store.check() == [])
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        #expect(try connection.number("PRAGMA user_version") == Schema.current.newest)
    }

    private static let password = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

    @Test("the step to a further version keeps what is there, and the version before refuses the result")
    func nextVersion() throws {
        let folder = try TemporaryFolder()
        try fixture(folder.store, version: Schema.current.newest, of: .current)
        do {
            let store = try SQLiteStore(
                opening: folder.store,
                time: ManualTime(),
                busyTimeout: .zero,
                schema: Self.next
            )
            #expect(try store.read { reader throws(StoreError) in try reader.organisation().name } == "Acme")
            #expect(try store.revision() == 1)
        }
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        #expect(try connection.words("SELECT word FROM extras") == ["crm"])
        let newest = Schema.current.newest
        #expect(openingError(folder.store) == .newerVersion(found: newest + 1, known: newest))
    }

    @Test("a step that fails leaves the version and the data that were there")
    func failingStep() throws {
        let folder = try TemporaryFolder()
        try fixture(folder.store, version: Schema.current.newest, of: .current)
        let broken = Schema(
            migrations: Self.next.migrations + ["DROP TABLE organisations; CREATE TABLE servers (again TEXT);"]
        )
        #expect(openingError(folder.store, schema: broken) != nil)
        let store = try SQLiteStore(opening: folder.store, time: ManualTime())
        #expect(try store.read { reader throws(StoreError) in try reader.organisation().name } == "Acme")
        #expect(try store.check() == [])
    }

    @Test("a step that leaves a reference hanging is not taken")
    func orphans() throws {
        let folder = try TemporaryFolder()
        try fixture(folder.store, version: Schema.current.newest, of: .current)
        let connection = try Connection(path: folder.store, busyTimeout: .zero)
        try connection.execute(
            "INSERT INTO server_headers VALUES ('6f1c2b1e-0000-4000-8000-000000000002', 0, 'A', 'open', 'b')"
        )
        let broken = Schema(migrations: Schema.current.migrations + ["DELETE FROM servers"])
        guard case .corrupt? = openingError(folder.store, schema: broken) else {
            Issue.record("it was taken")
            return
        }
        #expect(try connection.words("SELECT name FROM servers") == ["crm"])
    }
}
