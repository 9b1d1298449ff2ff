import Base
import Glibc
import StoreContract
import StoreSQLite
import Stores
import Testing

@Suite("backups of the embedded store")
struct BackupTests {
    @Test("a backup is one file, its owner's only, and opens as the store it was made of")
    func restored() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store, servers: 50)
        let usual = umask(0)
        defer { umask(usual) }
        let target = "\(folder.path)/copy.sqlite"
        try store.backup(to: target)
        #expect(mode(target) == 0o600)
        #expect(folder.names.filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
        try store.change(by: .gateway) { writer throws(StoreError) in try writer.rename(organisation: "Later") }
        let copy = try SQLiteStore(opening: target, time: ManualTime())
        let (one, two) = try (
            store.read { reader throws(StoreError) in (try reader.servers(), try reader.organisation()) },
            copy.read { reader throws(StoreError) in (try reader.servers(), try reader.organisation()) }
        )
        #expect(one.0 == two.0)
        #expect(two.1.name == "default")
        #expect(try copy.revision() == 1)
        #expect(try copy.check() == [])
        try copy.change(by: .gateway) { writer throws(StoreError) in try writer.rename(organisation: "Copy") }
        #expect(try store.read { reader throws(StoreError) in try reader.organisation().name } == "Later")
    }

    @Test("a backup never takes the place of a file unasked, and replaces it in one step when asked")
    func existing() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store)
        let target = "\(folder.path)/copy.sqlite"
        write([1, 2, 3], to: target)
        let error = #expect(throws: StoreError.self) { try store.backup(to: target) }
        #expect(error?.isAboutRequest == true)
        #expect(contents(target) == [1, 2, 3])
        try store.backup(to: target, overwrites: true)
        #expect(try SQLiteStore(opening: target, time: ManualTime()).revision() == 1)
        #expect(!folder.names.contains { $0.contains(".new-") })
        guard
            case .unreachable? = #expect(
                throws: StoreError.self,
                performing: {
                    try store.backup(to: "\(folder.path)/none/copy")
                }
            )
        else {
            Issue.record("a folder that is not there cannot take a backup")
            return
        }
    }

    @Test("a backup made beside a busy writer is of one moment")
    func busy() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder.store)
        let path = folder.path
        inParallel([
            {
                for index in 0..<40 {
                    #expect(throws: Never.self) {
                        try store.change(by: .gateway) { writer throws(StoreError) in
                            try writer.rename(organisation: ByteString("n\(index)"))
                        }
                    }
                }
            },
            {
                for index in 0..<5 {
                    #expect(throws: Never.self) { try store.backup(to: "\(path)/copy-\(index)") }
                }
            },
        ])
        for index in 0..<5 {
            let copy = try SQLiteStore(opening: "\(path)/copy-\(index)", time: ManualTime())
            #expect(try copy.check() == [])
        }
    }
}
