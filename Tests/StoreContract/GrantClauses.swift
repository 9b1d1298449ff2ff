import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    static let grantClauses: [StoreClause] = [
        StoreClause("a grant comes back as it was saved, with who made it and when") { scene in
            let server = try scene.save(server: "crm")
            let policy = try scene.save(policy: "sales", of: server)
            let member = MemberRecord(label: "bo")
            let grant = GrantRecord(
                label: "ci runner",
                target: .server(server.id, policy: policy.id),
                digest: try Scene.digest(1),
                expires: WallTime(milliseconds: 5),
                owner: member.id
            )
            try scene.change { writer throws(StoreError) in
                try writer.save(member)
                try writer.save(grant)
            }
            let read = try scene.require(grant: "ci runner")
            #expect(read.id == grant.id)
            #expect(read.target == grant.target)
            #expect(read.digest == grant.digest)
            #expect(read.expires == grant.expires)
            #expect(read.owner == member.id)
            #expect(read.generation == 1)
            #expect(read.createdBy == "operator:ana")
            #expect(read.created == scene.time.wallTime)
            #expect(read.revoked == nil)
            #expect(read.isOpen(at: WallTime(milliseconds: 4)))
            #expect(!read.isOpen(at: WallTime(milliseconds: 5)))
            let found = try scene.store.read { reader throws(StoreError) in
                (try reader.grant(grant.id), try reader.grants(ownedBy: member.id))
            }
            #expect(found.0 == read)
            #expect(found.1 == [read])
        },
        StoreClause("F2: grants that cannot be are refused: taken names and tokens, targets that do not fit") { scene in
            let server = try scene.save(server: "crm")
            let other = try scene.save(server: "erp")
            let policy = try scene.save(policy: "sales", of: server)
            _ = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1)
            func refusal(_ label: ByteString, _ target: GrantTarget, _ digest: UInt8) throws -> StoreError? {
                let grant = GrantRecord(label: label, target: target, digest: try Scene.digest(digest))
                return try scene.refusal { writer throws(StoreError) in try writer.save(grant) }
            }
            #expect(try refusal("ci", .server(server.id, policy: nil), 2)?.rule?.contains("already") == true)
            #expect(try refusal("b", .server(server.id, policy: nil), 1)?.rule?.contains("token") == true)
            #expect(try refusal("b", .server(other.id, policy: policy.id), 2)?.rule?.contains("another server") == true)
            #expect(try refusal("b", .server(.random(), policy: nil), 2)?.isNotFound == true)
            #expect(try refusal("b", .server(server.id, policy: .random()), 2)?.isNotFound == true)
            #expect(try refusal("b", .bundle(.random()), 2)?.isNotFound == true)
            #expect(try refusal("", .server(server.id, policy: nil), 2)?.rule != nil)
            #expect(try refusal("a\u{1B}b", .server(server.id, policy: nil), 2)?.rule != nil)
            #expect(try refusal(ByteString([0xFF]), .server(server.id, policy: nil), 2)?.rule != nil)
        },
        StoreClause("F5: a rotated grant has a new token, and the old one opens until its overlap ends") { scene in
            let server = try scene.save(server: "crm")
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1)
            let now = scene.time.wallTime.milliseconds
            try scene.change { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: try second(), overlap: .seconds(60))
            }
            let rotated = try scene.require(grant: "ci")
            #expect(rotated.digest == (try Scene.digest(2)))
            #expect(rotated.generation == 2)
            #expect(rotated.previous?.digest == grant.digest)
            #expect(rotated.previous?.ends == WallTime(milliseconds: now + 60_000))
            #expect(try scene.events().last?.action == .rotate)
            for used in [1, 2] as [UInt8] {
                let digest = try Scene.digest(used)
                let error = try scene.refusal { writer throws(StoreError) in
                    try writer.save(GrantRecord(label: "b", target: grant.target, digest: digest))
                }
                #expect(error?.rule?.contains("`ci`") == true)
            }
            let third = try Scene.digest(3)
            try scene.change { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: third, overlap: .zero)
            }
            #expect(try scene.require(grant: "ci").previous == nil)
            #expect(try scene.require(grant: "ci").generation == 3)
            let long = try scene.refusal { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: try second(), overlap: .seconds(31 * 86_400))
            }
            #expect(long?.rule?.contains("30 days") == true)
            func second() throws(StoreError) -> GrantDigest {
                guard let digest = GrantDigest(Scene.bytes(2)) else {
                    throw .failed(detail: "no digest")
                }
                return digest
            }
        },
        StoreClause("F5: a revoked grant is revoked for good") { scene in
            let server = try scene.save(server: "crm")
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1)
            let next = try Scene.digest(2)
            try scene.change { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: next, overlap: .seconds(60))
                try writer.revoke(grant: grant.id)
            }
            let revoked = try scene.require(grant: "ci")
            #expect(revoked.revoked == scene.time.wallTime)
            #expect(revoked.previous == nil)
            #expect(!revoked.isOpen(at: WallTime(milliseconds: 0)))
            let revision = try scene.store.revision()
            try scene.change { writer throws(StoreError) in try writer.revoke(grant: grant.id) }
            #expect(try scene.store.revision() == revision)
            let another = try Scene.digest(3)
            let rotation = try scene.refusal { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: another, overlap: .zero)
            }
            #expect(rotation?.rule?.contains("for good") == true)
            var edited = revoked
            edited.label = "back"
            let edit = edited
            #expect(try scene.refusal { writer throws(StoreError) in try writer.save(edit) }?.rule != nil)
        },
        StoreClause("editing a grant never changes its token, generation or origin") { scene in
            let server = try scene.save(server: "crm")
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1)
            let next = try Scene.digest(2)
            try scene.change { writer throws(StoreError) in
                try writer.rotate(grant: grant.id, to: next, overlap: .seconds(60))
            }
            let stale = try scene.refusal { writer throws(StoreError) in try writer.save(grant) }
            #expect(stale?.rule?.contains("rotating") == true)
            let edit = GrantRecord(id: grant.id, label: "ci-2", target: grant.target, digest: next)
            try scene.change { writer throws(StoreError) in try writer.save(edit) }
            let read = try scene.require(grant: "ci-2")
            #expect(read.generation == 2)
            #expect(read.previous?.digest == grant.digest)
            #expect(read.created == grant.created)
        },
    ]
}
