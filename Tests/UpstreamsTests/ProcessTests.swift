import Base
import EventLoops
import Glibc
import HTTPTransport
import JSONText
import MCPModel
import Synchronization
import Testing

@testable import Upstreams

@Suite("servers that are processes", .serialized)
struct ProcessTests {
    // MARK: Eras

    @Test(
        "MC-13 MC-14: the era of a process is found out whatever it does with the question it does not know",
        arguments: [("legacy", Era.legacy), ("modern", .modern), ("both", .modern), ("exits-on-probe", .legacy)]
    )
    func eras(mode: String, era: Era) async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server(mode, on: worker)
            #expect(try await server.era() == era)
            let listing = try await server.listTools()
            #expect(listing.tools.count == 1)
            let revision: Revision = era == .modern ? .july2026 : .november2025
            let (text, _) = try await server.text(processCall("echo", 7, revision: revision, arguments: "{\"a\":\n1}"))
            #expect(text == #"{"a": 1}"#)
        }
    }

    @Test("a client's handshake is answered from the process's own, in no newer revision than it asked for")
    func handshake() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            for (asked, answered) in [(Revision.june2025, "2025-06-18"), (.november2025, "2025-11-25")] {
                let reply = try await server.send(processOpening(5, asked))
                guard case .message(let document, 200, nil) = reply else {
                    Issue.record("no handshake")
                    return
                }
                let version = document.root["result"]?["protocolVersion"]?.string
                #expect(version.map { String(decoding: $0.bytes, as: UTF8.self) } == answered)
                #expect(document.root["result"]?["serverInfo"] != nil)
            }
            #expect(scripted.told.count { $0.contains("is started") } == 1)
        }
    }

    // MARK: Calls

    @Test("many calls are in flight on one process, and each gets its own answer in whatever order")
    func multiplexing() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            let answers = Guarded<[Int: String]>([:])
            let tasks = (1...20).map { id in
                worker.spawn {
                    let answer = try? await server.text(processCall(id < 20 ? "hold" : "release", id)).0
                    answers.withLock { $0[id] = answer }
                }
            }
            for task in tasks {
                await task.value
            }
            #expect(answers.withLock { $0.values.count { $0 == "held" } } == 19)
            #expect(answers.withLock { $0[20] } == "done")
        }
    }

    @Test("progress goes to the call it names; what a shared process logs goes to no caller")
    func notifications() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            let (text, events) = try await server.text(processCall("progress", 3))
            #expect(text == "done")
            #expect(events == Array(repeating: "notifications/progress", count: 3))
            #expect(try await server.text(processCall("log", 4)).1 == [])
            #expect(scripted.told.contains(#"said "private""#))
            #expect(try await server.text(processCall("changed", 5)).1 == ["notifications/tools/list_changed"])
        }
    }

    @Test("D1: each grant's process is its own, and what that logs goes to its caller")
    func grants() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker, sharing: .grant)
            let first = try await server.text(processCall("pid", 1, grant: "a")).0
            #expect(try await server.text(processCall("pid", 2, grant: "a")).0 == first)
            #expect(try await server.text(processCall("pid", 3, grant: "b")).0 != first)
            #expect(try await server.text(processCall("log", 4, grant: "a")).1 == ["notifications/message"])
        }
    }

    @Test("a session's process is opened with what its client declared, asks it, and ends with it")
    func sessions() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker, sharing: .session)
            let reply = try await server.send(processOpening(1, .november2025, capabilities: #"{"elicitation": {}}"#))
            guard case .message(let document, _, let session?) = reply else {
                Issue.record("no session")
                return
            }
            let declared = document.root["result"]?["serverInfo"]?["name"]?.string
            #expect(declared.map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"elicitation": {}}"#)
            guard case .stream(let stream, _) = try await server.send(processCall("asks", 2, session: session)) else {
                Issue.record("the question was not passed on")
                return
            }
            #expect(try await stream.next()?.kind == .request)
            var answer = UpstreamMessage(
                posting: Array(#"{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}"#.utf8),
                requestID: nil,
                method: nil,
                revision: .november2025,
                sessionID: session
            )
            answer.grant = "g"
            _ = try await server.send(answer)
            #expect(try await stream.next()?.kind == .response)
            _ = try await server.send(UpstreamMessage(.delete, sessionID: session, revision: .november2025))
            #expect(try await server.text(processCall("pid", 3, session: session)).0 == "(status 404)")
        }
    }

    @Test("H5: a grant whose sessions all work gets no process beyond its share, and leaves the others theirs")
    func share() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker, sharing: .session)
            var streams: [UpstreamStream] = []
            for number in 1...ProcessRoom.maximumPerPayer {
                guard case .message(_, _, let session?) = try await server.send(processOpening(1, .november2025)),
                    case .stream(let stream, _) = try await server.send(processCall("asks", number, session: session))
                else {
                    Issue.record("session \(number) is refused")
                    return
                }
                #expect(try await stream.next()?.kind == .request)
                streams.append(stream)
            }
            let refused = await server.failure(processOpening(1, .november2025))
            #expect(refused?.kind == .busy)
            #expect(refused?.wroteBytes == false)
            guard case .message = try await server.send(processOpening(1, .november2025, grant: "another")) else {
                Issue.record("another grant is refused")
                return
            }
            streams.removeFirst().cancel()
            while await server.failure(processOpening(1, .november2025)) != nil {}
        }
    }

    @Test("LC-07: a shared process that asks something is told that nobody can answer; a ping is answered")
    func questions() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            #expect(try await server.text(processCall("asks", 1)).0.contains("-32601"))
            #expect(try await server.text(processCall("pings", 2)).0 == "{}")
        }
    }

    @Test(
        "a call given up is cancelled at the process, under the id it has there",
        arguments: [Revision.november2025, .july2026]
    )
    func cancellation(revision: Revision) async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("both", on: worker)
            let point = CancellationPoint()
            let task = worker.spawn {
                let failure = try? await server.text(processCall("hold", 4711, revision: revision), cancellation: point)
                #expect(failure == nil)
            }
            // The process has it once it answers what came after it.
            _ = try await server.text(processCall("echo", 4712, revision: revision))
            point.cancel()
            await task.value
            _ = try await server.text(processCall("echo", 4713, revision: revision))
            #expect(scripted.told.contains("said cancelled 4711"))
        }
    }

    @Test("a call that takes too long fails and is cancelled at the process")
    func timeouts() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            _ = try await server.text(processCall("echo", 1))
            var message = processCall("hold", 2)
            message.totalTimeout = .milliseconds(50)
            #expect(await server.failure(message)?.kind == .timedOut)
            _ = try await server.text(processCall("echo", 3))
            #expect(scripted.told.contains("said cancelled 2"))
        }
    }

    // MARK: Ends

    @Test("ST-05: the end of a process fails its calls, says why, and the next call starts another")
    func crash() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            let failure = await server.failure(processCall("crash", 1))
            #expect(failure?.kind == .processEnded)
            #expect(failure?.wroteBytes == true)
            #expect(failure?.detail == "it ended with status 3")
            #expect(try await server.text(processCall("echo", 2)).0 == "{}")
            #expect(scripted.told.contains("said out of luck"))
        }
    }

    @Test("a process that keeps ending is not started again at once, and calls are told so before anything is sent")
    func crashLoop() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("exits", on: worker)
            #expect(await server.failure(processCall("echo", 1))?.kind == .processEnded)
            #expect(await server.failure(processCall("echo", 2))?.kind == .processEnded)
            let failure = await server.failure(processCall("echo", 3))
            #expect(failure?.kind == .processDown)
            #expect(failure?.wroteBytes == false)
            #expect(failure?.detail.contains("it ended with status 9; it is started again in 1 s") == true)
            #expect(scripted.told.contains("said no key"))
        }
    }

    @Test("pauses between starts double up to a minute, and a steady run ends the count")
    func pauses() {
        var record = CrashRecord()
        var now = Instant(nanoseconds: 0)
        record.ended(at: now, after: .zero)
        #expect(record.pause(at: now) == nil)
        for expected in [500, 1_000, 2_000, 4_000] {
            record.ended(at: now, after: .zero)
            #expect(record.pause(at: now) == .milliseconds(expected))
        }
        #expect(record.isLooping)
        for _ in 0..<100 {
            record.ended(at: now, after: .zero)
        }
        #expect(record.pause(at: now) == .seconds(60))
        now = now.advanced(by: .seconds(61))
        #expect(record.pause(at: now) == nil)
        record.ended(at: now, after: .seconds(60))
        #expect(record.failures == 1 && !record.isLooping)
    }

    @Test("a program that is not there is said so and nothing was sent")
    func missing() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = UpstreamServer(
                configuration: UpstreamConfiguration(
                    name: "missing",
                    process: ProcessCommand(program: "no-such-program-anywhere")
                ),
                client: HTTPClient(on: worker.loop),
                shared: UpstreamKnowledge(),
                loop: worker.loop,
                processes: scripted.host
            )
            let failure = await server.failure(processCall("echo", 1))
            #expect(failure?.kind == .processDown)
            #expect(failure?.wroteBytes == false)
            #expect(scripted.told.contains { $0.hasPrefix("the program `no-such-program-anywhere` is not found") })
        }
    }

    @Test("a server whose settings changed is let go of: its process ends and takes no more calls")
    func retirement() async throws {
        try await withProcesses { worker, scripted async throws in
            let shared = UpstreamKnowledge()
            let server = scripted.server("legacy", on: worker, shared: shared)
            let process = try #require(Int32(try await server.text(processCall("pid", 1)).0))
            shared.retire()
            #expect(await server.failure(processCall("pid", 2))?.kind == .processDown)
            await scripted.host.stop()
            #expect(kill(process, 0) != 0)
        }
    }

    // MARK: Hostile processes

    @Test(
        "M2: a process that floods its output, writes garbage or an endless line is ended, and only its calls fail",
        arguments: ["flood", "garbage", "long", "close", "daemon"]
    )
    func hostile(tool: String) async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            let other = scripted.server("legacy", on: worker)
            let process = try #require(Int32(try await server.text(processCall("pid", 1)).0))
            let failure = await server.failure(processCall(tool, 2))
            #expect(
                failure.map { [.tooLarge, .processEnded, .protocolViolation(.message)].contains($0.kind) } == true,
                "\(String(describing: failure))"
            )
            #expect(try await other.text(processCall("echo", 3)).0 == "{}")
            #expect(try await server.text(processCall("echo", 4)).0 == "{}")
            #expect(kill(process, 0) != 0)
        }
    }

    @Test("D8: answers to requests that are not this process's, or nobody's, reach nobody")
    func strangers() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            let other = scripted.server("legacy", on: worker)
            let held = worker.spawn {
                let answer = try? await other.text(processCall("hold", 12)).0
                #expect(answer == "held")
            }
            _ = try await other.text(processCall("echo", 13))
            #expect(try await server.text(processCall("strangers", 100)).0 == "mine")
            _ = try await other.text(processCall("release", 14))
            await held.value
        }
    }

    @Test("what a process greets with is no message and harms nothing; it is in the log")
    func banner() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("banner", on: worker)
            #expect(try await server.text(processCall("echo", 1)).0 == "{}")
            #expect(scripted.told.contains("said (standard output) Welcome!"))
        }
    }

    @Test("a process that writes to its standard error without end is slowed down and still served")
    func endlessErrors() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("stderr", on: worker)
            #expect(try await server.text(processCall("echo", 1)).0 == "{}")
            #expect(try await server.text(processCall("echo", 2)).0 == "{}")
        }
    }

    @Test("a process that does not read its input fails what is beyond the bound, unsent")
    func deaf() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker)
            _ = try await server.text(processCall("deaf", 1))
            let large = "{\"a\":\"\(String(repeating: "x", count: 12 << 20))\"}"
            for id in 2...5 {
                var message = processCall("echo", id, arguments: large)
                message.totalTimeout = .milliseconds(1)
                _ = await server.failure(message)
            }
            let failure = await server.failure(processCall("echo", 6))
            #expect(failure?.kind == .busy)
            #expect(failure?.wroteBytes == false)
        }
    }

    @Test("a process that ignores the end of its input and SIGTERM is killed when the host stops")
    func ignoresTerm() async throws {
        let scripted = ScriptedProcess(grace: .milliseconds(50))
        let process = try await onWorker { worker in
            let server = scripted.server("ignores-term", on: worker)
            return try #require(Int32(try await server.text(processCall("pid", 1)).0))
        }
        await scripted.host.stop()
        #expect(kill(process, 0) != 0)
    }

    @Test("secrets of the environment reach the process and neither its arguments nor the log")
    func secrets() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server(
                "legacy",
                on: worker,
                environment: [ProcessVariable(name: "KEY", value: Secret(Array("hunter2-value".utf8)), isSecret: true)]
            )
            let environment = try await server.text(processCall("env", 1)).0
            #expect(environment.contains(#""KEY": "hunter2-value""#))
            #expect(!environment.contains("SWIFT"))
            #expect(!scripted.told.contains { $0.contains("hunter2") })
        }
    }
}

@Suite("lines of a process")
struct LineSplitterTests {
    private func split(_ pieces: [String], maximum: Int = 8) -> [LineSplitter.Event] {
        var splitter = LineSplitter(maximumBytes: maximum)
        var events: [LineSplitter.Event] = []
        for piece in pieces {
            splitter.take(Array(piece.utf8).span) { event in
                events.append(event)
                return true
            }
        }
        return events
    }

    @Test("lines are the same however they are cut into pieces")
    func pieces() {
        let text = "one\ntwo\r\n\nlast-one\n"
        let whole = split([text])
        #expect(whole == ["one", "two", "", "last-one"].map { .line(Array($0.utf8)) })
        #expect(split(text.map { String($0) }) == whole)
    }

    @Test(
        "M2: a line beyond its bound ends the reading of whoever wants no more",
        arguments: [["123456789"], ["1234", "56789\nok\n"], ["123456789\nok\n"]]
    )
    func bound(pieces: [String]) {
        var splitter = LineSplitter(maximumBytes: 8)
        var events: [LineSplitter.Event] = []
        for piece in pieces {
            splitter.take(Array(piece.utf8).span) { event in
                events.append(event)
                return false
            }
        }
        #expect(events == [.tooLong])
        #expect(splitter.finish() == nil)
    }

    @Test("M2: who wants more gets none of a line beyond its bound, however it comes, and the lines behind it")
    func passedOver() {
        let text = "one\n123456789\nok\n1234567890abcdefghi\r\n12345678\n"
        let one = LineSplitter.Event.line(Array("one".utf8))
        let expected = [one, .tooLong, .line(Array("ok".utf8)), .tooLong, .line(Array("12345678".utf8))]
        #expect(split([text]) == expected)
        #expect(split(text.map { String($0) }) == expected)
        var splitter = LineSplitter(maximumBytes: 8)
        splitter.take(Array("123456789".utf8).span) { _ in true }
        splitter.take(Array("tail".utf8).span) { _ in true }
        #expect(splitter.pendingCount == 0 && splitter.finish() == nil)
    }
}
