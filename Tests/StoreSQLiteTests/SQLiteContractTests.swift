import Base
import StoreContract
import StoreSQLite
import Stores
import Testing

@Suite("the embedded store and the contract of all stores")
struct SQLiteContractTests {
    @Test("the contract holds", arguments: StoreClause.all)
    func contract(clause: StoreClause) throws {
        let folder = try TemporaryFolder()
        let time = ManualTime()
        try clause.hold(for: try SQLiteStore(opening: folder.path + "/store.sqlite", time: time), time: time)
    }
}
