import Base
import EventLoops
import HTTPTransport
import Upstreams

/// Joins this process's standard streams to an endpoint until the client is gone or a signal ends it.
struct BridgeService: Sendable {
    let console: Console
    let name: ByteString
    let address: UpstreamAddress
    /// The grant's token.
    let token: Secret<[UInt8]>
    let trust: TLSTrust?

    /// Runs on the calling loop, and on its thread writes to standard output: nobody else is served there.
    func run(on worker: isolated Worker) async throws(CommandFailure) {
        let server = UpstreamServer(
            configuration: try configuration(),
            client: HTTPClient(on: worker.loop, configuration: HTTPClientConfiguration(trust: trust)),
            shared: UpstreamKnowledge(),
            loop: worker.loop
        )
        let over = Latch<Void>()
        let console = console
        let bridge = StdioBridge(
            on: worker,
            to: server,
            write: { console.writeOutput($0) },
            finished: { over.set(()) }
        )
        let stop = Latch<Void>()
        let signals = try StopSignals(on: worker.loop, setting: stop)
        defer { signals.cancel() }
        let input = StandardInput(on: worker.loop)
        input.onBytes = { bytes in bridge.take(bytes) }
        input.onEnded = { bridge.end() }
        do throws(StreamError) {
            try input.start()
        } catch {
            throw .environment("cannot read standard input: \(error)")
        }
        worker.spawn {
            await stop.value()
            bridge.end()
        }
        await over.value()
        input.cancel()
        stop.set(())
    }

    private func configuration() throws(CommandFailure) -> UpstreamConfiguration {
        let value = Array("Bearer ".utf8) + token.reveal()
        var limits = UpstreamLimits()
        // The endpoint has bounds of its own, and a person may be asked before a call is answered.
        limits.totalTimeout = .seconds(3_600)
        do throws(UpstreamConfiguration.Problem) {
            return try UpstreamConfiguration(
                name: name,
                address: address,
                headers: [UpstreamHeader(name: "Authorization", value: Secret(value))],
                limits: limits
            )
        } catch {
            throw .usage("the grant token cannot be sent: it is not what `toolgate grant new` printed")
        }
    }
}
