import Base
import Settings
import Stores
import Testing

extension StoreClause {
    private static func question(
        _ scene: Scene,
        binding: UInt8 = 1,
        grant: ByteString = "ci",
        approvers: [[ByteString]?] = [nil],
        covers: Int64? = nil
    ) -> ApprovalRecord {
        ApprovalRecord(
            binding: Scene.bytes(binding),
            grant: grant,
            server: "crm",
            tool: "pay",
            rule: "/tools/pay/require_approval/0",
            approvers: approvers,
            covers: covers,
            patience: 60_000,
            created: scene.time.wallTime,
            sealedArguments: { _ in [1, 2, 3] }
        )
    }

    private static func claim(_ scene: Scene, _ question: ApprovalRecord) throws -> ApprovalClaim {
        let now = scene.time.wallTime
        return try scene.store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.claim(question, now: now)
        }
    }

    private static func read(_ scene: Scene, _ id: EntityID) throws -> ApprovalRecord {
        try #require(try scene.store.read { reader throws(StoreError) in try reader.approval(id) })
    }

    static let approvalClauses: [StoreClause] = [
        StoreClause("J1: an approval of one call is used once, for exactly that call, and can be given back") { scene in
            let asked = question(scene)
            #expect(try claim(scene, asked) == .pending(asked.id))
            #expect(try claim(scene, question(scene)) == .pending(asked.id))
            #expect(try read(scene, asked.id) == asked)
            try scene.change { writer throws(StoreError) in _ = try writer.approve(asked.id, by: .keeper) }
            #expect(try scene.events().last?.action == .approve)
            #expect(try read(scene, asked.id).sealedArguments == nil)
            let other = question(scene, binding: 2)
            #expect(try claim(scene, other) == .pending(other.id))
            #expect(try claim(scene, question(scene)) == .given(asked.id))
            guard case .pending(let next) = try claim(scene, question(scene)) else {
                Issue.record("it was used twice")
                return
            }
            #expect(next != asked.id)
            try scene.store.keep(isDurable: true) { ledger throws(StoreError) in
                try ledger.giveBack(approval: asked.id)
                try ledger.giveBack(approval: asked.id)
            }
            #expect(try claim(scene, question(scene)) == .given(asked.id))
            #expect(try claim(scene, question(scene)) == .pending(next))
        },
        StoreClause("an approval for a time covers identical calls until it runs out, and is never given back") {
            scene in
            let asked = question(scene, covers: 5_000)
            _ = try claim(scene, asked)
            try scene.change { writer throws(StoreError) in _ = try writer.approve(asked.id, by: .keeper) }
            #expect(try claim(scene, question(scene, covers: 5_000)) == .given(asked.id))
            scene.time.advance(milliseconds: 4_999)
            #expect(try claim(scene, question(scene, covers: 5_000)) == .given(asked.id))
            scene.time.advance(milliseconds: 1)
            #expect(try claim(scene, question(scene, covers: 5_000)) != .given(asked.id))
        },
        StoreClause("what is denied stays so until it would have lapsed, and nobody decides twice or too late") {
            scene in
            let asked = question(scene)
            _ = try claim(scene, asked)
            try scene.change { writer throws(StoreError) in
                try writer.deny(asked.id, by: .keeper, reason: "ask the desk")
            }
            #expect(try claim(scene, question(scene)) == .denied(asked.id, reason: "ask the desk"))
            let twice = try scene.refusal { writer throws(StoreError) in _ = try writer.approve(asked.id, by: .keeper) }
            #expect(twice?.rule?.contains("denied by operator:ana already") == true)
            let late = question(scene, binding: 2)
            _ = try claim(scene, late)
            scene.time.advance(milliseconds: 60_000)
            let lapsed = try scene.refusal { writer throws(StoreError) in _ = try writer.approve(late.id, by: .keeper) }
            #expect(lapsed?.rule?.contains("nobody answered in time") == true)
            let again = question(scene)
            #expect(try claim(scene, again) == .pending(again.id))
        },
        StoreClause("who asked does not approve, but for a policy that names the requester; others by role or name") {
            scene in
            let server = try scene.save(server: "crm")
            let ana = MemberRecord(label: "ana", role: .admin)
            let bob = MemberRecord(label: "bob", role: .viewer)
            try scene.change { writer throws(StoreError) in
                try writer.save(ana)
                try writer.save(bob)
            }
            _ = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1, owner: ana.id)
            _ = try scene.save(grant: "ops", target: .server(server.id, policy: nil), digest: 2, owner: bob.id)
            func refused(_ asked: ApprovalRecord, by member: MemberRecord) throws -> String? {
                _ = try claim(scene, asked)
                return try scene.refusal { writer throws(StoreError) in
                    _ = try writer.approve(asked.id, by: .member(member.id))
                }?.rule
            }
            #expect(try refused(question(scene, binding: 1), by: ana)?.contains("their own call") == true)
            #expect(try refused(question(scene, binding: 2), by: bob)?.contains("names others") == true)
            #expect(try refused(question(scene, binding: 3, approvers: [["role:viewer"]]), by: ana) != nil)
            let own = question(scene, binding: 4, approvers: [["requester"]])
            _ = try claim(scene, own)
            try scene.change { writer throws(StoreError) in _ = try writer.approve(own.id, by: .member(ana.id)) }
            #expect(try read(scene, own.id).standing == .approved)
            // Two rules, two people: each agrees to what they may.
            let both = question(scene, binding: 5, grant: "ops", approvers: [nil, ["requester"]])
            _ = try claim(scene, both)
            try scene.change { writer throws(StoreError) in _ = try writer.approve(both.id, by: .member(ana.id)) }
            #expect(try read(scene, both.id).standing == .pending)
            #expect(try read(scene, both.id).agreed == [0])
            try scene.change { writer throws(StoreError) in _ = try writer.approve(both.id, by: .member(bob.id)) }
            #expect(try read(scene, both.id).standing == .approved)
        },
        StoreClause("an agent in a loop fills neither the store nor the list of others") { scene in
            for number in UInt8(0)..<20 {
                let asked = question(scene, binding: number)
                #expect(try claim(scene, asked) == .pending(asked.id))
            }
            #expect(try claim(scene, question(scene, binding: 99)) == .tooMany)
            let other = question(scene, binding: 98, grant: "other")
            #expect(try claim(scene, other) == .pending(other.id))
            scene.time.advance(milliseconds: 60_000)
            let later = question(scene, binding: 99)
            #expect(try claim(scene, later) == .pending(later.id))
            let erased = try scene.store.read { reader throws(StoreError) in try reader.approvals() }
                .filter { !$0.isGood(at: scene.time.wallTime) }
            #expect(erased.count == 21 && erased.allSatisfy { $0.sealedArguments == nil })
            scene.time.advance(milliseconds: 8 * 86_400_000)
            _ = try claim(scene, question(scene, binding: 100))
            #expect(try scene.store.read { reader throws(StoreError) in try reader.approvals() }.count == 1)
        },
    ]
}
