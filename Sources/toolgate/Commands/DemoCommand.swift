import Base
import EventLoops

/// `toolgate demo`: a real server, a real gateway in front of it, and real calls (`make run`).
enum DemoCommand {
    static let command = Command(
        ["demo"],
        "start a server and a gateway in front of it, and show what it does with calls",
        details:
            "The calls are allowed, denied, hidden and limited. Then it keeps running until Ctrl-C, so that you can\n"
            + "paste the printed lines into your client; without a terminal, or with DEMO_ONCE=1, it ends after the calls.\n"
            + "The server is the sandbox, or the Kommo and Bitrix24 connectors in front of the two APIs named: `make run`\n"
            + "starts stand-ins for them, because the calls create leads. Their secrets are in KOMMO_TOKEN and\n"
            + "BITRIX24_WEBHOOK. Exit 1 when a call did not get what it had to.",
        options: [
            CommandOption("listen", "ADDR:PORT", "where the gateway listens (default 127.0.0.1:8080, else any port)"),
            CommandOption("once", nil, "end after the calls"),
            CommandOption("kommo", "URL", "the base of an API like Kommo's"),
            CommandOption("bitrix24", "URL", "the base of an API like Bitrix24's"),
        ],
        examples: [("see it", "toolgate demo"), ("for a script", "toolgate demo --once")]
    ) { invocation throws(CommandFailure) in
        ProcessProtection.forbidDumps()
        let demo = try Demo(invocation)
        return try ControlLoop.run { worker in
            await demo.run(on: worker)
        }
    }
}
