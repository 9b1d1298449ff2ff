import Base
import JSONText
import Settings
import Stores
import Testing

@testable import Administration

@Suite("Records as people and programs see them")
struct RecordTests {
    private struct Clock: TimeSource {
        let wallTime = WallTime(milliseconds: 1_800_000_000_000)
        let now = Instant(nanoseconds: 0)
    }

    private func scene() throws -> MemoryStore {
        let store = MemoryStore(time: Clock())
        try store.change(by: .gateway) { writer throws(StoreError) in
            try writer.save(MemberRecord(label: "ana", email: "ana@example.com", role: .admin))
            let server = ServerRecord(
                name: "crm",
                upstream: .http(url: "https://crm.example/mcp", allowsInsecure: false),
                headers: [HeaderReference(name: "Authorization", source: .environment("CRM"))]
            )
            try writer.save(server)
            try writer.save(PolicyRecord(server: server.id, name: "crm-sales"))
        }
        return store
    }

    @Test("a name that is none is told with the one that is near")
    func nearNames() throws {
        let store = try scene()
        let refusal = StoreError.refused(
            "there is no server `crn`: did you mean `crm`? `toolgate server list` lists them"
        )
        #expect(throws: refusal) {
            _ = try store.read { reader throws(StoreError) in try Records(reader).server("crn").name }
        }
    }

    @Test("a server's record says where it is, by reference only, and what belongs to it")
    func server() throws {
        let record = try scene().read { reader throws(StoreError) in
            let records = Records(reader)
            return try ShownRecords(records, now: Clock().wallTime).record(of: try records.server("crm"))
        }
        let root = try JSONDocument(record.json).root
        #expect(root["path"]?.string?.text == "/mcp/crm")
        #expect(root["headers"]?.element(at: 0)?["source"]?.string?.text == "env:CRM")
        #expect(root["policies"]?.element(at: 0)?.string?.text == "crm-sales")
        #expect(root["created"]?.string?.text == "2027-01-15T08:00:00.000Z")
    }

    @Test("a policy without a version has none of what versions have")
    func policy() throws {
        let record = try scene().read { reader throws(StoreError) in
            let records = Records(reader)
            return try ShownRecords(records, now: Clock().wallTime).record(of: try records.policy("crm-sales"))
        }
        #expect(record["version"] == .absent("none"))
        #expect(record["in_force"] == .flag(false))
        #expect(record["server"] == .text("crm"))
    }
}
