/// The shapes that have names.
enum Components {
    static let all: [String: Shape] = [
        "Problem": problem, "Health": health, "Server": server, "Tool": tool, "Bundle": bundle, "Policy": policy,
        "PolicyWithDocument": policyWithDocument, "PolicyVersion": policyVersion, "Grant": grant, "Member": member,
        "ToolChange": toolChange, "Findings": findings, "PolicyChange": policyChange, "Approval": approval,
        "AdminEvent": adminEvent, "Session": session, "SessionEntry": sessionEntry, "Invitation": invitation,
        "Token": token, "Decision": decision, "Overview": overview,
    ]

    private static let names = Shape.list(.text())
    private static let tag = Shape.Member.free("etag", .text(1...64), "for If-Match")
    private static let maybe = Shape.optional(.text())
    private static let maybeTime = Shape.optional(.time)
    private static let count = Shape.whole(0...Int(Int32.max))

    private static let problem = Shape.record(
        [
            .needed("type", .text(), "urn:toolgate:problem:CODE"), .needed("title", .text()),
            .needed("status", .whole(400...599)), .needed("detail", .text()), .free("remedy", .text()),
            .free(
                "errors",
                .list(
                    .record(
                        .needed("pointer", .text()),
                        .needed("message", .text()),
                        .free("remedy", .text()),
                        .free("line", count),
                        .free("column", count),
                        .free("severity", .word(["error", "warning"])),
                        .free("code", .text())
                    )
                )
            ),
        ],
        isOpen: false
    )

    private static let health = Shape.record(
        .needed("status", .word(["ok"])),
        .needed("version", .text()),
        .needed("setup", .flag, "whether somebody can sign in yet"),
        .needed("registration", .word(["open", "invitation"]))
    )

    private static let header = Shape.record(.needed("name", .text()), .needed("source", .text()))

    private static let server = Shape.record(
        [
            .needed("name", .text()), .needed("id", .text()), .needed("path", .text()),
            .needed("upstream", .text(), "where it is, in one line"),
            .free("allow_insecure", .flag), .free("headers", .list(header)),
            .free("command", .text()), .free("args", names), .free("cwd", maybe), .free("process", .text()),
            .free("env", .list(header)), .free("connector", .text()), .free("set", names),
            .free("secret", .list(header)),
            .needed("changed_tools", .word(["hide", "show"])), .needed("limit_failure", .word(["closed", "open"])),
            .needed("policies", names), .needed("grants", names), .needed("credentials", names),
            .needed("tools_pinned", count), .needed("tools_changed", count), .needed("tools_new", count),
            .needed("created", .time), tag,
        ],
        isOpen: false
    )

    private static let toolMembers: [Shape.Member] = [
        .needed("tool", .text()),
        .needed("standing", .word(["pinned", "changed", "new", "gone", "renamed"])),
        .needed("since", .time), .needed("digest", .text()), .free("waiting_digest", .text()),
        .free("former_name", .text()), .free("accepted_by", .text()), .free("accepted", .time),
        .free("title", .text()), .free("description", .text()), .free("input_schema", .document),
    ]
    private static let tool = Shape.record(toolMembers, isOpen: false)
    private static let toolChange = Shape.record(
        toolMembers + [
            .needed("pinned", .document, "the definition in force; null for a new tool"),
            .needed("offered", .document, "the one that waits"), .needed("offered_digest", .text()),
        ],
        isOpen: false
    )

    private static let finding = Shape.record(
        .needed("severity", .word(["error", "warning"])),
        .needed("pointer", .text()),
        .needed("line", count),
        .needed("column", count),
        .needed("code", .text()),
        .needed("message", .text())
    )
    private static let findings = Shape.record(.needed("ok", .flag), .needed("findings", .list(finding)))

    private static let policyChange = Shape.record(
        .needed("effect", .text()),
        .needed("pointer", .text()),
        .free("tools", names),
        .needed("sentence", .text())
    )

    private static let approval = Shape.record(
        [
            .needed("id", .text()), .needed("grant", .text()), .needed("server", .text()), .needed("tool", .text()),
            .needed("rule", .text()),
            .needed("standing", .word(["pending", "approved", "denied", "used", "lapsed"])),
            .needed("approvers", names), .needed("created", .time), .needed("lapses", .time),
            .free("decided_by", .text()), .free("reason", .text()), .needed("may_decide", .flag),
            .free("arguments", .document, "only for those who may decide, until somebody has"),
            .free("title", .text()), .free("description", .text()), .free("input_schema", .document),
        ],
        isOpen: false
    )

    private static let adminEvent = Shape.record(
        .needed("sequence", count),
        .needed("revision", count),
        .needed("time", .time),
        .needed("author", .text()),
        .needed("action", .text()),
        .needed("subject", .text()),
        .needed("name", .text()),
        .needed("before", maybe),
        .needed("after", maybe)
    )

    private static let bundle = Shape.record(
        [
            .needed("name", .text()), .needed("id", .text()), .needed("path", .text()),
            .needed(
                "members",
                .list(
                    .record(.needed("server", .text()), .needed("prefix", .text()), .needed("policy", maybe))
                )
            ),
            .needed("grants", names), .needed("created", .time), tag,
        ],
        isOpen: false
    )

    private static let policyMembers: [Shape.Member] = [
        .needed("name", .text()), .needed("id", .text()), .needed("server", maybe),
        .needed("version", .optional(count)), .needed("in_force", .flag), .needed("digest", maybe),
        .needed("changed", maybeTime), .needed("author", maybe), .needed("note", maybe), .needed("grants", names),
        .needed("created", .time), tag,
    ]
    private static let policy = Shape.record(policyMembers, isOpen: false)
    private static let policyWithDocument = Shape.record(
        policyMembers + [.needed("document", .document, "as it was given; null while there is none")],
        isOpen: false
    )

    private static let policyVersion = Shape.record(
        .needed("version", count),
        .needed("in_force", .flag),
        .needed("time", .time),
        .needed("author", .text()),
        .needed("digest", .text()),
        .needed("bytes", count),
        .needed("note", maybe)
    )

    private static let grant = Shape.record(
        [
            .needed("label", .text()), .needed("id", .text()),
            .needed("state", .word(["open", "overlapping", "expired", "revoked"])),
            .needed("server", maybe), .needed("bundle", maybe), .needed("policy", maybe), .needed("member", maybe),
            .needed("generation", count), .needed("last_used", maybeTime), .needed("expires", maybeTime),
            .needed("overlap_ends", maybeTime), .needed("revoked", maybeTime), .needed("created", .time),
            .needed("created_by", .text()), tag,
        ],
        isOpen: false
    )

    private static let member = Shape.record(
        [
            .needed("label", .text()), .needed("id", .text()),
            .needed("role", .word(["viewer", "policy_manager", "admin"])), .needed("active", .flag),
            .needed("email", maybe), .needed("grants", names), .needed("created", .time), tag,
        ],
        isOpen: false
    )

    private static let session = Shape.record(
        .needed("member", .record(.needed("id", .text()), .needed("label", .text()), .needed("email", maybe))),
        .needed("organisation", .text()),
        .needed("role", .word(["viewer", "policy_manager", "admin"])),
        .needed("second_factor", .flag),
        .needed("features", names)
    )
    private static let sessionEntry = Shape.record(
        .needed("id", .text()),
        .needed("address", .text()),
        .needed("client", .text()),
        .needed("created", .time),
        .needed("last_seen", .time),
        .needed("ends", .time),
        .needed("current", .flag)
    )
    private static let invitation = Shape.record(
        .needed("id", .text()),
        .needed("email", .text()),
        .needed("role", .text()),
        .needed("created_by", .text()),
        .needed("created", .time),
        .needed("expires", .time)
    )
    private static let token = Shape.record(
        .needed("id", .text()),
        .needed("label", .text()),
        .needed("role", .text()),
        .needed("owner", maybe),
        .needed("last_used", maybeTime),
        .needed("expires", maybeTime),
        .needed("created", .time),
        .needed("created_by", .text())
    )
    /// The members are those of the journal's rows (docs/audit.md).
    private static let decision = Shape.record(
        [.needed("id", .text()), .needed("stream", .text()), .needed("time", .time), .free("end", .document)],
        isOpen: true
    )
    private static let overview = Shape.record(
        .needed("calls", count),
        .needed("is_whole", .flag, "false: only the newest were looked at"),
        .needed("outcomes", .map(count)),
        .needed(
            "latency",
            .record(
                .needed("p50_us", .optional(count)),
                .needed("p95_us", .optional(count)),
                .needed("p99_us", .optional(count))
            )
        ),
        .needed("series", .list(.record(.needed("time", .time), .needed("outcomes", .map(count))))),
        .needed(
            "top_denials",
            .list(
                .record(
                    .needed("server", .text()),
                    .needed("tool", .text()),
                    .needed("rule", .text()),
                    .needed("count", count)
                )
            )
        ),
        .needed(
            "attention",
            .list(.record(.needed("kind", .text()), .needed("text", .text()), .needed("link", .text())))
        )
    )
}
