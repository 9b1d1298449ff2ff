import Base
import EventLoops
import MCPModel
import Testing

@testable import Upstreams

/// What a process says of its secrets, and for whom it counts that it ends.
@Suite("logs and ends of processes", .serialized)
struct ProcessLogTests {
    private static let secret = "split-secret-ABCDEFG-998877"

    private static func environment(_ value: String) -> [ProcessVariable] {
        [ProcessVariable(name: "KEY", value: Secret(Array(value.utf8)), isSecret: true)]
    }

    @Test(
        "E11: no part of a secret is in the log, wherever in a line it stands and the line is cut",
        arguments: [
            (to: 2, before: 4_090, behind: 0), (2, 4_090, 100), (2, 65_516, 0), (2, 65_530, 9_000), (2, 131_060, 0),
            (1, 4_076, 0), (1, 4_090, 70_000), (1, 65_530, 0),
        ]
    )
    func cut(to descriptor: Int, before: Int, behind: Int) async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker, environment: Self.environment(Self.secret))
            let arguments = #"{"to":\#(descriptor),"before":\#(before),"behind":\#(behind)}"#
            #expect(await server.failure(processCall("dump", 1, arguments: arguments))?.kind == .processEnded)
            let told = scripted.told.joined(separator: "\n")
            #expect(told.contains("whole"))
            for start in 0...(Self.secret.count - 6) {
                #expect(!told.contains(Self.secret.dropFirst(start).prefix(6)), "from \(start)")
            }
            #expect(scripted.told.allSatisfy { $0.utf8.count < 4_200 })
        }
    }

    @Test("E11: a secret of several lines is masked in each of them")
    func lines() async throws {
        try await withProcesses { worker, scripted async throws in
            let key = "-----BEGIN KEY-----\nfirst-line-of-it\nsecond-line-of-it\n"
            let server = scripted.server("legacy", on: worker, environment: Self.environment(key))
            let arguments = #"{"to":2,"before":8,"behind":0}"#
            #expect(await server.failure(processCall("dump", 1, arguments: arguments))?.kind == .processEnded)
            #expect(scripted.told.contains("said debug: y•••"))
            #expect(!scripted.told.contains { $0.contains("line-of-it") })
        }
    }

    // MARK: Ends

    @Test("a grant whose processes keep ending waits for its own and keeps nobody else from theirs")
    func ends() async throws {
        try await withProcesses { worker, scripted async throws in
            let server = scripted.server("legacy", on: worker, sharing: .session)
            for id in 1...2 {
                let session = try #require(try await Self.session(id, "a", server))
                let call = processCall("crash", 10 + id, session: session, grant: "a")
                #expect(await server.failure(call)?.kind == .processEnded)
            }
            // Another session is another process, of the same grant.
            let refused = await server.failure(processOpening(3, .november2025, grant: "a"))
            #expect(refused?.kind == .processDown)
            let session = try #require(try await Self.session(4, "b", server))
            #expect(try await server.text(processCall("echo", 5, session: session, grant: "b")).0 == "{}")
            // What has no session is the grant's or the gateway's.
            #expect(await server.failure(processCall("echo", 6, grant: "a"))?.kind == .processDown)
            #expect(try await server.text(processCall("echo", 7, grant: "b")).0 == "{}")
            #expect(try await server.text(processCall("echo", 8, grant: nil)).0 == "{}")
            #expect(!scripted.told.contains { $0.hasPrefix("stands failing") })
        }
    }

    private static func session(
        _ id: Int,
        _ grant: ByteString,
        _ server: UpstreamServer
    ) async throws -> ByteString? {
        guard case .message(_, _, let session) = try await server.send(processOpening(id, .november2025, grant: grant))
        else {
            return nil
        }
        return session
    }

    @Test("ends are remembered of a bounded number of owners, the newest")
    func bounded() {
        var book = CrashBook()
        for turn in 0..<2 {
            book.ended(.all, "r", at: Instant(nanoseconds: Int64(turn)), after: .zero)
        }
        #expect(book.pause(of: .all, at: Instant(nanoseconds: 1))?.pause == .milliseconds(500))
        for owner in 0..<1_024 {
            book.ended(.grant(ByteString("\(owner)")), "r", at: Instant(nanoseconds: 2), after: .zero)
        }
        #expect(book.pause(of: .all, at: Instant(nanoseconds: 2)) == nil)
        #expect(book.failures == 1 && !book.isLooping)
    }
}
