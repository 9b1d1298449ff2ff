import Base
import EventLoops
import Gateway
import Glibc
import Synchronization
import Testing
import Upstreams

@testable import toolgate

@Suite("up, before it serves")
struct UpCommandTests {
    private func failure(_ words: [String]) -> CommandFailure? {
        let console = RecordingConsole()
        let parser = CommandParser(commands: [UpCommand.command], console: console.console)
        do throws(CommandFailure) {
            guard case .run(let invocation) = try parser.parse(["up"] + words) else {
                return nil
            }
            _ = try UpPlan(invocation)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a host or origin that no request can match is refused, and it is said what to write",
        arguments: [
            (["--allowed-host", "http://a"], "--allowed-host a`"),
            (["--allowed-host", "GW.example.com:8080"], "--allowed-host gw.example.com`"),
            (["--allowed-host", "a/b"], "--allowed-host a`"),
            (["--allowed-host", "*"], "gw.example.com"),
            (["--allowed-origin", "a"], "--allowed-origin https://a`"),
            (["--allowed-origin", "http://a/"], "--allowed-origin http://a`"),
            (["--allowed-origin", "https://A"], "--allowed-origin https://a`"),
            (["--allowed-origin", "https://a:x"], "--allowed-origin https://a`"),
        ]
    )
    func names(words: [String], advice: String) throws {
        let folder = try PolicyFolder([:])
        let refusal = try #require(failure(words + ["--data", folder.path + "/data"]))
        #expect(refusal.status == .usage)
        #expect(refusal.message.contains(advice), "\(refusal.message)")
    }

    @Test(
        "what `up` refuses leaves no key file behind",
        arguments: [["--admin", "off"], ["--upstream", "http://127.0.0.1:1/mcp"]]
    )
    func untouched(words: [String]) throws {
        let folder = try PolicyFolder([:])
        let data = folder.path + "/data"
        defer {
            unlink(data + "/keys.json")
            rmdir(data)
        }
        #expect(failure(words + ["--data", data]) != nil)
        #expect(access(data, F_OK) != 0)
        let more = ["--upstream", "http://127.0.0.1:1/mcp", "--policy", "p.json", "--allowed-host", "gw-1.example.com"]
        #expect(failure(more + ["--allowed-origin", "https://a:8443", "--data", data]) == nil)
        #expect(access(data + "/keys.json", F_OK) == 0)
    }

    @Test("a server nobody answers for is named with its address, one that is there is not")
    func reachable() async throws {
        let loop = try EventLoop()
        let thread = try loop.start()
        let worker = Worker(loop: loop)
        let problems = Guarded<[String?]>([])
        await worker.start { worker in
            do {
                let any = try #require(SocketAddress(Array("127.0.0.1:0".utf8)))
                let listener = try TCPListener(on: worker.loop, address: any) { $0.close() }
                let port = listener.address.port
                let server = ServerDefinition(
                    name: "crm",
                    upstream: try UpstreamConfiguration(
                        name: "crm",
                        address: UpstreamAddress(Array("http://127.0.0.1:\(port)/mcp".utf8))
                    )
                )
                let there = await Reachability.problem(with: server, on: worker.loop)
                listener.close()
                let gone = await Reachability.problem(with: server, on: worker.loop)
                problems.withLock { $0 = [there, gone] }
                #expect(gone?.contains("server `crm` cannot be reached at http://127.0.0.1:\(port)") == true)
            } catch {
                Issue.record(error)
            }
        }.value
        #expect(problems.withLock { $0.map { $0 == nil } } == [true, false])
        loop.stop()
        thread.join()
    }
}
