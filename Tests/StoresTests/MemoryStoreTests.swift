import Base
import StoreContract
import Stores
import Testing

@Suite("the store in memory")
struct MemoryStoreTests {
    @Test("the contract holds", arguments: StoreClause.all)
    func contract(clause: StoreClause) throws {
        let time = ManualTime()
        try clause.hold(for: MemoryStore(time: time), time: time)
    }
}
