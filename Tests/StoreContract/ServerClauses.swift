import Base
import Settings
import Stores
import Testing

extension StoreClause {
    static let serverClauses: [StoreClause] = [
        StoreClause("a server comes back as it was saved, its headers in order") { scene in
            let server = ServerRecord(
                name: "crm",
                upstream: .http(url: "http://crm.example.com:81/mcp?a=b", allowsInsecure: true),
                headers: [
                    HeaderReference(name: "X-Tenant", source: .open("acme")),
                    HeaderReference(name: "Authorization", source: .stored("crm-token")),
                    HeaderReference(name: "A", source: .environment("TOKEN")),
                    HeaderReference(name: "B", source: .file("/run/secret")),
                ],
                changedTools: .show,
                limitFailure: .open
            )
            try scene.change { writer throws(StoreError) in try writer.save(server) }
            var read = try scene.require(server: "crm")
            #expect(read.created == scene.time.wallTime)
            #expect(read.upstream.origin == "http://crm.example.com:81")
            let all = try scene.store.read { reader throws(StoreError) in
                (try reader.server(server.id), try reader.servers())
            }
            #expect(all.0 == read)
            #expect(all.1 == [read])
            #expect(read.headers == server.headers)
            #expect(read.upstream == server.upstream)
            #expect(read.changedTools == .show)
            #expect(read.limitFailure == .open)
            read.headers = [HeaderReference(name: "B", source: .open(""))]
            read.name = "crm-2"
            let edited = read
            scene.time.advance(milliseconds: 1)
            try scene.change { writer throws(StoreError) in try writer.save(edited) }
            #expect(try scene.require(server: "crm-2") == edited)
            #expect(try scene.events().last?.action == .change)
        },
        StoreClause("a server that is a connector or a process comes back as it was saved") { scene in
            var connector = ConnectorSettings(connector: "kommo")
            connector.set = [
                ConnectorSettings.Entry(name: "subdomain", value: "acme"),
                ConnectorSettings.Entry(name: "confirm_writes", value: "true"),
            ]
            let secret = HeaderReference(name: ConnectorSettings.secretName, source: .stored("kommo-token"))
            let crm = ServerRecord(name: "crm", upstream: .connector(connector), headers: [secret])
            try scene.change { writer throws(StoreError) in try writer.save(crm) }
            let read = try scene.require(server: "crm")
            #expect(read.upstream == .connector(connector))
            #expect(read.headers == [secret])
            var process = ProcessSettings(command: "/usr/bin/env")
            process.arguments = ["a b", "", "é"]
            let tool = ServerRecord(name: "tool", upstream: .process(process))
            try scene.change { writer throws(StoreError) in try writer.save(tool) }
            #expect(try scene.require(server: "tool").upstream == .process(process))
        },
        StoreClause("the secret of a connector is one, and given by reference") { scene in
            let name = ConnectorSettings.secretName
            let wrong: [([HeaderReference], String)] = [
                ([], "one secret"),
                ([HeaderReference(name: "X-Key", source: .environment("A"))], "one secret"),
                ([HeaderReference(name: name, source: .open("x"))], "by reference only"),
            ]
            for (headers, words) in wrong {
                let upstream = ServerUpstream.connector(ConnectorSettings(connector: "kommo"))
                let server = ServerRecord(name: "crm", upstream: upstream, headers: headers)
                let refusal = try scene.refusal { writer throws(StoreError) in try writer.save(server) }
                #expect(refusal?.rule?.contains(words) == true)
            }
        },
        StoreClause("a server with a bad name, URL or header, or a name that is taken, is refused") { scene in
            let good = try scene.save(server: "crm")
            func refused(_ change: (inout ServerRecord) -> Void) throws -> String? {
                var server = ServerRecord(name: "other", upstream: good.upstream)
                change(&server)
                let changed = server
                return try scene.refusal { writer throws(StoreError) in try writer.save(changed) }?.rule
            }
            #expect(try refused { $0.name = "Crm" }?.contains("`Crm` is no name") == true)
            #expect(try refused { $0.name = "crm" }?.contains("there is a server `crm` already") == true)
            let insecure = ServerUpstream.http(url: "http://crm.example.com/", allowsInsecure: false)
            #expect(try refused { $0.upstream = insecure }?.contains("use https") == true)
            let broken = ServerUpstream.http(url: "ftp://crm.example.com/", allowsInsecure: false)
            #expect(try refused { $0.upstream = broken }?.contains("http://") == true)
            let twice = [
                HeaderReference(name: "X_Key", source: .open("1")), HeaderReference(name: "x-key", source: .open("2")),
            ]
            #expect(try refused { $0.headers = twice }?.contains("twice") == true)
            #expect(try refused { $0.headers = [HeaderReference(name: "", source: .open("1"))] } != nil)
            let bundle = BundleRecord(name: "both", members: [BundlePart(server: good.id, prefix: "k_", policy: nil)])
            try scene.change { writer throws(StoreError) in try writer.save(bundle) }
            #expect(try refused { $0.name = "both" }?.contains("bundle `both`") == true)
        },
        StoreClause("a server in use is not removed, and the refusal names what uses it") { scene in
            let server = try scene.save(server: "crm")
            let policy = try scene.save(policy: "sales", of: server)
            let grant = try scene.save(grant: "ci", target: .server(server.id, policy: policy.id), digest: 1)
            let bundle = BundleRecord(name: "both", members: [BundlePart(server: server.id, prefix: "k", policy: nil)])
            try scene.change { writer throws(StoreError) in try writer.save(bundle) }
            let rule = try scene.refusal { writer throws(StoreError) in try writer.remove(server: server.id) }?.rule
            for user in ["server `crm`", "grant `ci`", "policy `sales`", "bundle `both`"] {
                #expect(rule?.contains(user) == true, "\(user)")
            }
            try scene.change { writer throws(StoreError) in
                try writer.remove(bundle: bundle.id)
                try writer.remove(grant: grant.id)
                try writer.remove(policy: policy.id)
                try writer.remove(server: server.id)
            }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.servers() } == [])
            let again = try scene.refusal { writer throws(StoreError) in try writer.remove(server: server.id) }
            #expect(again?.isNotFound == true)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a long list of users is cut, and says how many are left out") { scene in
            let server = try scene.save(server: "crm")
            try scene.change { writer throws(StoreError) in
                for index in 1...12 {
                    try writer.save(PolicyRecord(server: server.id, name: ByteString("p\(index)")))
                }
            }
            let rule = try scene.refusal { writer throws(StoreError) in try writer.remove(server: server.id) }?.rule
            #expect(rule?.contains("and 2 more") == true)
        },
        StoreClause("a bundle comes back as it was saved, and its rules hold") { scene in
            let one = try scene.save(server: "one")
            let two = try scene.save(server: "two")
            let policy = try scene.save(policy: "sales", of: one)
            var bundle = BundleRecord(
                name: "both",
                members: [
                    BundlePart(server: two.id, prefix: "b_", policy: nil),
                    BundlePart(server: one.id, prefix: "a_", policy: policy.id),
                ]
            )
            let first = bundle
            try scene.change { writer throws(StoreError) in try writer.save(first) }
            let read = try #require(
                try scene.store.read { reader throws(StoreError) in try reader.bundle(named: "both") }
            )
            #expect(read.members == first.members)
            #expect(try scene.store.read { reader throws(StoreError) in try reader.bundles() } == [read])
            bundle.members.swapAt(0, 1)
            let swapped = bundle
            try scene.change { writer throws(StoreError) in try writer.save(swapped) }
            #expect(
                try scene.store.read { reader throws(StoreError) in try reader.bundle(bundle.id) }?.members
                    == swapped.members
            )
            func refused(_ members: [BundlePart], name: ByteString = "other") throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in
                    try writer.save(BundleRecord(name: name, members: members))
                }
            }
            #expect(try refused([])?.rule != nil)
            #expect(try refused(first.members, name: "one")?.rule?.contains("server `one`") == true)
            let twice = [first.members[0], BundlePart(server: one.id, prefix: "b_", policy: nil)]
            #expect(try refused(twice)?.rule?.contains("prefix") == true)
            #expect(try refused([BundlePart(server: one.id, prefix: "a b", policy: nil)])?.rule != nil)
            #expect(try refused([BundlePart(server: .random(), prefix: "a", policy: nil)])?.isNotFound == true)
            let foreign = [BundlePart(server: two.id, prefix: "a", policy: policy.id)]
            #expect(try refused(foreign)?.rule?.contains("another server") == true)
            let grant = try scene.save(grant: "ci", target: .bundle(bundle.id), digest: 1)
            #expect(grant.target == .bundle(bundle.id))
            let used = try scene.refusal { writer throws(StoreError) in try writer.remove(bundle: bundle.id) }
            #expect(used?.rule?.contains("grant `ci`") == true)
        },
    ]
}
