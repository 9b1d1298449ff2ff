import Base
import EventLoops

/// `toolgate demo`: a real sandbox, a real gateway in front of it, and four real calls (`make run`).
enum DemoCommand {
    static let command = Command(
        ["demo"],
        "start a sandbox and a gateway in front of it, and show four calls",
        details:
            "The four calls are allowed, denied, hidden and limited. Then it keeps running until Ctrl-C, so that you can\n"
            + "paste the printed lines into your client; without a terminal, or with DEMO_ONCE=1, it ends after the four.\n"
            + "Exit 1 when a call did not get what it had to.",
        options: [
            CommandOption("listen", "ADDR:PORT", "where the gateway listens (default 127.0.0.1:8080, else any port)"),
            CommandOption("once", nil, "end after the four calls"),
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
