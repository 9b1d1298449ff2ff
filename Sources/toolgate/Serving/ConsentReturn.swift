import Base
import EventLoops
import HTTPTransport
import HTTPWire

/// The place on this machine a browser comes back to after a person has consented (RFC 8252, section 7.3).
///
/// Loop-confined. Hands on the query of every request to its path and answers what it is told to; anything else is 404.
final class ConsentReturn {
    /// One return of a browser, to be answered.
    struct Arrival {
        /// The query, as it came.
        let query: [UInt8]
        /// Shows the person a page.
        let show: (_ isDone: Bool, _ sentence: String) -> Void
    }

    /// Where the browser has to come back to.
    let address: String
    private let server: HTTPServer
    private let arrivals: BoundedMailbox<Arrival>
    private let timer: LoopTimer

    private static let path = "/callback"
    // LIMIT: returns that wait to be looked at; a person has one browser.
    private static let maximumWaiting = 8

    /// Listens on 127.0.0.1 until `patience` has passed; `port` 0 lets the system choose one.
    static func open(
        on worker: isolated Worker,
        port: UInt16,
        patience: Duration
    ) throws(CommandFailure) -> ConsentReturn {
        let arrivals = BoundedMailbox<Arrival>(on: worker.loop, capacity: maximumWaiting)
        let loop = worker.loop
        do throws(StreamError) {
            let server = try HTTPServer(
                on: worker,
                configuration: HTTPServerConfiguration(address: SocketAddress(.loopbackV4, port: port))
            ) { exchange in
                await answer(exchange, arrivals, on: loop)
            }
            return ConsentReturn(server, arrivals, timer: worker.loop.schedule(after: patience) { arrivals.close() })
        } catch {
            throw .environment("cannot listen on 127.0.0.1:\(port) for the browser's return: \(error)")
        }
    }

    private init(_ server: HTTPServer, _ arrivals: BoundedMailbox<Arrival>, timer: LoopTimer) {
        self.server = server
        self.arrivals = arrivals
        self.timer = timer
        address = "http://\(server.address)\(Self.path)"
    }

    /// The next return; `nil` when patience has ended.
    func next() async -> Arrival? {
        await arrivals.next()
    }

    /// Listens no more, once the pages under way are shown.
    func close() async {
        timer.cancel()
        arrivals.close()
        await server.drain(within: .seconds(2))
    }

    private static func answer(
        _ exchange: HTTPServerExchange,
        _ arrivals: BoundedMailbox<Arrival>,
        on loop: EventLoop
    ) async {
        guard exchange.head.method == .get, exchange.head.path.elementsEqual(path.utf8) else {
            return await respond(exchange, 404, "There is nothing here.")
        }
        let outcome = BoundedMailbox<(Bool, String)>(on: loop, capacity: 1)
        let arrival = Arrival(query: exchange.head.query.map { Array($0) } ?? []) { isDone, sentence in
            _ = outcome.push((isDone, sentence))
        }
        guard arrivals.push(arrival), let (isDone, sentence) = await outcome.next() else {
            return await respond(exchange, 503, "Too many returns at once: try the link again.")
        }
        await respond(exchange, isDone ? 200 : 400, sentence)
    }

    private static func respond(_ exchange: HTTPServerExchange, _ status: Int, _ sentence: String) async {
        var fields = HTTPFields()
        fields.append(.contentType, "text/html; charset=utf-8")
        fields.append(.cacheControl, "no-store")
        fields.append(.xContentTypeOptions, "nosniff")
        fields.append(.referrerPolicy, "no-referrer")
        fields.append(.contentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
        do throws(HTTPServerError) {
            try await exchange.respond(status, fields, body: page(sentence))
        } catch {
            // The browser is gone; what it brought was taken.
        }
    }

    private static func page(_ sentence: String) -> [UInt8] {
        // Sentences are ours, and what they quote is printable ASCII: only these three can matter to a page.
        let text = sentence.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
            .split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
            .split(separator: ">", omittingEmptySubsequences: false).joined(separator: "&gt;")
        let head = #"<!doctype html><html lang="en"><meta charset="utf-8"><title>Toolgate</title>"#
        return Array("\(head)<p>\(text)</p></html>".utf8)
    }
}
