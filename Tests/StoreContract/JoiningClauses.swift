import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    private static func invitation(
        _ scene: Scene,
        _ email: ByteString,
        digest: UInt8,
        role: MemberRole = .viewer,
        inviter: MemberRecord? = nil,
        days: Int64 = 7
    ) throws -> InvitationRecord {
        InvitationRecord(
            digest: try Scene.digest(digest),
            email: email,
            role: role,
            inviter: inviter?.id,
            expires: WallTime(milliseconds: scene.time.wallTime.milliseconds + days * 86_400_000)
        )
    }

    private static func accept(_ scene: Scene, _ digest: UInt8, label: ByteString = "new") throws -> MemberRecord? {
        let (digests, password) = ([try Scene.digest(digest)], try Scene.password(3))
        do throws(StoreError) {
            return try scene.change { writer throws(StoreError) in
                try writer.accept(invitation: digests, label: label, password: password)
            }
        } catch {
            guard error.rule?.contains("unknown, over, or was accepted") == true else {
                throw error
            }
            return nil
        }
    }

    private static func found(_ scene: Scene, _ digest: UInt8?, label: ByteString = "ana") throws -> StoreError? {
        let digests = try digest.map { [try Scene.digest($0)] }
        let password = try Scene.password(4)
        do throws(StoreError) {
            try scene.change { writer throws(StoreError) in
                _ = try writer.found(
                    link: digests,
                    organisation: "Acme",
                    label: label,
                    email: ByteString("\(label.text)@example.com"),
                    password: password
                )
            }
            return nil
        } catch {
            return error
        }
    }

    static let joiningClauses: [StoreClause] = [
        StoreClause("F10: an invitation makes one member, once, until it expires") { scene in
            let invited = try invitation(scene, "New@Example.com", digest: 1, role: .policyManager)
            try scene.change { writer throws(StoreError) in try writer.invite(invited) }
            #expect(try accept(scene, 2) == nil)
            let member = try #require(try accept(scene, 1))
            #expect((member.label, member.email, member.role) == ("new", "new@example.com", .policyManager))
            #expect(try scene.account(member).password != nil)
            #expect(try accept(scene, 1, label: "again") == nil)
            let late = try invitation(scene, "late@example.com", digest: 3)
            try scene.change { writer throws(StoreError) in try writer.invite(late) }
            scene.time.advance(milliseconds: 7 * 86_400_000)
            #expect(try accept(scene, 3, label: "late") == nil)
            let twice = try invitation(scene, "NEW@example.com", digest: 4)
            let refusal = try scene.refusal { writer throws(StoreError) in try writer.invite(twice) }
            #expect(refusal?.rule?.contains("signs in with") == true)
            #expect(try scene.store.check() == [])
        },
        StoreClause("an invitation to a member's address gives that member an account, and no other role") { scene in
            let ana = MemberRecord(label: "ana", email: "Ana@example.com", role: .viewer)
            let invited = try invitation(scene, "ana@example.com", digest: 1, role: .admin)
            try scene.change { writer throws(StoreError) in
                try writer.save(ana)
                try writer.invite(invited)
            }
            let member = try #require(try accept(scene, 1, label: "somebody else"))
            #expect((member.id, member.label, member.role) == (ana.id, "ana", .viewer))
            #expect(try scene.account(member).email == "ana@example.com")
        },
        StoreClause("an invitation ends with a newer one, by being withdrawn, and with the right of who made it") {
            scene in
            let root = try scene.save(account: "root", .admin)
            let boss = try scene.save(account: "boss", .admin)
            let (first, second) = (
                try invitation(scene, "a@example.com", digest: 1), try invitation(scene, "a@example.com", digest: 2)
            )
            let third = try invitation(scene, "b@example.com", digest: 3, inviter: boss)
            try scene.change { writer throws(StoreError) in
                try writer.invite(first)
                try writer.invite(second)
                try writer.invite(third)
            }
            let now = scene.time.wallTime
            let open = try scene.store.read { reader throws(StoreError) in try reader.invitations(at: now) }
            #expect(open.map(\.id) == [second.id, third.id])
            #expect(try accept(scene, 1) == nil)
            try scene.change { writer throws(StoreError) in try writer.withdraw(invitation: second.id) }
            #expect(try accept(scene, 2) == nil)
            var demoted = boss
            demoted.role = .viewer
            let less = demoted
            try scene.change { writer throws(StoreError) in try writer.save(less) }
            #expect(try accept(scene, 3) == nil)
            let (unfit, long) = (
                try invitation(scene, "c@example.com", digest: 4, inviter: boss),
                try invitation(scene, "c@example.com", digest: 5, inviter: root, days: 31)
            )
            for bad in [unfit, long, try invitation(scene, "c", digest: 6)] {
                #expect(try scene.refusal { writer throws(StoreError) in try writer.invite(bad) }?.rule != nil)
            }
        },
        StoreClause("F10: the first account's link works once, for 24 hours, and only while there is no account") {
            scene in
            let links = [try Scene.digest(1), try Scene.digest(2), try Scene.digest(3)]
            try scene.change { writer throws(StoreError) in try writer.makeSetupLink(links[0]) }
            try scene.change { writer throws(StoreError) in try writer.makeSetupLink(links[1]) }
            #expect(try found(scene, 1)?.rule?.contains("unknown, over, or was used") == true)
            scene.time.advance(milliseconds: 24 * 3_600_000)
            #expect(try found(scene, 2)?.rule != nil)
            try scene.change { writer throws(StoreError) in
                try writer.makeSetupLink(links[2])
                try writer.save(MemberRecord(label: "ana"))
            }
            #expect(try found(scene, 3) == nil)
            let admin = try #require(
                try scene.store.read { reader throws(StoreError) in try reader.member(labelled: "ana") }
            )
            #expect((admin.role, admin.email) == (.admin, "ana@example.com"))
            #expect(try scene.store.read { reader throws(StoreError) in try reader.organisation().name } == "Acme")
            #expect(try found(scene, 3)?.rule != nil)
            #expect(try found(scene, nil)?.rule?.contains("ask an admin") == true)
            let refusal = try scene.refusal { writer throws(StoreError) in try writer.makeSetupLink(links[0]) }
            #expect(refusal?.rule?.contains("already") == true)
            #expect(try scene.store.check() == [])
        },
        StoreClause("whoever comes first founds the organisation where that is switched on, and nobody after them") {
            scene in
            #expect(try found(scene, nil) == nil)
            let refusal = try found(scene, nil, label: "bo")
            #expect(refusal?.rule?.contains("its organisation already") == true)
        },
    ]
}
