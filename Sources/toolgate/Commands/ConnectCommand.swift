import Base
import EventLoops
import HTTPTransport
import Settings
import Upstreams

/// `toolgate connect`: for clients that speak only over standard streams.
enum ConnectCommand {
    static let command = Command(
        ["connect"],
        "join a client that speaks over standard streams to an endpoint",
        details:
            "A client that can only start a program starts this one. Messages come in on standard input and go out on\n"
            + "standard output, one a line; everything said to a person goes to standard error. The grant token comes from\n"
            + "a variable or a file, never from the command line, where everybody on the machine would see it.",
        operands: CommandOperands(placeholder: "ENDPOINT", count: 1...1),
        options: [
            CommandOption(
                "token",
                "SOURCE",
                "the grant token, env:VARIABLE or file:PATH (default: env:TOOLGATE_TOKEN)"
            ),
            CommandOption("ca", "FILE", "trust these authorities, not the system's", environment: "TOOLGATE_CA"),
            CommandOption("allow-insecure", nil, "let ENDPOINT be plain http on another machine"),
        ],
        examples: [
            ("the gateway on this machine", "TOOLGATE_TOKEN=tg_... toolgate connect http://127.0.0.1:8080/mcp/crm"),
            (
                "one elsewhere, its token in a file",
                "toolgate connect https://tools.example.com/mcp/crm --token file:/run/secrets/toolgate"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let address = try address(invocation)
        ProcessProtection.forbidDumps()
        let service = BridgeService(
            console: invocation.console,
            name: "endpoint",
            address: address,
            token: try token(invocation),
            trust: try trust(invocation)
        )
        return try ControlLoop.run { worker in
            do throws(CommandFailure) {
                try await service.run(on: worker)
                return .success(.done)
            } catch {
                return .failure(error)
            }
        }
    }

    private static func address(_ invocation: Invocation) throws(CommandFailure) -> UpstreamAddress {
        let text = invocation.operands[0]
        do throws(UpstreamAddress.Problem) {
            return try UpstreamAddress(text.utf8, allowsInsecure: invocation.isOn("allow-insecure"))
        } catch {
            guard error == .insecure else {
                throw .usage("the endpoint cannot be used: \(error.rawValue)")
            }
            throw .usage(
                "the endpoint cannot be used: plain `http` is for this machine only: use `https`, or give `--allow-insecure`"
            )
        }
    }

    private static func token(_ invocation: Invocation) throws(CommandFailure) -> Secret<[UInt8]> {
        let source = invocation.value("token") ?? "env:TOOLGATE_TOKEN"
        if source.hasPrefix("env:") {
            let name = String(source.dropFirst(4))
            guard let value = invocation.console.environment[name], !value.isEmpty else {
                throw .environment("the variable `\(name)` has no grant token: set it, or give `--token file:PATH`")
            }
            return Secret(Array(value.utf8))
        }
        guard source.hasPrefix("file:") else {
            // Its text is not repeated: it may be the token itself.
            throw .usage("`--token` is written env:VARIABLE or file:PATH")
        }
        do throws(FileProblem) {
            return Secret(SecretText.trimmed(try FileAccess.read(String(source.dropFirst(5)), maximumBytes: 64 << 10)))
        } catch {
            throw .environment(error.message)
        }
    }

    private static func trust(_ invocation: Invocation) throws(CommandFailure) -> TLSTrust? {
        guard let file = invocation.value("ca") else {
            return nil
        }
        do throws(TLSError) {
            return try TLSTrust(authoritiesFile: file)
        } catch {
            throw .environment("`\(file)`: \(error)")
        }
    }
}
