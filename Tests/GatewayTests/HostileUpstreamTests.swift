import Glibc
import Synchronization
import Testing
import Upstreams

@testable import Gateway

@Suite("Hostile upstreams", .serialized)
struct HostileUpstreamTests {
    private static let params = #""name":"create_lead","arguments":{}"#

    private func answer(_ gateway: Harness) throws -> PlainMessage {
        try gateway.client().modern("tools/call", Self.params, name: "create_lead")
    }

    private static func raw(_ reply: @escaping @Sendable (SentMessage) -> ScriptedUpstream.Reply) -> ScriptedUpstream {
        Upstreams.modern { sent in sent.method == "tools/call" ? reply(sent) : nil }
    }

    @Test(
        "an answer that breaks HTTP or MCP is withheld, and the agent told so in a result",
        arguments: [
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nsecret",
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\nsecret",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\nsecret",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\nsecret",
            "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nsecret",
            "HTTP/1.1 401 No\r\nwww-authenticate: Bearer realm=\"secret\"\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: secret\r\n\r\n", "secret\r\n\r\n", "",
        ]
    )
    func broken(_ reply: String) async throws {
        let gateway = try await Harness.start(Self.raw { _ in .raw(reply) })
        let answer = try answer(gateway)
        #expect(answer.status == 200 && answer.text.contains(#""isError":true"#), "\(answer.text)")
        #expect(!answer.text.contains("secret"))
        #expect(!answer.fields.contains { $0.value.contains("secret") })
        await gateway.stop()
    }

    @Test("G2: a redirect is not followed, and no credential goes where it points")
    func redirect() async throws {
        let elsewhere = Upstreams.modern()
        var options = Harness.Options()
        options.headers = [("Authorization", "Bearer upstream-credential")]
        for status in [301, 302, 307, 308] {
            let location = "http://127.0.0.1:\(elsewhere.port)/mcp"
            let upstream = Self.raw { _ in
                .raw("HTTP/1.1 \(status) X\r\nlocation: \(location)\r\ncontent-length: 0\r\n\r\n")
            }
            let gateway = try await Harness.start(upstream, options)
            #expect(try answer(gateway).text.contains(#""isError":true"#))
            await gateway.stop()
        }
        #expect(elsewhere.received.isEmpty)
    }

    @Test("G3: a cookie of the server's is never sent back, for nobody")
    func cookies() async throws {
        let upstream = Upstreams.modern { sent in
            .json(
                sent.method == "tools/list"
                    ? sent.result(#"{"tools":[\#(Upstreams.tools)]}"#)
                    : sent.result(#"{"supportedVersions":["2026-07-28"],"capabilities":{},"content":[]}"#),
                headers: ["set-cookie: sid=1; Path=/"]
            )
        }
        let gateway = try await Harness.start(upstream)
        _ = try answer(gateway)
        let second = try gateway.client(token: gateway.otherToken)
        let answer = try second.modern("tools/call", Self.params, name: "create_lead")
        #expect(answer.status == 200)
        #expect(upstream.received.count >= 4)
        #expect(!upstream.received.contains { $0.message.field("cookie") != nil })
        #expect(answer.field("set-cookie") == nil)
        await gateway.stop()
    }

    @Test("C4: bytes behind a response are never taken for the next one's, and close the connection")
    func surplus() async throws {
        let rounds = Counter()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            rounds.add()
            let isFirst = rounds.count == 1
            return .custom { socket, message in
                let body = SentMessage(message).result(Upstreams.text(isFirst ? "first" : "second"))
                let whole =
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                let poison = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\npoison"
                socket.write(isFirst ? whole + poison : whole)
                if isFirst {
                    _ = socket.isEnded()
                }
            }
        }
        let gateway = try await Harness.start(upstream)
        #expect(try answer(gateway).text.contains("first"))
        let second = try gateway.client(token: gateway.otherToken)
        let answer = try second.modern("tools/call", Self.params, name: "create_lead")
        #expect(answer.text.contains("second") && !answer.text.contains("poison"), "\(answer.text)")
        await gateway.stop()
    }

    @Test("E10: an answer beyond its bound is withheld, as one body, as one event and as a stream without end")
    func bombs() async throws {
        var options = Harness.Options()
        options.upstreamLimits.maximumReplyBytes = 10_000
        options.upstreamLimits.maximumEventBytes = 10_000
        options.upstreamLimits.maximumStreamBytes = 20_000
        let large = String(repeating: "x", count: 50_000)
        let one = try await Harness.start(Self.raw { .json($0.result(Upstreams.text(large))) }, options)
        #expect(try answer(one).text.contains("isError"))
        await one.stop()
        let two = try await Harness.start(Self.raw { .events([$0.result(Upstreams.text(large))]) }, options)
        #expect(try answer(two).text.contains("isError"))
        await two.stop()
        let endless = Self.raw { _ in
            .custom { socket, _ in
                socket.startEvents()
                while socket.write("c\r\n: keep-alive\r\n") {
                    usleep(10)
                }
            }
        }
        let three = try await Harness.start(endless, options)
        #expect(try answer(three).text.contains("isError"))
        await three.stop()
    }

    @Test("E10: a server that falls silent is given up in time")
    func silence() async throws {
        var options = Harness.Options()
        options.upstreamLimits.totalTimeout = .milliseconds(300)
        options.upstreamLimits.idleTimeout = .milliseconds(200)
        for startsStream in [false, true] {
            let upstream = Self.raw { _ in
                .custom { socket, _ in
                    if startsStream {
                        socket.startEvents()
                    }
                    _ = socket.isEnded()
                }
            }
            let gateway = try await Harness.start(upstream, options)
            let answer = try answer(gateway)
            #expect(answer.text.contains("did not answer in time"), "\(answer.text)")
            await gateway.stop()
        }
    }

    @Test("E11: the server's credential never comes back, in errors, results or events")
    func reflection() async throws {
        var options = Harness.Options()
        options.headers = [("Authorization", "Bearer s3cr3t-credential"), ("X-Api-Key", "another-secret-key")]
        let upstream = Self.raw { sent in
            let echo = sent.message.fields.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
            if sent.arguments.contains("error") {
                return .json(sent.error(-32000, echo))
            }
            if sent.arguments.contains("event") {
                let progress =
                    #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(sent.id),"progress":1,"message":"\#(echo)"}}"#
                return .events([progress, sent.result(Upstreams.text(echo))])
            }
            return .json(sent.result(Upstreams.text(echo)))
        }
        let gateway = try await Harness.start(upstream, options)
        for kind in ["result", "error", "event"] {
            let answer = try gateway.client().modern(
                "tools/call",
                #""name":"create_lead","arguments":{"name":"\#(kind)"},"_meta2":0"#,
                name: "create_lead"
            )
            #expect(!answer.text.contains("s3cr3t") && !answer.text.contains("another-secret"), "\(answer.text)")
            #expect(answer.text.contains("•••"), "\(answer.text)")
        }
        await gateway.stop()
    }

    @Test("H5: one grant cannot take all places, and the others go on")
    func bulkhead() async throws {
        let held = Counter()
        let isFree = Shared(false)
        let upstream = Self.raw { sent in
            guard sent.arguments.contains("hold") else {
                return .json(sent.result(Upstreams.text("quick")))
            }
            held.add()
            return .custom { socket, message in
                while !isFree.value {
                    usleep(5_000)
                }
                let body = SentMessage(message).result(Upstreams.text("held"))
                socket.write(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
        }
        var options = Harness.Options()
        options.limits.maximumInFlightPerGrant = 2
        let gateway = try await Harness.start(upstream, options)
        let holders = [try gateway.client(), try gateway.client()]
        for holder in holders {
            holder.sendModern("tools/call", #""name":"create_lead","arguments":{"name":"hold"}"#, name: "create_lead")
        }
        while held.count < 2 {
            usleep(5_000)
        }
        let refused = try answer(gateway)
        #expect(refused.status == 200 && refused.text.contains("too many calls in flight"), "\(refused.text)")
        // With its id and as a result: an error that answers nobody would leave the client waiting.
        #expect(refused.text.contains(#""id":1"#) && refused.text.contains(#""isError":true"#), "\(refused.text)")
        // What is too large to be read without a place is refused by status, before it is read.
        let large = String(repeating: "x", count: 20_000)
        #expect(try gateway.client().request("POST", large).status == 503)
        let stream = try gateway.client().request("GET", "", accept: "text/event-stream")
        #expect(stream.status == 503, "\(stream.text)")
        let other = try gateway.client(token: gateway.otherToken)
        #expect(try other.modern("tools/call", Self.params, name: "create_lead").text.contains("quick"))
        isFree.value = true
        for holder in holders {
            #expect(holder.socket.readMessage()?.text.contains("held") == true)
        }
        #expect(try answer(gateway).text.contains("quick"))
        await gateway.stop()
        // What the gateway turned away is not recorded as allowed.
        let turnedAway = gateway.sink.lines.filter { $0.contains("too many calls in flight") }
        #expect(!turnedAway.isEmpty)
        #expect(turnedAway.allSatisfy { $0.contains(#""outcome":"deny","rule":"(gateway)""#) }, "\(turnedAway)")
    }

    @Test("H5: calls to one server are bounded over all grants, and another server's go on")
    func serverBulkhead() async throws {
        let held = Counter()
        let isFree = Shared(false)
        let upstream = Self.raw { _ in
            held.add()
            return .custom { socket, message in
                while !isFree.value {
                    usleep(5_000)
                }
                let body = SentMessage(message).result(Upstreams.text("held"))
                socket.write(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
        }
        var options = Harness.Options()
        options.limits.maximumInFlightPerServer = 2
        options.second = Upstreams.modern()
        let gateway = try await Harness.start(upstream, options)
        let holders = [try gateway.client(), try gateway.client()]
        for holder in holders {
            holder.sendModern("tools/call", Self.params, name: "create_lead")
        }
        while held.count < 2 {
            usleep(5_000)
        }
        let refused = try answer(gateway)
        #expect(refused.text.contains("too many calls in flight"), "\(refused.status) \(refused.text)")
        var other = try gateway.client(token: gateway.otherToken)
        other.path = "/mcp/second"
        #expect(try other.modern("tools/call", Self.params, name: "create_lead").text.contains("ran create_lead"))
        #expect(held.count == 2)
        isFree.value = true
        for holder in holders {
            #expect(holder.socket.readMessage()?.text.contains("held") == true)
        }
        await gateway.stop()
    }

    @Test("a limit is given back only when not one byte reached the server")
    func giveBack() async throws {
        var options = Harness.Options()
        options.policy =
            #"{"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}"#
        let isGone = Shared(false)
        let upstream = Self.raw { _ in isGone.value ? .hangUp : .json("{}") }
        isGone.value = true
        let gateway = try await Harness.start(upstream, options)
        #expect(try answer(gateway).text.contains("upstream unavailable"))
        #expect(try answer(gateway).text.contains("rate_limited"), "the first call may have run")
        await gateway.stop()
    }

    @Test("H6: what cannot be recorded is not forwarded")
    func logUnavailable() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        _ = try gateway.client().modern("tools/list")
        gateway.sink.fail()
        let answer = try answer(gateway)
        #expect(answer.text.contains("decision log"), "\(answer.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        await gateway.stop()
    }

    @Test("E12: a server cannot put its tools into a class, not by annotations and not by our own keys")
    func selfClassified() async throws {
        let tool = """
            {"name":"create_lead","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true,"destructiveHint":false},\
            "_meta":{"dev.toolgate/class":"read","dev.toolgate/severity":"low"}}
            """
        let upstream = Upstreams.modern(tools: { tool })
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"allow","classes":{"read":{}}}"#
        let gateway = try await Harness.start(upstream, options)
        let answer = try answer(gateway)
        #expect(answer.text.contains("(unclassified)"), "\(answer.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        await gateway.stop()
    }
}
