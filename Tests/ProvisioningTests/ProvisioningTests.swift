import Base
import JSONText
import Secrets
import Settings
import Stores
import TestSupport
import Testing

@testable import Provisioning

/// A clock that stands still.
private struct FixedTime: TimeSource {
    var now: Instant { Instant(nanoseconds: 0) }
    var wallTime: WallTime { WallTime(milliseconds: 1_800_000_000_000) }
}

@Suite("applying a file to a store and writing it back")
struct ProvisioningTests {
    private static let first = "hmac-sha256:" + String(repeating: "1a", count: 32)
    private static let second = "hmac-sha256:" + String(repeating: "2b", count: 32)
    private static let whole = """
        version: 1
        servers:
          - name: crm
            upstream: {url: "http://127.0.0.1:3001/mcp"}
            headers: {Authorization: {secret: env:CRM_AUTH}, X-Team: sales}
            changed_tools: show
          - name: mail
            upstream: {url: "https://mail.example.com/mcp"}
            headers: {Authorization: {secret: store:mail-token}}
            limit_failure: open
        policies:
          - {name: sales, server: crm, document: {version: "1", default: deny, tools: {read_lead: {}, "späßchen\\u2028": {}}}}
        grants:
          - {label: ci, server: crm, policy: sales, token_digest: "\(first)", member: ana}
          - {label: "nightly: job", server: mail, token_digest: "\(second)", expires: 2027-01-01T00:00:00Z}
        """

    private let store = MemoryStore(time: FixedTime())
    private let author = Author(.file, name: "/etc/toolgate.yaml")

    private func configuration(_ yaml: String) throws -> Configuration {
        let sources = SettingsSources(
            file: { _ in .failure(SourceFailure("no such file")) },
            variable: { $0 == "CRM_AUTH" ? Array("Bearer x".utf8) : nil }
        )
        let result = SettingsReader.read(Array(yaml.utf8), sources: sources)
        return try #require(result.configuration, "\(result.problems)")
    }

    private func plan(
        _ yaml: String,
        removal: Removal = .nothing,
        in store: MemoryStore? = nil
    ) throws -> ProvisionPlan {
        let configuration = try configuration(yaml)
        var digests: [ByteString: [UInt8]] = [:]
        for policy in configuration.policies {
            // A stand-in for the engine's digest, which is over the canonical form as well.
            let canonical = JSONCanonical.exact(try JSONDocument(policy.document).root)
            var digest = [UInt8](repeating: 0, count: 32)
            for (index, byte) in canonical.enumerated() {
                digest[index % 32] = digest[index % 32] &* 31 &+ byte
            }
            digests[policy.name] = digest
        }
        let result = try (store ?? self.store).read { reader throws(StoreError) in
            try ProvisionPlanner.plan(
                configuration,
                digests: digests,
                path: { $0 },
                removal: removal,
                in: reader
            )
        }
        return try result.get()
    }

    private func apply(_ yaml: String, removal: Removal = .nothing) throws {
        try Provisioning.apply(plan(yaml, removal: removal), to: store, by: author)
    }

    private func lines(_ plan: ProvisionPlan) -> [String] {
        plan.changes.map { "\($0.action.rawValue) \($0.subject)" }
    }

    @Test("an empty store gets everything, told first, and applying again changes nothing")
    func fromNothing() throws {
        let plan = try plan(Self.whole)
        #expect(
            lines(plan) == [
                "create member `ana`", "create server `crm`", "create server `mail`", "create policy `sales`",
                "create grant `ci`", "create grant `nightly: job`",
            ]
        )
        #expect(plan.notes.count == 1)
        #expect(plan.notes.first?.contains("credential add mail-token --server mail") == true)
        let told = plan.changes.flatMap(\.details).joined(separator: "\n")
        #expect(told.contains("header Authorization: env:CRM_AUTH"))
        #expect(!told.contains("Bearer x"))
        try Provisioning.apply(plan, to: store, by: author)
        #expect(try store.revision() == 1)
        #expect(try self.plan(Self.whole).isEmpty)
        #expect(throws: StoreError.conflict(expected: 0, found: 1)) {
            try Provisioning.apply(plan, to: store, by: author)
        }
    }

    @Test("a bundle of a file is made after its servers, found again, changed, written back and taken out")
    func bundles() throws {
        let members = "[{server: crm, prefix: c_, policy: sales}, {server: mail, prefix: m_}]"
        let bundle = "bundles: [{name: office, members: \(members)}]\n"
        let third = "hmac-sha256:" + String(repeating: "3c", count: 32)
        let grant = "\n  - {label: all, bundle: office, token_digest: \"\(third)\"}\n"
        let whole = Self.whole + grant + bundle
        let plan = try plan(whole)
        #expect(lines(plan).suffix(4).first == "create bundle `office`", "\(lines(plan))")
        try Provisioning.apply(plan, to: store, by: author)
        #expect(try self.plan(whole).isEmpty)
        let exported = try store.read { reader throws(StoreError) in try Provisioning.export(reader) }
        #expect(try self.plan(String(decoding: exported, as: UTF8.self)).isEmpty)
        let empty = MemoryStore(time: FixedTime())
        let again = try self.plan(String(decoding: exported, as: UTF8.self), in: empty)
        #expect(lines(again).contains("create bundle `office`"))
        let changed = whole.replacing("prefix: m_", with: "prefix: mail_")
        #expect(try lines(self.plan(changed)) == ["change bundle `office`"])
        try apply(Self.whole, removal: .everything)
        #expect(try store.read { reader throws(StoreError) in try reader.bundles() }.isEmpty)
    }

    @Test("what is written back is the same configuration, to the store it came from and to an empty one")
    func roundTrip() throws {
        try apply(Self.whole)
        let text = try store.read { reader throws(StoreError) in try Provisioning.export(reader) }
        let yaml = String(decoding: text, as: UTF8.self)
        #expect(try plan(yaml, removal: .everything).isEmpty, "\(yaml)")
        #expect(!yaml.contains("Bearer x"))
        let other = MemoryStore(time: FixedTime())
        try Provisioning.apply(plan(yaml, in: other), to: other, by: author)
        let again = try other.read { reader throws(StoreError) in try Provisioning.export(reader) }
        #expect(again == text)
    }

    @Test("each edit is one change of one record, told by what is different")
    func edits() throws {
        try apply(Self.whole)
        let edits: [(String, String, String, String)] = [
            ("127.0.0.1:3001", "127.0.0.1:3002", "change server `crm`", "+ url: http://127.0.0.1:3002/mcp"),
            ("changed_tools: show", "changed_tools: hide", "change server `crm`", "+ changed_tools: hide"),
            ("read_lead: {}", "move_lead: {}", "change policy `sales`", "document: version 2"),
            ("policy: sales, token", "token", "change grant `ci`", "+ policy: none, so every call is denied"),
            (
                Self.first, "hmac-sha256:" + String(repeating: "3c", count: 32), "change grant `ci`",
                "token: another one"
            ),
        ]
        for (old, new, subject, detail) in edits {
            let plan = try plan(Self.whole.replacing(old, with: new))
            #expect(lines(plan) == [subject])
            #expect(plan.changes.flatMap(\.details).contains { $0.hasPrefix(detail) }, "\(plan.changes)")
        }
    }

    @Test("what the file does not mention stays, or goes with the grants that came from files, or goes")
    func removals() throws {
        try apply(Self.whole)
        let owner = Author(.commandLine, name: "ana")
        let digest = try #require(GrantDigest([UInt8](repeating: 9, count: 32)))
        try store.change(by: owner) { writer throws(StoreError) in
            let server = try writer.reader.server(named: "mail")
            let target = GrantTarget.server(server?.id ?? .random(), policy: nil)
            try writer.save(GrantRecord(label: "by hand", target: target, digest: digest))
        }
        let short = """
            version: 1
            servers: [{name: mail, upstream: {url: "https://mail.example.com/mcp"}}]
            """
        #expect(try lines(plan(short)) == ["change server `mail`"])
        #expect(
            try lines(plan(short, removal: .grantsFromFiles))
                == ["change server `mail`", "remove grant `ci`", "remove grant `nightly: job`"]
        )
        let pruned = try plan(short, removal: .everything)
        #expect(
            lines(pruned) == [
                "change server `mail`", "remove grant `by hand`", "remove grant `ci`", "remove grant `nightly: job`",
                "remove policy `sales`", "remove server `crm`",
            ]
        )
        try Provisioning.apply(pruned, to: store, by: author)
        #expect(try store.read { reader throws(StoreError) in try reader.servers().map(\.name) } == ["mail"])
    }

    @Test("a grant that was revoked by hand stays so, whatever the file says")
    func revoked() throws {
        try apply(Self.whole)
        try store.change(by: author) { writer throws(StoreError) in
            try writer.revoke(grant: try writer.reader.grant(labelled: "ci")?.id ?? .random())
        }
        let plan = try plan(Self.whole)
        #expect(plan.isEmpty)
        #expect(plan.notes.contains { $0.contains("revoked, which is for good") })
    }

    @Test("a token that was rotated by hand is not brought back by a file that still names the old one")
    func rotated() throws {
        try apply(Self.whole)
        let digest = try #require(GrantDigest([UInt8](repeating: 7, count: 32)))
        try store.change(by: author) { writer throws(StoreError) in
            let id = try writer.reader.grant(labelled: "ci")?.id ?? .random()
            try writer.rotate(grant: id, to: digest, overlap: .seconds(60))
        }
        #expect(try plan(Self.whole).isEmpty)
    }

    @Test("a record keeps its identity when its name is known, and is renamed when its identity is")
    func identities() throws {
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e"
        let named = #"servers: [{name: crm, id: "\#(id)", upstream: {url: "http://127.0.0.1:3001/mcp"}}]"#
        try apply("version: 1\n" + #"servers: [{name: crm, upstream: {url: "http://127.0.0.1:3001/mcp"}}]"#)
        #expect(try plan("version: 1\n\(named)").isEmpty)
        let known = try store.read { reader throws(StoreError) in try reader.servers().map(\.id.description) }
        let renamed = named.replacing(id, with: known.first ?? "").replacing("name: crm", with: "name: sales")
        let plan = try plan("version: 1\n\(renamed)")
        #expect(lines(plan) == ["change server `sales`"])
        #expect(plan.changes.flatMap(\.details) == ["- name: crm", "+ name: sales"])
    }
}
