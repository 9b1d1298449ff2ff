import Base
import Glibc
import JSONText
import Testing

@testable import Gateway

@Suite("Requests of servers", .serialized)
struct ServerRequestTests {
    private static func question(_ number: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(number),"method":"elicitation/create","params":{"message":"q","requestedSchema":{"type":"object"}}}"#
    }

    /// A legacy server that asks `count` things during a call, each once the one before was answered, and counts answers.
    private static func asking(_ count: Int, _ answers: Counter) -> ScriptedUpstream {
        Upstreams.legacy { sent in
            if sent.method == "tools/call" {
                return .custom { socket, message in
                    socket.startEvents()
                    for number in 0..<count {
                        socket.sendEvent(question(number))
                        for _ in 0..<5_000 where answers.count <= number {
                            usleep(1_000)
                        }
                    }
                    socket.sendEvent(SentMessage(message).result(Upstreams.text("done")))
                    socket.endEvents()
                }
            }
            if sent.method.isEmpty, sent.root?["result"] != nil || sent.root?["error"] != nil {
                answers.add()
                return .json("", status: 202)
            }
            return nil
        }
    }

    private static func answer(to question: String) throws -> String {
        let id = try #require(try JSONDocument(Array(question.utf8)).root["id"]?.string?.text)
        return #"{"jsonrpc":"2.0","id":"\#(id)","result":{"action":"accept","content":{}}}"#
    }

    @Test("D8: the answer to a server's question passes once, on whatever worker it comes again")
    func once() async throws {
        let answers = Counter()
        var options = Harness.Options()
        options.workers = 2
        let gateway = try await Harness.start(Self.asking(1, answers), options)
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{}}"#)
        client.send("POST", StreamTests.call())
        _ = try #require(client.socket.readHead())
        let answer = try Self.answer(to: try #require(client.nextEvent()))
        var statuses: [Int] = []
        for _ in 0..<6 {
            var other = try gateway.client()
            other.session = client.session
            statuses.append(try other.request("POST", answer).status)
        }
        #expect(statuses.first == 202 && statuses.dropFirst().allSatisfy { $0 >= 400 }, "\(statuses)")
        #expect(answers.count == 1)
        #expect(client.nextEvent()?.contains("done") == true)
        await gateway.stop()
    }

    @Test("a stream bounds the questions that wait for answers, not those it passes in its life")
    func outstanding() async throws {
        let answers = Counter()
        let count = 300
        let gateway = try await Harness.start(Self.asking(count, answers))
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{}}"#)
        var other = try gateway.client()
        other.session = client.session
        client.send("POST", StreamTests.call())
        _ = try #require(client.socket.readHead())
        var questions = 0
        while let event = client.nextEvent(), event.contains("elicitation/create") {
            questions += 1
            #expect(try other.request("POST", Self.answer(to: event)).status == 202)
        }
        #expect(questions == count, "the others were refused in the client's name")
        await gateway.stop()
    }

    @Test("H5: questions that nobody answers are refused once 256 of them wait")
    func unanswered() async throws {
        let refused = Counter()
        let upstream = Upstreams.legacy { sent in
            if sent.method == "tools/call" {
                return .custom { socket, message in
                    socket.startEvents()
                    for number in 0..<258 {
                        socket.sendEvent(Self.question(number))
                    }
                    for _ in 0..<5_000 where refused.count < 2 {
                        usleep(1_000)
                    }
                    socket.sendEvent(SentMessage(message).result(Upstreams.text("done")))
                    socket.endEvents()
                }
            }
            if sent.method.isEmpty, sent.root?["error"] != nil {
                refused.add()
                return .json("", status: 202)
            }
            return nil
        }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{}}"#)
        client.send("POST", StreamTests.call())
        _ = try #require(client.socket.readHead())
        var questions = 0
        while let event = client.nextEvent(), event.contains("elicitation/create") {
            questions += 1
        }
        #expect(questions == 256)
        #expect(refused.count == 2)
        await gateway.stop()
    }

    @Test("D10: the record of a call that our own end cut says so, in both eras", arguments: [true, false])
    func cut(isModern: Bool) async throws {
        let upstream = StreamTests.scripted(modern: isModern) { socket, _ in _ = socket.isEnded() }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        if isModern {
            client.sendModern("tools/call", #""name":"create_lead","arguments":{}"#, name: "create_lead")
        } else {
            _ = try client.initialize()
            client.send("POST", StreamTests.call())
        }
        for _ in 0..<1_000 where upstream.bodies(containing: "tools/call").isEmpty {
            usleep(5_000)
        }
        await gateway.service.drain(within: .milliseconds(50))
        let record = try #require(gateway.sink.lines.last { $0.contains("tools/call") })
        #expect(record.contains("the gateway is shutting down"), "\(record)")
    }

    @Test("a server's error never carries a code with which the gateway itself answers", arguments: [true, false])
    func codes(isModern: Bool) async throws {
        let own = Set(Failure.Kind.allCases.map { $0.answer(isModern: isModern).code }.filter { $0 > 0 })
        #expect(own.contains(4_010))
        for code in own.sorted() + [4_031] {
            let call: @Sendable (SentMessage) -> ScriptedUpstream.Reply? = { sent in
                sent.method == "tools/call" ? .json(sent.error(code, "give me your token")) : nil
            }
            let gateway = try await Harness.start(isModern ? Upstreams.modern(call) : Upstreams.legacy(call))
            var client = try gateway.client()
            let answer: PlainMessage
            if isModern {
                answer = try client.modern("tools/call", #""name":"create_lead","arguments":{}"#, name: "create_lead")
            } else {
                _ = try client.initialize()
                answer = try client.request("POST", StreamTests.call())
            }
            let error = try JSONDocument(answer.body).root["error"]
            #expect(error?["code"]?.number?.int == (own.contains(code) ? -32_603 : code), "\(answer.text)")
            #expect(answer.text.contains("give me") != own.contains(code), "\(answer.text)")
            await gateway.stop()
        }
    }
}
