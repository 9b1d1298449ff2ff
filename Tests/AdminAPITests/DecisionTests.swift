import Base
import EventLoops
import JSONText
import Stores
import Testing

@testable import AdminAPI
@testable import AdminModel

@Suite("Decisions through the admin API")
struct DecisionTests {
    @Test("decisions come in pages, the newest first, and each by its name")
    func pages() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide((0..<7).map { "tool\($0)" })
            var tools: [String] = []
            var ids: [String] = []
            var cursor: String?
            repeat {
                let query = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await scene.ask("GET", "/api/v1/decisions?limit=3\(query)", as: .viewer)
                let items = try #require(page.json?["items"]).elements
                tools += items.compactMap { $0["tool"]?.string?.text }
                ids += items.compactMap { $0["id"]?.string?.text }
                cursor = page.json?["next"]?.string?.text
            } while cursor != nil && tools.count < 20
            #expect(tools == (0..<7).reversed().map { "tool\($0)" })
            let one = try await scene.ask("GET", "/api/v1/decisions/\(ids[2])", as: .viewer)
            #expect(one.json?["tool"]?.string?.text == "tool4")
            #expect(try await scene.ask("GET", "/api/v1/decisions/none", as: .viewer).status == 404)
        }
    }

    @Test("a filter asks for what it says")
    func filters() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide(["a", "b"])
            scene.journal.decide(["a"], outcome: "deny")
            for (query, count) in [
                ("tool=a", 2), ("tool=a&outcome=deny", 1), ("grant=ci+runner", 3), ("server=other", 0),
                ("text=b%22", 1),
                ("from=2099-01-01T00:00:00Z", 0), ("to=2000-01-01T00:00:00Z", 0),
            ] {
                let page = try await scene.ask("GET", "/api/v1/decisions?\(query)", as: .viewer)
                #expect(page.json?["items"]?.count == count, "\(query): \(page.text)")
            }
        }
    }

    @Test("the overview counts outcomes, denials and times")
    func overview() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide(Array(repeating: "a", count: 9))
            scene.journal.decide(["b"], outcome: "deny")
            let view = try await scene.ask("GET", "/api/v1/overview?window=1h", as: .viewer)
            #expect(view.json?["calls"]?.number?.int == 10)
            #expect(view.json?["outcomes"]?["deny"]?.number?.int == 1)
            #expect(view.json?["latency"]?["p50_us"]?.number?.int == 6)
            #expect(view.json?["top_denials"]?.element(at: 0)?["tool"]?.string?.text == "b")
            #expect(view.json?["attention"]?.element(at: 0)?["kind"]?.string?.text == "approvals")
        }
    }
}

@Suite("Live decisions")
struct LiveTests {
    @Test("what is decided while somebody watches comes as an event, filtered")
    func live() async throws {
        try await AdminScene.with { scene async throws in
            let seen = try await scene.watch("/api/v1/decisions/stream?tool=b", until: "event: decision") {
                scene.journal.decide(["a", "b"])
            }
            #expect(seen.contains("text/event-stream"))
            #expect(!seen.contains(#""tool":"a""#))
        }
    }

    @Test("a viewer who comes back gets what was missed")
    func resumed() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide(["a", "b", "c"])
            let page = try await scene.ask("GET", "/api/v1/decisions", as: .viewer)
            let first = try #require(page.json?["items"]?.element(at: 2)?["id"]?.string?.text)
            let seen = try await scene.watch(
                "/api/v1/decisions/stream",
                ["Last-Event-ID": first],
                until: #""tool":"c""#
            )
            #expect(seen.contains(#""tool":"b""#))
            #expect(!seen.contains(#""tool":"a""#))
        }
    }

    @Test("H1: a viewer for whom it is too much is told how many it missed")
    func gap() async throws {
        try await AdminScene.with { scene async throws in
            let seen = try await scene.watch("/api/v1/decisions/stream", until: "event: gap") {
                scene.journal.decide((0..<1_000).map { "t\($0)" })
            }
            #expect(seen.contains(#"{"missed":872}"#))
        }
    }

    @Test("H5: there are 128 streams, and one more is refused; all end with the listener")
    func many() async throws {
        try await AdminScene.with { scene async throws in
            let head =
                "GET /api/v1/decisions/stream HTTP/1.1\r\nHost: \(scene.server.address)\r\n"
                + "Authorization: Bearer viewer\r\n\r\n"
            let address = scene.server.address
            let loop = try EventLoop()
            let thread = try loop.start()
            try await Task(executorPreference: loop) {
                try await Worker(loop: loop).hold(LiveDecisions.maximumViewers, Array(head.utf8), at: address) {
                    let refused = try await scene.ask("GET", "/api/v1/decisions/stream", as: .viewer)
                    #expect(refused.status == 503)
                    #expect(refused.fields["retry-after"] != nil)
                    let other = try await scene.ask("GET", "/api/v1/servers", as: .viewer)
                    #expect(other.status == 200, "the rest of the API goes on")
                }
            }.value
            loop.stop()
            thread.join()
        }
    }
}
