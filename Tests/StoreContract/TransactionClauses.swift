import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    static let transactions: [StoreClause] = [
        StoreClause("a new store is at revision 0, has an organisation of its own, and is sound") { scene in
            #expect(try scene.store.revision() == 0)
            let organisation = try scene.store.read { reader throws(StoreError) in try reader.organisation() }
            #expect(organisation.name == "default")
            #expect(organisation.created == scene.time.wallTime)
            #expect(try scene.store.check() == [])
            #expect(try scene.events() == [])
        },
        StoreClause("a change moves the revision up by one and leaves an event for each record it touched") { scene in
            let first = ServerRecord(
                name: "crm",
                upstream: .http(url: "https://a.example.com/mcp", allowsInsecure: false)
            )
            let second = ServerRecord(
                name: "erp",
                upstream: .http(url: "https://b.example.com/mcp", allowsInsecure: false)
            )
            try scene.change { writer throws(StoreError) in
                try writer.save(first)
                try writer.save(second)
                #expect(try writer.reader.servers().count == 2)
            }
            #expect(try scene.store.revision() == 1)
            scene.time.advance(milliseconds: 5)
            try scene.change { writer throws(StoreError) in try writer.remove(server: first.id) }
            #expect(try scene.store.revision() == 2)
            let events = try scene.events()
            #expect(events.map(\.sequence) == [1, 2, 3])
            #expect(events.map(\.revision) == [1, 1, 2])
            #expect(events.map(\.action) == [.add, .add, .remove])
            #expect(events.map(\.subject) == [.init(.server, "crm"), .init(.server, "erp"), .init(.server, "crm")])
            #expect(events.allSatisfy { $0.author == "operator:ana" })
            #expect(events[0].before == nil)
            #expect(events[0].after?.count == 32)
            #expect(events[0].after != events[1].after)
            #expect(events[2].before == events[0].after)
            #expect(events[2].after == nil)
            #expect(events[2].time.milliseconds == events[0].time.milliseconds + 5)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a change that changes nothing has no revision and no event") { scene in
            let server = try scene.save(server: "crm")
            scene.time.advance(milliseconds: 1_000)
            try scene.change { writer throws(StoreError) in try writer.save(server) }
            try scene.change { _ in }
            #expect(try scene.store.revision() == 1)
            #expect(try scene.events().count == 1)
        },
        StoreClause("a change that throws leaves nothing, not even what it did before") { scene in
            let server = ServerRecord(
                name: "crm",
                upstream: .http(url: "https://a.example.com/", allowsInsecure: false)
            )
            let error = try scene.refusal { writer throws(StoreError) in
                try writer.save(server)
                throw .refused("on second thoughts")
            }
            #expect(error == .refused("on second thoughts"))
            #expect(try scene.store.read { reader throws(StoreError) in try reader.servers() } == [])
        },
        StoreClause("a refused step leaves the rest of a change as it is") { scene in
            try scene.change { writer throws(StoreError) in
                let good = ServerRecord(
                    name: "crm",
                    upstream: .http(url: "https://a.example.com/", allowsInsecure: false)
                )
                try writer.save(good)
                do throws(StoreError) {
                    try writer.save(ServerRecord(name: "BAD", upstream: good.upstream))
                } catch {
                    #expect(error.isAboutRequest)
                }
            }
            #expect(try scene.store.revision() == 1)
            #expect(try scene.events().count == 1)
        },
        StoreClause("an edit of what somebody else changed in between is a conflict") { scene in
            let seen = try scene.store.revision()
            _ = try scene.save(server: "crm")
            let error = #expect(throws: StoreError.self) {
                try scene.store.change(by: Scene.author, expecting: seen) { _ in Issue.record("it went on") }
            }
            #expect(error == .conflict(expected: 0, found: 1))
            try scene.store.change(by: Scene.author, expecting: 1) { writer throws(StoreError) in
                try writer.rename(organisation: "Acme")
            }
            #expect(try scene.store.revision() == 2)
        },
        StoreClause("what is kept is there again, moves no revision and leaves no event") { scene in
            let server = try scene.save(server: "crm")
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: nil), digest: 1)
            let revision = try scene.store.revision()
            let time = scene.time.wallTime
            let state = QuotaState(counter: [1, 0, 255], windows: [9, 8], updated: time)
            let other = QuotaState(counter: [1, 0], windows: [], updated: time)
            try scene.store.keep(isDurable: false) { ledger throws(StoreError) in
                try ledger.keep([state, other])
                try ledger.keep([GrantUse(grant: grant.id, time: time), GrantUse(grant: .random(), time: time)])
            }
            try scene.store.keep(isDurable: true) { ledger throws(StoreError) in
                try ledger.keep([GrantUse(grant: grant.id, time: WallTime(milliseconds: 1))])
                try ledger.forget(counters: [other.counter])
                try ledger.keep([QuotaState(counter: state.counter, windows: [7], updated: time)])
            }
            let kept = try scene.store.read { reader throws(StoreError) in
                (try reader.quotaStates(), try reader.lastUses())
            }
            #expect(kept.0 == [QuotaState(counter: state.counter, windows: [7], updated: time)])
            #expect(kept.1 == [grant.id: time])
            #expect(try scene.store.revision() == revision)
            #expect(try scene.events().count == revision)
            try scene.change { writer throws(StoreError) in try writer.remove(grant: grant.id) }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.lastUses() } == [:])
        },
        StoreClause("events are read in pages, and from the end") { scene in
            for index in 1...7 {
                _ = try scene.save(server: ByteString("s\(index)"))
            }
            let page = try scene.store.read { reader throws(StoreError) in try reader.events(after: 2, limit: 3) }
            #expect(page.map(\.sequence) == [3, 4, 5])
            let last = try scene.store.read { reader throws(StoreError) in try reader.latestEvents(limit: 2) }
            #expect(last.map(\.sequence) == [7, 6])
        },
    ]
}
