import Base
import Settings
import Stores
import Testing

extension StoreClause {
    static let policyClauses: [StoreClause] = [
        StoreClause("every version of a policy is kept, the newest is in force, the same bytes add none") { scene in
            let server = try scene.save(server: "crm")
            let policy = try scene.save(policy: "sales", of: server)
            func add(_ source: [UInt8], _ digest: UInt8, note: ByteString? = nil) throws -> Int {
                try scene.change { writer throws(StoreError) in
                    try writer.add(version: source, digest: Scene.bytes(digest), to: policy.id, note: note)
                }
            }
            #expect(
                try scene.store.read { reader throws(StoreError) in try reader.currentVersion(of: policy.id) } == nil
            )
            #expect(try add([0, 255, 1], 1, note: "first") == 1)
            scene.time.advance(milliseconds: 10)
            #expect(try add([2], 2) == 2)
            let revision = try scene.store.revision()
            #expect(try add([2], 2) == 2)
            #expect(try scene.store.revision() == revision)
            #expect(try add([0, 255, 1], 1) == 3)
            let versions = try scene.store.read { reader throws(StoreError) in try reader.versions(of: policy.id) }
            #expect(versions.map(\.number) == [3, 2, 1])
            #expect(versions.map(\.source) == [[0, 255, 1], [2], [0, 255, 1]])
            #expect(versions.map(\.digest) == [Scene.bytes(1), Scene.bytes(2), Scene.bytes(1)])
            #expect(versions.map(\.note) == [nil, nil, "first"])
            #expect(versions[2].author == "operator:ana")
            #expect(versions[1].time.milliseconds == versions[2].time.milliseconds + 10)
            let read = try scene.store.read { reader throws(StoreError) in
                (try reader.currentVersion(of: policy.id)?.number, try reader.version(2, of: policy.id)?.source)
            }
            #expect(read.0 == 3)
            #expect(read.1 == [2])
            let last = try scene.events().last
            #expect(last?.before == Scene.bytes(2))
            #expect(last?.after == Scene.bytes(1))
        },
        StoreClause("a policy in use keeps its server and is not removed") { scene in
            let server = try scene.save(server: "crm")
            let other = try scene.save(server: "erp")
            let policy = try scene.save(policy: "sales", of: server)
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: policy.id), digest: 1)
            let removal = try scene.refusal { writer throws(StoreError) in try writer.remove(policy: policy.id) }
            #expect(removal?.rule?.contains("grant `ci`") == true)
            let moved = PolicyRecord(id: policy.id, server: other.id, name: "moved")
            let move = try scene.refusal { writer throws(StoreError) in try writer.save(moved) }
            #expect(move?.rule != nil)
            try scene.change { writer throws(StoreError) in
                _ = try writer.add(version: [1], digest: Scene.bytes(1), to: moved.id)
                try writer.remove(grant: grant.id)
                try writer.save(moved)
            }
            let read = try scene.store.read { reader throws(StoreError) in try reader.policy(named: "moved") }
            #expect(read?.server == other.id)
            try scene.change { writer throws(StoreError) in try writer.remove(policy: moved.id) }
            let left = try scene.store.read { reader throws(StoreError) in
                let versions = try reader.versions(of: moved.id)
                return try reader.policies().map(\.name) + versions.map { ByteString($0.source) }
            }
            #expect(left == [])
        },
        StoreClause("policies that cannot be are refused") { scene in
            let server = try scene.save(server: "crm")
            let policy = try scene.save(policy: "sales", of: server)
            func refusal(_ policy: PolicyRecord) throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in try writer.save(policy) }
            }
            #expect(try refusal(PolicyRecord(server: server.id, name: "sales"))?.rule != nil)
            #expect(try refusal(PolicyRecord(server: server.id, name: "a/b"))?.rule != nil)
            #expect(try refusal(PolicyRecord(server: .random(), name: "x"))?.isNotFound == true)
            func addition(_ source: [UInt8], _ digest: [UInt8], to policy: EntityID) throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in
                    _ = try writer.add(version: source, digest: digest, to: policy)
                }
            }
            #expect(try addition([], [1], to: policy.id)?.rule?.contains("32 bytes") == true)
            #expect(try addition(Scene.bytes(0, (4 << 20) + 1), Scene.bytes(1), to: policy.id)?.rule != nil)
            #expect(try addition([], Scene.bytes(1), to: .random())?.isNotFound == true)
        },
    ]
}
