import Base
import Settings
import Stores
import Testing

extension StoreClause {
    static let memberClauses: [StoreClause] = [
        StoreClause("a member comes back as saved; taken labels and bad addresses are refused") { scene in
            let member = MemberRecord(label: "ana", email: "ana@example.com", role: .policyManager, isActive: false)
            try scene.change { writer throws(StoreError) in try writer.save(member) }
            let read = try #require(
                try scene.store.read { reader throws(StoreError) in try reader.member(labelled: "ana") }
            )
            #expect((read.id, read.email, read.role, read.isActive) == (member.id, member.email, .policyManager, false))
            #expect(try scene.store.read { reader throws(StoreError) in try reader.members() } == [read])
            func refusal(_ member: MemberRecord) throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in try writer.save(member) }
            }
            #expect(try refusal(MemberRecord(label: "ana"))?.rule?.contains("already") == true)
            #expect(try refusal(MemberRecord(label: "bo", email: "nobody"))?.rule?.contains("NAME@HOST") == true)
            #expect(try refusal(MemberRecord(label: ""))?.rule != nil)
        },
        StoreClause("F8: the last active admin stays admin while there are other members") { scene in
            var admin = MemberRecord(label: "ana", role: .admin)
            let viewer = MemberRecord(label: "bo")
            let first = admin
            try scene.change { writer throws(StoreError) in
                try writer.save(first)
                try writer.save(viewer)
            }
            admin.role = .viewer
            let demoted = admin
            let demotion = try scene.refusal { writer throws(StoreError) in try writer.save(demoted) }
            #expect(demotion?.rule?.contains("last active admin") == true)
            let removal = try scene.refusal { writer throws(StoreError) in
                try writer.remove(member: first.id, grants: .keep)
            }
            #expect(removal?.rule?.contains("last active admin") == true)
            try scene.change { writer throws(StoreError) in
                try writer.save(MemberRecord(label: "cy", role: .admin))
                try writer.remove(member: first.id, grants: .refuse)
            }
            let members = try scene.store.read { reader throws(StoreError) in try reader.members() }
            #expect(members.map(\.label) == ["bo", "cy"])
        },
        StoreClause("removing a member does with their grants what was said, and nothing unasked") { scene in
            let server = try scene.save(server: "crm")
            let target = GrantTarget.server(server.id, policy: nil)
            let leaving = MemberRecord(label: "ana")
            let staying = MemberRecord(label: "bo")
            try scene.change { writer throws(StoreError) in
                try writer.save(leaving)
                try writer.save(staying)
            }
            _ = try scene.save(grant: "one", target: target, digest: 1, owner: leaving.id)
            let refusal = try scene.refusal { writer throws(StoreError) in
                try writer.remove(member: leaving.id, grants: .refuse)
            }
            #expect(refusal?.rule?.contains("grant `one`") == true)
            try scene.change { writer throws(StoreError) in
                try writer.remove(member: leaving.id, grants: .give(to: staying.id))
            }
            #expect(try scene.require(grant: "one").owner == staying.id)
            try scene.change { writer throws(StoreError) in
                try writer.save(leaving)
                try writer.remove(member: staying.id, grants: .keep)
            }
            #expect(try scene.require(grant: "one").owner == nil)
            _ = try scene.save(grant: "two", target: target, digest: 2, owner: leaving.id)
            try scene.change { writer throws(StoreError) in
                try writer.remove(member: leaving.id, grants: .revoke)
            }
            #expect(try scene.require(grant: "two").revoked != nil)
            #expect(try scene.require(grant: "two").owner == nil)
            #expect(try scene.require(grant: "one").revoked == nil)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a grant's owner has to be there") { scene in
            let server = try scene.save(server: "crm")
            let digest = try Scene.digest(1)
            let error = try scene.refusal { writer throws(StoreError) in
                let target = GrantTarget.server(server.id, policy: nil)
                try writer.save(GrantRecord(label: "a", target: target, digest: digest, owner: .random()))
            }
            #expect(error?.isNotFound == true)
        },
    ]
}
