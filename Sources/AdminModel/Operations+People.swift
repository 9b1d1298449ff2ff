extension Operations {
    static let people: [Operation] = entering + oneself + inviting

    private static let password = Shape.text(1...1_024)
    private static let email = Shape.text(TextRule(.email, length: 3...254))
    private static let label = Shape.text(TextRule(.label, length: 1...128))
    private static let token = Shape.text(1...256)
    private static let code = Shape.text(1...64)
    private static let role = Shape.word(["viewer", "policy_manager", "admin"])

    private static let entering: [Operation] = [
        Operation(
            .setUp,
            .post,
            "/setup",
            .open,
            "make the first account by its link",
            .json(200, .reference("Session"))
        )
        .taking(
            .record(
                .needed("token", token),
                .free("organisation", .text(TextRule(.label, length: 1...128))),
                .needed("label", label),
                .needed("email", email),
                .needed("password", password)
            )
        ),
        Operation(
            .register,
            .post,
            "/registration",
            .open,
            "make the first account without a link, where that is open",
            .json(200, .reference("Session"))
        ).taking(
            .record(
                .free("organisation", .text(TextRule(.label, length: 1...128))),
                .needed("label", label),
                .needed("email", email),
                .needed("password", password)
            )
        ),
        Operation(.signIn, .post, "/session", .open, "sign in", .json(200, .reference("Session")))
            .taking(.record(.needed("email", email), .needed("password", password), .free("code", code))),
        Operation(
            .acceptInvitation,
            .post,
            "/invitations/accept",
            .open,
            "make an account by an invitation",
            .json(200, .reference("Session"))
        ).taking(.record(.needed("token", token), .needed("label", label), .needed("password", password))),
    ]

    private static let oneself: [Operation] = [
        Operation(.getSession, .get, "/session", .person, "who is signed in", .json(200, .reference("Session"))),
        Operation(.signOut, .delete, "/session", .person, "sign out", .nothing),
        Operation(.listSessions, .get, "/sessions", .person, "one's sessions", .page("SessionEntry")),
        Operation(.endSession, .delete, "/sessions/{id}", .person, "end one of one's sessions", .nothing),
        Operation(.changePassword, .post, "/password", .person, "change one's password", .nothing)
            .taking(.record(.needed("old", password), .needed("new", password))),
        Operation(
            .beginSecondFactor,
            .post,
            "/second-factor",
            .person,
            "begin a second factor",
            .json(200, .record(.needed("uri", .text()), .needed("secret", .text())))
        ).taking(.record()),
        Operation(
            .confirmSecondFactor,
            .post,
            "/second-factor/confirm",
            .person,
            "put the second factor in force by a first code",
            .json(200, .record(.needed("recovery_codes", .list(.text()))))
        ).taking(.record(.needed("code", code))),
        Operation(.removeSecondFactor, .delete, "/second-factor", .person, "take the second factor away", .nothing)
            .taking(.record(.needed("code", code))),
    ]

    private static let inviting: [Operation] = [
        Operation(.listInvitations, .get, "/invitations", .admin, "who is invited", .page("Invitation")),
        Operation(
            .invite,
            .post,
            "/invitations",
            .admin,
            "invite somebody; the link is shown once",
            .json(201, .record(.needed("invitation", .reference("Invitation")), .needed("link", .text())))
        ).taking(.record(.needed("email", email), .free("role", role))).keyed(),
        Operation(.withdrawInvitation, .delete, "/invitations/{id}", .admin, "withdraw an invitation", .nothing),
        Operation(.listTokens, .get, "/tokens", .admin, "the tokens of machines, never themselves", .page("Token")),
        Operation(
            .createToken,
            .post,
            "/tokens",
            .admin,
            "make a token for a machine, shown once",
            .json(201, .record(.needed("token", .text()), .needed("record", .reference("Token"))))
        ).taking(.record(.needed("label", label), .free("role", role), .free("expires", .optional(.time)))).keyed(),
        Operation(.removeToken, .delete, "/tokens/{id}", .admin, "end a token", .nothing),
    ]
}

extension Operations {
    static let decisions: [Operation] = [
        filtered(
            Operation(
                .listDecisions,
                .get,
                "/decisions",
                .viewer,
                "calls that were decided, the newest first",
                .page("Decision")
            ).paged()
        ),
        Operation(
            .getDecision,
            .get,
            "/decisions/{decision}",
            .viewer,
            "one decision",
            .json(200, .reference("Decision"))
        ),
        filtered(
            Operation(.streamDecisions, .get, "/decisions/stream", .viewer, "decisions as they are made", .events)
        ),
        Operation(.getOverview, .get, "/overview", .viewer, "what calls came to", .json(200, .reference("Overview")))
            .asking(.init("window", .word(["1h", "24h", "7d"]), "how far back; 24h when it is left out")),
        Operation(
            .getHeads,
            .get,
            "/audit/head",
            .viewer,
            "signed heads of the journal, to keep elsewhere",
            .json(200, .record(.needed("heads", .list(.text()))))
        ),
        Operation(
            .verifyAudit,
            .post,
            "/audit/verify",
            .viewer,
            "whether a row of the journal was changed, removed or added",
            .json(200, .document)
        ).taking(.record()),
    ]

    private static func filtered(_ operation: Operation) -> Operation {
        operation.asking(
            .init("from", .time, "not before"),
            .init("to", .time, "before"),
            .init("grant", .text(1...256), "of this grant, by label or identity"),
            .init("server", .text(1...256), "at this server"),
            .init("tool", .text(1...1_024), "of this tool"),
            .init("outcome", .text(1...64), "decided so, or ended so"),
            .init("rule", .text(1...1_024), "by this rule"),
            .init("text", .text(1...256), "this stands in the row")
        )
    }
}
