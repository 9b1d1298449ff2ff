// The classes follow the shapes of policylayer.md, 7.3; the texts are ours.

extension AttackPattern {
    static let agentBehaviour: [AttackPattern] = [
        AttackPattern(
            "indirect-prompt-injection",
            "Indirect prompt injection",
            .agentBehaviour,
            abuses: [.read, .write, .destructive, .financial],
            summary: "Somebody who cannot talk to the agent leaves text where the agent will read it: in a"
                + " lead's note, an "
                + "issue, a web page. The model takes the text for part of its task.",
            how: [
                "The attacker writes a sentence in the imperative into something the agent will look up.",
                "A reading tool brings it into the conversation beside the user's own words; the model cannot"
                    + " tell them apart.",
                "The next call, with the user's rights, is the attacker's.",
            ],
            signs: [
                "A writing or sending call right after foreign text was read, which the task does not explain.",
                "Fetched content that addresses a reader in the second person, or hides text by size, colour or"
                    + " markup.",
                "Arguments that hold values which stand nowhere in the user's request.",
            ],
            containment: "Let the agent that reads strangers' text write little: a low limit on what changes"
                + " data, a person's "
                + "agreement before anything leaves or cannot be undone.",
            policy: limited("create_lead", 30, approving: "send_email")
        ),
        AttackPattern(
            "prompt-injection-via-tool-results",
            "Prompt injection through tool results",
            .agentBehaviour,
            abuses: [.read],
            summary: "A server, or whoever fills the data behind it, answers a call with instructions instead"
                + " of data.",
            how: [
                "The result, an error message or a field of it says what the agent should do next.",
                "Results are as a rule trusted more than web pages: they come from a tool that the user chose.",
                "One answer can ask for the next call, and so lead through several tools.",
            ],
            signs: [
                "Results with sentences where the schema promises fields.",
                "The same unusual call after each answer of one tool.",
            ],
            containment: "Name the tools an agent needs and deny the rest, so that an instruction finds nothing"
                + " to call; "
                + "bound how often it can try.",
            policy: limited("get_leads", 60, approving: "update_lead")
        ),
        AttackPattern(
            "data-exfiltration-via-tool-chaining",
            "Data exfiltration by chaining tools",
            .agentBehaviour,
            abuses: [.read],
            summary: "One tool reads what is private, another sends to the outside. Each is harmless, both in"
                + " one conversation "
                + "are a way out.",
            how: [
                "The agent is brought to read records, files or keys, which it is allowed to do.",
                "Their content goes into an argument of a tool that posts, mails, fetches a URL or files a"
                    + " public issue.",
                "No single call breaks a rule.",
            ],
            signs: [
                "Long or encoded text in an argument for an address, a title or a search.",
                "Reading in bulk shortly before a call that reaches other people.",
            ],
            containment: "Give reading of private data and sending outward to different grants, or let sending"
                + " wait for a "
                + "person; cap how much one grant can read a minute.",
            policy: limited("get_contacts", 20, approving: "send_message")
        ),
        AttackPattern(
            "runaway-tool-loops",
            "Runaway tool loops",
            .agentBehaviour,
            abuses: [.read, .write, .execute, .destructive, .financial],
            summary: "Nobody attacks: an agent repeats a call, because the answer never satisfies it or because"
                + " two agents "
                + "answer each other, and does in a minute what a person does in a month.",
            how: [
                "An error reads like a request to try again.",
                "A retry after a time-out repeats what had already been done.",
                "A result wakes the process that asked for it.",
            ],
            signs: [
                "Many calls of one tool with the same or counted-up arguments.",
                "A steady rate through the night.",
            ],
            containment: "A limit per minute and grant on everything that changes anything, and a concurrency"
                + " of few.",
            policy: limited("create_lead", 30)
        ),
        AttackPattern(
            "confused-deputy",
            "Confused deputy",
            .agentBehaviour,
            abuses: [.write, .execute, .destructive, .financial],
            summary: "The server acts with its own wide rights for whoever asks. The agent may do by the tool"
                + " what its user "
                + "may not do by hand.",
            how: [
                "One credential of the server serves all users behind it.",
                "A caller names another's record, account or tenant in an argument, and the server does not ask"
                    + " whose it is.",
                "An authorisation made for one client is used by another that shares its identifier.",
            ],
            signs: [
                "Identifiers in arguments that the user never mentioned.",
                "One grant touching records of several tenants.",
            ],
            containment: "One grant per person or task, arguments that name an owner bound to the allowed ones,"
                + " deletion hidden.",
            policy: owned
        ),
    ]

    /// A policy with one limited tool, and perhaps one that waits for a person.
    static func limited(_ tool: String, _ most: Int, approving other: String? = nil) -> String {
        var text =
            #"{"version": "1", "default": "deny", "tools": {"\#(tool)": {"limits": [{"counter": "\#(tool)_rate", "#
        text += #""window": "minute", "max": \#(most), "scope": "grant"}]}"#
        if let other {
            text +=
                #", "\#(other)": {"require_approval": [{"conditions": [], "on_pending": "Requires human approval."}]}"#
        }
        return text + "}}"
    }

    /// A policy that asks something of one argument.
    static func requiring(_ tool: String, _ path: String, _ operation: String, _ value: String) -> String {
        #"{"version": "1", "default": "deny", "tools": {"\#(tool)": {"require": [{"conditions": [{"path": "args.\#(path)", "#
            + #""op": "\#(operation)", "value": \#(value)}], "on_deny": "Not allowed here."}]}}}"#
    }

    private static let owned =
        #"{"version": "1", "default": "deny", "hide": ["delete_lead"], "tools": {"update_lead": {"require": [{"conditions": "#
        + #"[{"path": "args.pipeline_id", "op": "in", "value": [101, 102]}], "on_deny": "Only your own pipelines."}]}}}"#
}
