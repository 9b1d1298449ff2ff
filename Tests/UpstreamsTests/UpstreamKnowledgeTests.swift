import Base
import JSONText
import MCPModel
import Synchronization
import Testing

@testable import Upstreams

@Suite("what the process knows of a server")
struct UpstreamKnowledgeTests {
    private func isYes(_ answer: UpstreamKnowledge.Answer) -> Bool {
        if case .yes = answer {
            return true
        }
        return false
    }

    @Test("MC-10: a verdict is asked for once and then remembered, per era")
    func remembered() async throws {
        let knowledge = UpstreamKnowledge()
        let document = try JSONDocument(Array("{}".utf8))
        let questions = Guarded(0)
        for _ in 0..<3 {
            let answer = try await knowledge.answer(
                .modern,
                at: Instant(nanoseconds: 0),
                lifetime: .seconds(10)
            ) { () async throws(UpstreamFailure) in
                questions.withLock { $0 += 1 }
                return .yes(document)
            }
            #expect(isYes(answer))
        }
        #expect(questions.withLock { $0 } == 1)
        #expect(knowledge.isKnownToSpeak(.modern) == true)
        #expect(knowledge.isKnownToSpeak(.legacy) == nil)
    }

    @Test("a failure is not remembered, a contradiction forgets, a no is asked again after its lifetime")
    func forgotten() async throws {
        let knowledge = UpstreamKnowledge()
        let down = UpstreamFailure(.refused(status: 503), wroteBytes: true)
        await #expect(throws: down) {
            _ = try await knowledge.answer(
                .modern,
                at: Instant(nanoseconds: 0),
                lifetime: .seconds(10)
            ) { () async throws(UpstreamFailure) in
                throw down
            }
        }
        #expect(knowledge.isKnownToSpeak(.modern) == nil)
        let questions = Guarded(0)
        for second in [0, 9, 10, 11] {
            _ = try await knowledge.answer(
                .modern,
                at: Instant(nanoseconds: Int64(second) * 1_000_000_000),
                lifetime: .seconds(10)
            ) { () async throws(UpstreamFailure) in
                questions.withLock { $0 += 1 }
                return .no
            }
        }
        #expect(questions.withLock { $0 } == 2)
        #expect(knowledge.isKnownToSpeak(.modern) == false)
        knowledge.forget(.modern)
        #expect(knowledge.isKnownToSpeak(.modern) == nil)
    }

    @Test("of many who ask at once one asks the server and all hear the answer")
    func singleFlight() async throws {
        let knowledge = UpstreamKnowledge()
        let questions = Tally()
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask { await Self.hearsNo(knowledge, questions) }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answers == 50)
        #expect(questions.count == 1)
    }

    private static func hearsNo(_ knowledge: UpstreamKnowledge, _ questions: Tally) async -> Bool {
        do throws(UpstreamFailure) {
            let answer = try await knowledge.answer(
                .legacy,
                at: Instant(nanoseconds: 0),
                lifetime: .seconds(10)
            ) { () async throws(UpstreamFailure) in
                questions.add()
                await Task.yield()
                return .no
            }
            if case .no = answer {
                return true
            }
            return false
        } catch {
            return false
        }
    }

    @Test("MC-07 LC-11: no id of our own comes twice, whichever worker asks")
    func ids() async {
        let knowledge = UpstreamKnowledge()
        let ids = await withTaskGroup(of: [RequestID].self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<100).map { _ in knowledge.mintID() } }
            }
            return await group.reduce(into: [RequestID]()) { $0 += $1 }
        }
        #expect(Set(ids).count == 400)
    }

    @Test("C4: no two servers or credentials share connections")
    func poolKeys() {
        let keys = (0..<100).map { _ in UpstreamKnowledge().poolKey }
        #expect(Set(keys).count == 100)
    }
}

private final class Tally: Sendable {
    private let number = Guarded(0)

    var count: Int { number.withLock { $0 } }

    func add() {
        number.withLock { $0 += 1 }
    }
}
