extension AttackPattern {
    static let supplyChain: [AttackPattern] = [
        AttackPattern(
            "mcp-rug-pull",
            "Rug pull",
            .supplyChain,
            abuses: [.execute, .destructive],
            summary: "A server is harmless until it has been approved. Later its definitions, or what stands"
                + " behind them, change.",
            how: [
                "An update alters a description, adds a parameter, widens what a tool does under its old name.",
                "The change may wait for a date, a customer, or the hundredth call.",
            ],
            signs: [
                "A definition whose digest is not the accepted one: `toolgate server tools SERVER --changed`.",
                "A tool whose class rises between two versions.",
            ],
            containment: "Definitions are pinned when first accepted; a changed tool is denied until a person"
                + " has seen the "
                + "difference. Limits bound what a change of behaviour behind an unchanged definition can do.",
            policy: limited("run_salesbot", 10)
        ),
        AttackPattern(
            "mcp-typosquatting",
            "Typosquatting of servers",
            .supplyChain,
            abuses: [.write, .execute],
            summary: "A server or a package with almost the name of a known one waits for somebody to mistype,"
                + " or for a model "
                + "to make up the name.",
            how: [
                "Letters that look alike, a hyphen more, another owner, an official-sounding prefix.",
                "It behaves like the original, and besides sends the credentials it is given elsewhere.",
            ],
            signs: [
                "A publisher other than that of the original's other servers.",
                "The code `look-alike-name`; few users, a young package.",
            ],
            containment: "Register servers by exact address, give each only its own credential, name its tools.",
            policy: limited("create_lead", 10)
        ),
        AttackPattern(
            "compromised-mcp-package",
            "Compromised package",
            .supplyChain,
            abuses: [.execute],
            summary: "The right package with the wrong content: a maintainer's account, a dependency or a build"
                + " was taken over.",
            how: [
                "A patch release brings code that runs at installation or at start, with the user's rights.",
                "It reads variables and files, or adds a hidden copy to each outgoing message.",
            ],
            signs: [
                "A new version without a change in the repository it names.",
                "Connections of the process to addresses nobody configured.",
            ],
            containment: "Pin versions, start servers with an environment of their own (docs/processes.md), let"
                + " their "
                + "credentials stay in the gateway, keep what executes under a low limit.",
            policy: limited("run_job", 5)
        ),
    ]

    static let argumentWays: [AttackPattern] = [
        AttackPattern(
            "ssrf-through-arguments",
            "Request forgery through an address",
            .agentBehaviour,
            abuses: [.read, .write, .execute],
            through: [.url],
            summary: "A tool that fetches the address it is given can be sent to what only the server can"
                + " reach: the cloud's "
                + "metadata service, an inner console, the machine itself.",
            how: [
                "The address is written as a number, in IPv6, or behind a name that points inward.",
                "A public address answers with a redirect to an inner one.",
            ],
            signs: [
                "Private, link-local or numeric hosts in arguments.",
                "Addresses that stand in fetched text and not in the task.",
            ],
            containment: "Allow the hosts that are needed; else refuse inner ones. The server still has to"
                + " check where "
                + "redirects lead: a gateway sees only the argument.",
            policy: requiring("fetch_url", "url", "url_host_in", #"["example.com", "*.example.com"]"#)
        ),
        AttackPattern(
            "argument-injection",
            "Injection through arguments",
            .agentBehaviour,
            abuses: [.read, .write, .execute, .destructive],
            through: [.code, .shell, .query],
            summary: "An argument is a language: SQL, a shell line, a filter, a template. Whoever fills it"
                + " writes a program.",
            how: [
                "Text from a record ends up in a query and closes its quotation.",
                "A switch, a substitution or a second statement hides in what looks like a value.",
            ],
            signs: [
                "Statement separators, comments, substitutions or switches in arguments.",
                "Calls of a query tool that change the number of rows.",
            ],
            containment: "No pattern bounds a language. Allow exact values, or leave the tool out and offer"
                + " narrow ones.",
            policy: requiring("run_report", "query", "in", #"["SELECT 1"]"#)
        ),
        AttackPattern(
            "path-traversal",
            "Leaving the folder",
            .agentBehaviour,
            abuses: [.read, .write, .destructive],
            through: [.path, .outputPath],
            summary: "A path in an argument leads out of the folder the tool was meant for: to keys, to"
                + " start-up files, to "
                + "another user's data.",
            how: [
                "Dots, encoded separators, absolute paths or links walk upward.",
                "Writing a file that another program runs turns a write into execution.",
            ],
            signs: [
                "`..`, percent signs, `~` or hidden folders in a path.",
                "Writes to places where programs"
                    + " look for settings.",
            ],
            containment: "Keep every path inside one folder; links are the server's to check.",
            policy: requiring("read_file", "path", "path_within", #"["/srv/data"]"#)
        ),
    ]
}
