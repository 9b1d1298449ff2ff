import Base
import EventLoops
import Gateway
import HTTPTransport
import Upstreams

/// Looks once, at start, whether there is anybody where the servers are said to be.
///
/// Nothing is sent, and nothing depends on it: a server may come later. It is said so that a wrong address is not first
/// seen by whoever makes the first call.
enum Reachability {
    private static let timeout = Duration.seconds(5)

    /// Says one line for each server nobody answers for.
    static func look(for servers: [ServerDefinition], on worker: isolated Worker, say: @escaping (String) -> Void) {
        let loop = worker.loop
        for server in servers {
            worker.spawn {
                if let problem = await problem(with: server, on: loop) {
                    say(problem)
                }
            }
        }
    }

    /// Why a server cannot be reached; `nil` when a connection can be made.
    static func problem(with server: ServerDefinition, on loop: EventLoop) async -> String? {
        guard case .http(let address, _) = server.upstream.way else {
            // A process is started by the first call; what keeps it from starting is in its log then.
            return nil
        }
        let origin = address.origin
        do throws(StreamError) {
            let addresses = try await Resolver.addresses(
                of: origin.host.text,
                port: origin.port,
                on: loop,
                timeout: timeout
            )
            try await TCPStream.connect(to: addresses, on: loop, timeout: timeout).close()
            return nil
        } catch {
            return "server `\(server.name)` cannot be reached at \(origin) (\(error)): calls to it fail until it can be"
        }
    }
}
