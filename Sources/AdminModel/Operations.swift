/// The table: everything the admin API can be asked.
public enum Operations {
    /// All of them, by subject.
    public static let all: [Operation] =
        itself + servers + bundles + policies + grants + members + changes + people + decisions

    /// An operation by its name.
    public static func operation(_ id: OperationID) -> Operation? {
        all.first { $0.id == id }
    }

    private static let itself: [Operation] = [
        Operation(
            .getOpenAPI,
            .get,
            "/openapi.json",
            .open,
            "this API as an OpenAPI 3.1 document",
            .json(200, .document)
        ),
        Operation(
            .getHealth,
            .get,
            "/health",
            .open,
            "whether the gateway is up",
            .json(200, .reference("Health"))
        ),
    ]

    private static let servers: [Operation] = [
        Operation(.listServers, .get, "/servers", .viewer, "the servers", .page("Server")).paged(),
        Operation(.getServer, .get, "/servers/{server}", .viewer, "one server", .json(200, .reference("Server"))),
        Operation(
            .listServerTools,
            .get,
            "/servers/{server}/tools",
            .viewer,
            "a server's tools and where their definitions stand",
            .page("Tool")
        ).paged(),
    ]

    private static let bundles: [Operation] = [
        Operation(.listBundles, .get, "/bundles", .viewer, "the bundles", .page("Bundle")).paged(),
        Operation(.getBundle, .get, "/bundles/{bundle}", .viewer, "one bundle", .json(200, .reference("Bundle"))),
    ]

    private static let policies: [Operation] = [
        Operation(.listPolicies, .get, "/policies", .viewer, "the policies, without documents", .page("Policy"))
            .paged(),
        Operation(
            .getPolicy,
            .get,
            "/policies/{policy}",
            .viewer,
            "one policy with the document in force",
            .json(200, .reference("PolicyWithDocument"))
        ),
        Operation(
            .listPolicyVersions,
            .get,
            "/policies/{policy}/versions",
            .viewer,
            "the versions of a policy, the newest first",
            .page("PolicyVersion")
        ).paged(),
        Operation(
            .getPolicyVersion,
            .get,
            "/policies/{policy}/versions/{version}",
            .viewer,
            "one version with its document",
            .json(200, .reference("PolicyWithDocument"))
        ),
    ]

    private static let grants: [Operation] = [
        Operation(.listGrants, .get, "/grants", .viewer, "the grants, never a token", .page("Grant")).paged(),
        Operation(.getGrant, .get, "/grants/{label}", .viewer, "one grant", .json(200, .reference("Grant"))),
    ]

    private static let members: [Operation] = [
        Operation(.listMembers, .get, "/members", .viewer, "the members", .page("Member")).paged(),
        Operation(.getMember, .get, "/members/{member}", .viewer, "one member", .json(200, .reference("Member"))),
    ]
}

extension Operation.Answer {
    /// A page of a list.
    static func page(_ component: String) -> Operation.Answer {
        .json(
            200,
            .record(
                .needed("items", .list(.reference(component))),
                .needed("next", .optional(.text(1...2_048)), "the cursor of the next page; null at the end")
            )
        )
    }
}
