import Base
import EventLoops
import HTTPTransport
import JSONText

/// `toolgate sandbox`: an MCP server of our own for demonstrations and tests.
enum SandboxCommand {
    static let command = Command(
        ["sandbox"],
        "run an MCP server with a CRM's tools, kept in memory",
        details:
            "It speaks 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28 at /mcp and really does what its tools say,\n"
            + "to leads that live as long as the process.",
        options: [
            CommandOption("listen", "ADDR:PORT", "where to listen (default 127.0.0.1:3001; port 0: any)"),
            CommandOption("page-size", "N", "how many tools a page of tools/list holds (default: all)"),
            .output,
        ],
        examples: [
            ("on the usual port", "toolgate sandbox"),
            ("on any free port, telling a script which", "toolgate sandbox --listen 127.0.0.1:0 --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let address = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:3001", option: "--listen")
        let pageSize = try WholeNumber.parse(
            invocation.value("page-size") ?? "1000",
            option: "--page-size",
            in: 1...1_000
        )
        return try ControlLoop.run { worker in
            await serve(on: worker, address, pageSize, invocation)
        }
    }

    private static func serve(
        on worker: isolated Worker,
        _ address: SocketAddress,
        _ pageSize: Int,
        _ invocation: Invocation
    ) async -> Result<CommandStatus, CommandFailure> {
        let stop = Latch<Void>()
        do throws(CommandFailure) {
            let signals = try StopSignals(on: worker.loop, setting: stop)
            let server: HTTPServer
            do throws(StreamError) {
                server = try SandboxService.start(on: worker, address: address, pageSize: pageSize)
            } catch {
                signals.cancel()
                throw .environment("cannot listen on \(address): \(error)")
            }
            tell(server.address, invocation)
            await stop.value()
            signals.cancel()
            await server.drain(within: .seconds(5))
            return .success(.done)
        } catch {
            return .failure(error)
        }
    }

    private static func tell(_ address: SocketAddress, _ invocation: Invocation) {
        let endpoint = "http://\(address)/mcp"
        guard invocation.printsJSON else {
            invocation.console.output(endpoint)
            invocation.console.say("the sandbox serves \(SandboxToolTable.definitions.count) tools; Ctrl-C ends it")
            return
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("endpoint")
        writer.string(endpoint)
        writer.endObject()
        invocation.console.output(String(decoding: writer.output, as: UTF8.self))
    }
}

/// Reads `--listen`.
enum ListenAddress {
    static func parse(_ text: String, option: String) throws(CommandFailure) -> SocketAddress {
        let spelled = text.hasPrefix("localhost:") ? "127.0.0.1:" + text.dropFirst("localhost:".count) : text
        guard let address = SocketAddress(spelled.utf8) else {
            throw .usage(
                "`\(option)` cannot be `\(text)`: write an address and a port, such as 127.0.0.1:8080 or [::1]:8080"
            )
        }
        return address
    }
}

/// Reads options that are whole numbers.
enum WholeNumber {
    static func parse(_ text: String, option: String, in range: ClosedRange<Int>) throws(CommandFailure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw .usage(
                "`\(option)` cannot be `\(text)`: write a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
