import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    private static func add(
        _ scene: Scene,
        _ label: ByteString,
        owner: MemberRecord,
        role: MemberRole,
        digest: UInt8,
        expires: WallTime? = nil
    ) throws -> AdminTokenRecord {
        let token = AdminTokenRecord(
            label: label,
            owner: owner.id,
            role: role,
            digest: try Scene.digest(digest),
            expires: expires
        )
        try scene.change { writer throws(StoreError) in try writer.add(token) }
        return token
    }

    private static func refusal(
        _ scene: Scene,
        _ label: ByteString,
        owner: MemberRecord,
        digest: UInt8
    ) throws -> String? {
        let token = AdminTokenRecord(label: label, owner: owner.id, role: .viewer, digest: try Scene.digest(digest))
        return try scene.refusal { writer throws(StoreError) in try writer.add(token) }?.rule
    }

    static let sessionClauses: [StoreClause] = [
        StoreClause("a session opens for its member, ends when it lies unused for 12 hours, and after 7 days anyhow") {
            scene in
            let ana = try scene.save(account: "ana", .admin)
            let revision = try scene.store.revision()
            let session = try #require(try scene.signIn(ana, digest: 1))
            #expect(try scene.store.revision() == revision)
            #expect(try scene.identity(session: 1)?.means == .session(session))
            #expect(try scene.identity(session: 1)?.author == Author(.member, name: "ana"))
            #expect(try scene.identity(session: 2) == nil)
            let hour: Int64 = 3_600_000
            scene.time.advance(milliseconds: 12 * hour - 1)
            #expect(try scene.identity(session: 1) != nil)
            scene.time.advance(milliseconds: 1)
            #expect(try scene.identity(session: 1) == nil)
            let used = try #require(try scene.signIn(ana, digest: 2))
            for _ in 0..<15 {
                scene.time.advance(milliseconds: 11 * hour)
                let now = scene.time.wallTime
                #expect(try scene.identity(session: 2) != nil)
                try scene.keep { ledger throws(StoreError) in try ledger.touch(session: used.id, now: now) }
            }
            scene.time.advance(milliseconds: 3 * hour)
            #expect(try scene.identity(session: 2) == nil)
            // What has ended is not brought back, and goes with the next sign-in.
            let now = scene.time.wallTime
            let isRotated = try scene.keep { ledger throws(StoreError) in
                try ledger.touch(session: used.id, now: now)
                return try ledger.rotate(session: used.id, to: used.digest, now: now)
            }
            #expect(!isRotated)
            #expect(try scene.identity(session: 2) == nil)
        },
        StoreClause("a rotated session has a new token and no old one; ended, it has none; others go on") { scene in
            let ana = try scene.save(account: "ana")
            let session = try #require(try scene.signIn(ana, digest: 1))
            _ = try scene.signIn(ana, digest: 2)
            let (digest, now) = (try Scene.digest(3), scene.time.wallTime)
            let isRotated = try scene.keep { ledger throws(StoreError) in
                try ledger.rotate(session: session.id, to: digest, now: now)
            }
            #expect(isRotated)
            #expect(try scene.identity(session: 1) == nil)
            #expect(try scene.identity(session: 3)?.member == ana)
            try scene.keep { ledger throws(StoreError) in try ledger.end(session: session.id) }
            #expect(try scene.identity(session: 3) == nil)
            #expect(try scene.identity(session: 2) != nil)
            let ended = try scene.change { writer throws(StoreError) in try writer.endSessions(of: ana.id) }
            #expect(ended == 1)
            #expect(try scene.events().last?.action == .revoke)
            #expect(try scene.identity(session: 2) == nil)
        },
        StoreClause("one member has 50 sessions at most: the oldest gives way") { scene in
            let ana = try scene.save(account: "ana")
            for number in UInt8(1)...51 {
                scene.time.advance(milliseconds: 1)
                _ = try scene.signIn(ana, digest: number)
            }
            #expect(try scene.identity(session: 1) == nil)
            #expect(try scene.identity(session: 2) != nil && scene.identity(session: 51) != nil)
            let now = scene.time.wallTime
            let count = try scene.store.read { reader throws(StoreError) in
                try reader.sessions(of: ana.id, at: now).count
            }
            #expect(count == 50)
        },
        StoreClause("F8: a member who is removed or not active any more has no session and no token from then on") {
            scene in
            try scene.save(account: "root", .admin)
            for isRemoved in [false, true] {
                let ana = try scene.save(account: "ana", .policyManager)
                _ = try scene.signIn(ana, digest: 1)
                _ = try add(scene, "ci", owner: ana, role: .viewer, digest: 2)
                #expect(try scene.identity(session: 1) != nil && scene.identity(token: 2) != nil)
                try scene.change { writer throws(StoreError) in
                    if isRemoved {
                        try writer.remove(member: ana.id, grants: .keep)
                    } else {
                        var asleep = ana
                        asleep.isActive = false
                        try writer.save(asleep)
                    }
                }
                #expect(try scene.identity(session: 1) == nil && scene.identity(token: 2) == nil)
                #expect(try scene.store.read { reader throws(StoreError) in try reader.adminTokens() } == [])
                #expect(try scene.store.check() == [])
                if !isRemoved {
                    #expect(try scene.signIn(ana, digest: 4) == nil)
                    try scene.change { writer throws(StoreError) in
                        try writer.remove(member: ana.id, grants: .keep)
                    }
                }
            }
        },
        StoreClause("F8: a token may do no more than its owner, whatever becomes of the owner's role") { scene in
            let ana = try scene.save(account: "ana", .policyManager)
            let digest = try Scene.digest(9)
            let refusal = try scene.refusal { writer throws(StoreError) in
                try writer.add(AdminTokenRecord(label: "x", owner: ana.id, role: .admin, digest: digest))
            }
            #expect(refusal?.rule?.contains("no more than its owner") == true)
            _ = try add(scene, "ci", owner: ana, role: .policyManager, digest: 1)
            #expect(try scene.identity(token: 1)?.role == .policyManager)
            #expect(try scene.identity(token: 1)?.author == Author(.token, name: "ana/ci"))
            _ = try scene.signIn(ana, digest: 2)
            var edited = ana
            edited.role = .viewer
            let less = edited
            try scene.change { writer throws(StoreError) in try writer.save(less) }
            #expect(try scene.identity(token: 1)?.role == .viewer)
            #expect(try scene.identity(session: 2) == nil)
            try scene.change { writer throws(StoreError) in try writer.save(ana) }
            #expect(try scene.identity(token: 1)?.role == .viewer)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a token expires, is known by label, remembers its last use, and is gone when removed") { scene in
            let ana = try scene.save(account: "ana", .admin)
            let ends = WallTime(milliseconds: scene.time.wallTime.milliseconds + 1_000)
            let token = try add(scene, "ci", owner: ana, role: .admin, digest: 1, expires: ends)
            let read = try scene.store.read { reader throws(StoreError) in try reader.adminToken(labelled: "ci") }
            #expect(read?.id == token.id && read?.createdBy == "operator:ana")
            #expect(try refusal(scene, "ci", owner: ana, digest: 2)?.contains("choose another label") == true)
            #expect(try refusal(scene, "two", owner: ana, digest: 1)?.contains("has this digest") == true)
            let now = scene.time.wallTime
            let uses = [AdminTokenUse(token: token.id, time: now), AdminTokenUse(token: .random(), time: now)]
            try scene.keep { ledger throws(StoreError) in try ledger.keep(uses) }
            #expect(
                try scene.store.read { reader throws(StoreError) in try reader.adminTokenUses() } == [token.id: now]
            )
            scene.time.advance(milliseconds: 1_000)
            #expect(try scene.identity(token: 1) == nil)
            try scene.change { writer throws(StoreError) in try writer.remove(token: token.id) }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.adminTokenUses() } == [:])
            #expect(try scene.store.check() == [])
        },
    ]
}
