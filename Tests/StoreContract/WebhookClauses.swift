import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    private static func sealed(_ byte: UInt8) -> SealedCredential {
        SealedCredential(
            keyVersion: 1,
            wrapNonce: Scene.bytes(byte, 12),
            wrappedKey: Scene.bytes(byte, 48),
            nonce: Scene.bytes(byte, 12),
            ciphertext: Scene.bytes(byte, 69)
        )
    }

    private static func webhook(
        _ scene: Scene,
        _ name: ByteString = "chat",
        url: ByteString = "https://chat.example.com/hook",
        events: Set<WebhookEvent> = Set(WebhookEvent.allCases)
    ) throws -> WebhookRecord {
        let organisation = try scene.store.read { reader throws(StoreError) in try reader.organisation().id }
        return try WebhookRecord(
            name: name,
            organisation: organisation,
            url: url,
            allowsInsecure: false,
            events: events
        ) { _ throws(CredentialError) in sealed(1) }
    }

    private static func add(_ scene: Scene, _ webhook: WebhookRecord) throws -> WebhookRecord {
        try scene.change { writer throws(StoreError) in try writer.add(webhook) }
        return webhook
    }

    private static func refusal(_ scene: Scene, _ webhook: WebhookRecord) throws -> String? {
        try scene.refusal { writer throws(StoreError) in try writer.add(webhook) }?.rule
    }

    private static func deliveries(_ scene: Scene, _ webhook: WebhookRecord) throws -> [WebhookDelivery] {
        try scene.store.read { reader throws(StoreError) in try reader.deliveries(of: webhook.id) }
    }

    private static func due(_ scene: Scene) throws -> [WebhookDelivery] {
        let now = scene.time.wallTime
        return try scene.store.read { reader throws(StoreError) in try reader.dueDeliveries(at: now) }
    }

    private static func settle(_ scene: Scene, _ id: EntityID, _ problem: ByteString?) throws {
        let now = scene.time.wallTime
        try scene.keep { ledger throws(StoreError) in
            try ledger.settle(delivery: id, status: problem == nil ? 200 : 500, problem: problem, now: now)
        }
    }

    private static func ask(_ scene: Scene, _ binding: UInt8) throws -> ApprovalRecord {
        let now = scene.time.wallTime
        let question = ApprovalRecord(
            binding: Scene.bytes(binding),
            grant: "ci",
            server: "crm",
            tool: "pay",
            rule: "/tools/pay/require_approval/0",
            approvers: [nil],
            covers: nil,
            patience: 60_000,
            created: now
        ) { _ in [1] }
        _ = try scene.keep { ledger throws(StoreError) in try ledger.claim(question, now: now) }
        return question
    }

    static let webhookClauses: [StoreClause] = [
        StoreClause("K1: what happens is written for each webhook that wants it, in the same transaction") { scene in
            let all = try add(scene, try webhook(scene))
            let some = try add(scene, try webhook(scene, "ops", events: [.approvalDecided]))
            let asked = try ask(scene, 1)
            #expect(try deliveries(scene, all).map(\.event) == [.approvalRequested])
            #expect(try deliveries(scene, some).isEmpty)
            // Whoever waits asks again, and is told of once.
            _ = try ask(scene, 1)
            #expect(try deliveries(scene, all).count == 1)
            scene.time.advance(milliseconds: 1)
            try scene.change { writer throws(StoreError) in
                try writer.deny(asked.id, by: .keeper, reason: #"no "way""#)
            }
            #expect(try deliveries(scene, all).map(\.event) == [.approvalDecided, .approvalRequested])
            let told = try #require(try deliveries(scene, some).first)
            let body = ByteString(told.body).text
            #expect(body.hasPrefix(#"{"id":"\#(told.id)","type":"approval.decided","time":"2027"#), "\(body)")
            let data = #""webhook":"ops","data":{"approval":"\#(asked.id)","standing":"denied","grant":"ci""#
            #expect(body.contains(data))
            #expect(body.contains(#""reason":"no \"way\"""#))
            // What is undone is not told.
            _ = try? scene.store.change(by: .gateway) { writer throws(StoreError) in
                throw StoreError.refused("\(writer.now)")
            }
            #expect(try deliveries(scene, some).count == 1)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a tool that is new or changed is told once, and again when it changes again") { scene in
            let hook = try add(scene, try webhook(scene))
            let server = try scene.save(server: "crm")
            func see(_ standing: PinStanding, _ pending: UInt8?) throws {
                let now = scene.time.wallTime
                func definition(_ byte: UInt8) -> PinnedDefinition {
                    PinnedDefinition(digest: Scene.bytes(byte), canonical: [byte], seen: now)
                }
                var pin = ToolPin(server: server.id, tool: "pay", standing: standing, definition: definition(1))
                pin.pending = pending.map { definition($0) }
                let seen = pin
                try scene.change { writer throws(StoreError) in try writer.save(seen) }
            }
            try see(.pinned, nil)
            #expect(try deliveries(scene, hook).isEmpty)
            try see(.changed, 2)
            try see(.changed, 2)
            #expect(try deliveries(scene, hook).map(\.event) == [.toolChanged])
            try see(.changed, 3)
            #expect(try deliveries(scene, hook).count == 2)
            try see(.pinned, nil)
            #expect(try deliveries(scene, hook).count == 2)
        },
        StoreClause("a delivery that fails is due later and later, then dead, and can be tried again") { scene in
            let hook = try add(scene, try webhook(scene))
            _ = try ask(scene, 1)
            var waits: [Int64] = []
            for _ in 0..<8 {
                let delivery = try #require(try due(scene).first)
                try settle(scene, delivery.id, "it answered 500")
                #expect(try due(scene).isEmpty)
                let next = try #require(try deliveries(scene, hook).first?.due)
                waits.append((next.milliseconds - scene.time.wallTime.milliseconds) / 1_000)
                scene.time.advance(milliseconds: next.milliseconds - scene.time.wallTime.milliseconds)
            }
            #expect(waits == [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200])
            let last = try #require(try due(scene).first)
            try settle(scene, last.id, "it answered 500")
            let dead = try #require(try deliveries(scene, hook).first)
            #expect((dead.standing, dead.attempts, dead.status) == (.dead, 9, 500))
            #expect(dead.id == last.id && dead.body == last.body)
            scene.time.advance(milliseconds: 100 * 86_400_000)
            #expect(try due(scene).isEmpty)
            let now = scene.time.wallTime
            let count = try scene.keep { ledger throws(StoreError) in
                try ledger.retry(deliveriesOf: hook.id, now: now)
            }
            #expect(count == 1)
            try settle(scene, try #require(try due(scene).first).id, nil)
            #expect(try deliveries(scene, hook).map(\.standing) == [.delivered])
            // A late word of an attempt that is over changes nothing.
            try settle(scene, last.id, "late")
            #expect(try deliveries(scene, hook).map(\.standing) == [.delivered])
        },
        StoreClause("webhooks are named once, told over https, and take what they were to be told along") { scene in
            let hook = try add(scene, try webhook(scene))
            #expect(try refusal(scene, try webhook(scene))?.contains("already") == true)
            #expect(try refusal(scene, try webhook(scene, "x", url: "http://10.0.0.1/"))?.contains("https") == true)
            #expect(try refusal(scene, try webhook(scene, "x", url: "ftp://a/")) != nil)
            #expect(try refusal(scene, try webhook(scene, "x", events: [.test]))?.contains("name its events") == true)
            #expect(try refusal(scene, try webhook(scene, "no name"))?.isEmpty == false)
            _ = try add(scene, try webhook(scene, "near", url: "http://127.0.0.1:9/"))
            let now = scene.time.wallTime
            let test = try scene.keep { ledger throws(StoreError) in try ledger.postTest(to: hook.id, now: now) }
            #expect(test.event == .test)
            try scene.change { writer throws(StoreError) in try writer.remove(webhook: hook.id) }
            #expect(try due(scene).isEmpty)
            #expect(try scene.store.check() == [])
        },
        StoreClause("H2: a webhook nobody answers at has a bounded pile, of which the newest dead ones stay") { scene in
            let hook = try add(scene, try webhook(scene))
            let now = scene.time.wallTime
            try scene.keep { ledger throws(StoreError) in
                for _ in 0..<1_100 {
                    _ = try ledger.postTest(to: hook.id, now: now)
                }
            }
            let all = try deliveries(scene, hook)
            #expect(all.count { $0.standing == .waiting } == 500)
            #expect(all.count { $0.standing == .dead } == 500)
        },
    ]
}
