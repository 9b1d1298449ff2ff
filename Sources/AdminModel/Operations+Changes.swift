extension Operations {
    static let changes: [Operation] =
        serverChanges + bundleChanges + policyChanges + grantChanges + memberChanges + decided

    private static let name = Shape.text(TextRule(.name, length: 1...63))
    private static let label = Shape.text(TextRule(.label, length: 1...128))
    private static let email = Shape.text(TextRule(.email, length: 3...254))
    private static let url = Shape.text(1...2_048)
    private static let secret = Shape.text(1...65_536)
    private static let note = Shape.text(0...1_024)
    private static let words = (
        changed: Shape.word(["hide", "show"]), failure: Shape.word(["closed", "open"]),
        role: Shape.word(["viewer", "policy_manager", "admin"])
    )
    private static let headers = Shape.list(
        .record(.needed("name", .text(1...256)), .needed("value", .text(1...8_192))),
        atMost: 32
    )

    private static let serverChanges: [Operation] = [
        Operation(
            .createServer,
            .post,
            "/servers",
            .admin,
            "add a server by its URL, or a REST API through a connector; secrets are sealed",
            .json(201, .reference("Server"))
        ).taking(
            .record(
                .needed("name", name),
                .free("upstream", url),
                .free("allow_insecure", .flag),
                .free("headers", headers),
                .free("connector", name),
                .free("set", .list(.text(1...4_096), atMost: 64)),
                .free("secret", .record(.needed("value", secret))),
                .free("changed_tools", words.changed),
                .free("limit_failure", words.failure)
            )
        ).keyed(),
        Operation(
            .editServer,
            .put,
            "/servers/{server}",
            .admin,
            "change a server; what is left out stays",
            .json(200, .reference("Server"))
        ).taking(
            .record(
                .free("name", name),
                .free("upstream", url),
                .free("allow_insecure", .flag),
                .free("headers", headers),
                .free("changed_tools", words.changed),
                .free("limit_failure", words.failure)
            )
        ).basedOn(.tag),
        Operation(.removeServer, .delete, "/servers/{server}", .admin, "remove a server", .nothing).basedOn(.tag),
        Operation(
            .listServerChanges,
            .get,
            "/servers/{server}/changes",
            .viewer,
            "tools that wait to be accepted: both definitions",
            .page("ToolChange")
        ),
        Operation(
            .acceptTool,
            .post,
            "/servers/{server}/tools/{tool}/accept",
            .policyManager,
            "accept the definition a tool has now",
            .json(200, .reference("Tool"))
        ).taking(
            .record(
                .needed("digest", .text(TextRule(.hexadecimal, length: 64...64)), "of the definition you looked at")
            )
        ),
    ]

    private static let parts = Shape.list(
        .record(.needed("server", name), .needed("prefix", .text(0...63)), .free("policy", .optional(name))),
        count: 1...64
    )

    private static let bundleChanges: [Operation] = [
        Operation(
            .createBundle,
            .post,
            "/bundles",
            .admin,
            "put servers behind one path",
            .json(201, .reference("Bundle"))
        )
        .taking(.record(.needed("name", name), .needed("members", parts))).keyed(),
        Operation(
            .editBundle,
            .put,
            "/bundles/{bundle}",
            .admin,
            "change a bundle; what is left out stays",
            .json(200, .reference("Bundle"))
        ).taking(.record(.free("name", name), .free("members", parts))).basedOn(.tag),
        Operation(.removeBundle, .delete, "/bundles/{bundle}", .admin, "remove a bundle", .nothing).basedOn(.tag),
    ]

    private static let policyChanges: [Operation] = [
        Operation(
            .putPolicy,
            .put,
            "/policies/{policy}",
            .policyManager,
            "make a policy, or put another document in force as a new version",
            .json(200, .reference("PolicyWithDocument"))
        ).taking(
            .record(.needed("document", .document), .free("server", name, "for a new one"), .free("note", note))
        ).basedOn(.tagOrAbsence),
        Operation(.removePolicy, .delete, "/policies/{policy}", .policyManager, "remove a policy", .nothing)
            .basedOn(.tag),
        Operation(
            .rollBackPolicy,
            .post,
            "/policies/{policy}/rollback",
            .policyManager,
            "put an older version in force again, as a new one",
            .json(200, .reference("PolicyWithDocument"))
        ).taking(.record(.needed("version", .whole(1...1_000_000_000)), .free("note", note))).basedOn(.tag),
        Operation(
            .checkPolicy,
            .post,
            "/policy/check",
            .policyManager,
            "what is wrong with a document; changes nothing",
            .json(200, .reference("Findings"))
        ).taking(.record(.needed("document", .document), .free("server", name))),
        Operation(
            .explainPolicy,
            .post,
            "/policy/explain",
            .policyManager,
            "judge calls by a document or a policy, with every step; changes nothing",
            .json(200, .record(.needed("decisions", .list(.document))))
        ).taking(
            .record(
                .free("document", .document),
                .free("policy", name),
                .free("version", .whole(1...1_000_000_000)),
                .free("server", name),
                .free("call", .document),
                .free("calls", .list(.document, atMost: 1_000))
            )
        ),
        Operation(
            .comparePolicies,
            .post,
            "/policy/diff",
            .policyManager,
            "which calls are newly allowed, denied or limited; changes nothing",
            .json(200, .record(.needed("changes", .list(.reference("PolicyChange")))))
        ).taking(
            .record(
                .free("from", .document),
                .free("policy", name),
                .free("version", .whole(1...1_000_000_000)),
                .needed("to", .document),
                .free("server", name)
            )
        ),
        Operation(
            .suggestPolicy,
            .post,
            "/policy/suggest",
            .policyManager,
            "a first policy from what a server's tools can do",
            .json(200, .record(.needed("document", .text(), "the text of it"), .needed("notes", .list(.text()))))
        ).taking(
            .record(.needed("server", name), .free("preset", .word(["recommended", "strict", "permissive"])))
        ),
    ]

    private static let handover = Shape.record(
        .needed("grant", .reference("Grant")),
        .needed("token", .text(), "shown this once"),
        .needed("endpoint", .text()),
        .needed(
            "setup",
            .list(
                .record(
                    .needed("client", .text()),
                    .needed("title", .text()),
                    .needed("place", .text()),
                    .needed("text", .text())
                )
            )
        )
    )

    private static let grantChanges: [Operation] = [
        Operation(.createGrant, .post, "/grants", .admin, "make a grant; its token is shown once", .json(201, handover))
            .taking(
                .record(
                    .needed("label", label),
                    .free("server", name),
                    .free("bundle", name),
                    .free("policy", name),
                    .free("owner", label),
                    .free("member", label),
                    .free("expires", .optional(.time))
                )
            ).keyed(),
        Operation(
            .editGrant,
            .patch,
            "/grants/{label}",
            .admin,
            "change a grant's label, policy, expiry or owner",
            .json(200, .reference("Grant"))
        ).taking(
            .record(
                .free("label", label),
                .free("policy", .optional(name)),
                .free("owner", .optional(label)),
                .free("member", .optional(label)),
                .free("expires", .optional(.time))
            )
        ).basedOn(.freeTag),
        Operation(
            .setGrantPolicy,
            .put,
            "/grants/{label}/policy",
            .policyManager,
            "put a grant under a policy, or under none",
            .json(200, .reference("Grant"))
        ).taking(.record(.needed("policy", .optional(name)))).basedOn(.freeTag),
        Operation(
            .rotateGrant,
            .post,
            "/grants/{label}/rotate",
            .admin,
            "give a grant a new token, shown once",
            .json(200, handover)
        ).taking(
            .record(.free("overlap", .text(2...16), "how long the token before still opens, such as 1h; at most 30d"))
        ).basedOn(.freeTag).keyed(),
        Operation(
            .revokeGrant,
            .post,
            "/grants/{label}/revoke",
            .admin,
            "end a grant for good",
            .json(200, .reference("Grant"))
        ).taking(.record()),
        Operation(.removeGrant, .delete, "/grants/{label}", .admin, "remove a grant", .nothing).basedOn(.freeTag),
    ]

    private static let memberChanges: [Operation] = [
        Operation(.createMember, .post, "/members", .admin, "add a member", .json(201, .reference("Member")))
            .taking(.record(.needed("label", label), .free("email", email), .free("role", words.role))).keyed(),
        Operation(
            .editMember,
            .patch,
            "/members/{member}",
            .admin,
            "change a member",
            .json(200, .reference("Member"))
        ).taking(
            .record(
                .free("label", label),
                .free("role", words.role),
                .free("is_active", .flag),
                .free("email", .optional(email))
            )
        ).basedOn(.freeTag),
        Operation(
            .removeMember,
            .delete,
            "/members/{member}",
            .admin,
            "remove a member, saying what becomes of their grants",
            .nothing
        ).taking(.record(.free("grants", .text(1...140), "revoke, keep, or the label of who gets them")))
            .basedOn(.freeTag),
    ]

    private static let decided: [Operation] = [
        Operation(.listApprovals, .get, "/approvals", .viewer, "calls that wait or waited", .page("Approval")).paged()
            .asking(
                .init(
                    "standing",
                    .word(["pending", "approved", "denied", "used", "lapsed"]),
                    "only those that stand so"
                )
            ),
        Operation(
            .getApproval,
            .get,
            "/approvals/{id}",
            .viewer,
            "one call; its arguments for those who may decide about it",
            .json(200, .reference("Approval"))
        ),
        Operation(
            .approve,
            .post,
            "/approvals/{id}/approve",
            .approver,
            "let a call be made",
            .json(200, .reference("Approval"))
        ).taking(.record(.free("reason", .text(0...512)))),
        Operation(
            .deny,
            .post,
            "/approvals/{id}/deny",
            .approver,
            "refuse a call",
            .json(200, .reference("Approval"))
        ).taking(.record(.free("reason", .text(0...512), "what the agent is told"))),
        Operation(.listEvents, .get, "/admin-events", .admin, "what was changed, by whom", .page("AdminEvent")).paged(),
    ]
}
