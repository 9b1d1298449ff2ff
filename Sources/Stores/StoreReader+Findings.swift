internal import Base
internal import Secrets
internal import Settings

extension StoreReader {
    /// What is wrong with the records, for people; none when all is well.
    ///
    /// What the rules of ``StoreWriter`` never let in, but a damaged disk or a hand with another tool may have.
    public func findings() throws(StoreError) -> [String] {
        var findings = Findings()
        _ = try organisation()
        try checkServers(&findings)
        try checkPolicies(&findings)
        try checkGrants(&findings)
        try checkSecrets(&findings)
        try checkPeople(&findings)
        try checkEvents(&findings)
        return findings.list
    }

    private struct Findings {
        private(set) var list: [String] = []

        mutating func expect(_ isRight: Bool, _ finding: @autoclosure () -> String) {
            if !isRight {
                list.append(finding())
            }
        }
    }

    private func checkServers(_ findings: inout Findings) throws(StoreError) {
        var names: Set<ByteString> = []
        let servers = try servers()
        for server in servers {
            findings.expect(EntityName.isValid(server.name), "\(server.subject) has a name that cannot stand in a path")
            findings.expect(names.insert(server.name).inserted, "\(server.subject) has another's name")
            findings.expect(server.upstream.origin != nil, "\(server.subject) has a URL that is none")
        }
        let ids = Set(servers.map(\.id))
        for bundle in try bundles() {
            findings.expect(names.insert(bundle.name).inserted, "\(bundle.subject) has another's name")
            findings.expect(!bundle.members.isEmpty, "\(bundle.subject) has no members")
            for part in bundle.members {
                findings.expect(ids.contains(part.server), "\(bundle.subject) names a server that is not there")
                try checkPolicy(part.policy, server: part.server, user: bundle.subject, &findings)
            }
        }
        for pin in try tables.all(ToolPin.self) {
            findings.expect(ids.contains(pin.server), "the tool `\(pin.tool.shown)` is pinned for no server")
        }
    }

    private func checkPolicy(
        _ id: EntityID?,
        server: EntityID,
        user: Subject,
        _ findings: inout Findings
    ) throws(StoreError) {
        guard let id else {
            return
        }
        let policy = try policy(id)
        findings.expect(policy?.server == server, "\(user) has a policy that is not there, or another server's")
    }

    private func checkPolicies(_ findings: inout Findings) throws(StoreError) {
        for policy in try policies() {
            let isThere = try server(policy.server) != nil
            findings.expect(isThere, "\(policy.subject) is for a server that is not there")
            let numbers = try versions(of: policy.id).map(\.number)
            let isWhole = numbers == Array((1..<(numbers.count + 1)).reversed())
            findings.expect(isWhole, "\(policy.subject) lacks some of its versions")
        }
    }

    private func checkGrants(_ findings: inout Findings) throws(StoreError) {
        var digests: Set<GrantDigest> = []
        for grant in try grants() {
            for digest in [grant.digest, grant.previous?.digest].compactMap({ $0 }) {
                findings.expect(digests.insert(digest).inserted, "\(grant.subject) has another grant's token")
            }
            switch grant.target {
            case .server(let id, let policy):
                let isThere = try server(id) != nil
                findings.expect(isThere, "\(grant.subject) opens a server that is not there")
                try checkPolicy(policy, server: id, user: grant.subject, &findings)
            case .bundle(let id):
                let isThere = try bundle(id) != nil
                findings.expect(isThere, "\(grant.subject) opens a bundle that is not there")
            }
            if let owner = grant.owner {
                let isThere = try member(owner) != nil
                findings.expect(isThere, "\(grant.subject) belongs to a member who is not there")
            }
        }
    }

    private func checkSecrets(_ findings: inout Findings) throws(StoreError) {
        let least = try wrappingVersion()
        for credential in try credentials() {
            let isSealed = credential.sealed.isWellFormed
            findings.expect(isSealed, "\(credential.subject) has not the form of a sealed secret")
            let isCurrent = Int(credential.sealed.keyVersion) >= least
            findings.expect(isCurrent, "\(credential.subject) is wrapped with a key that was rotated out")
            let server = try server(credential.server)
            findings.expect(server != nil, "\(credential.subject) is for a server that is not there")
        }
    }

    private func checkPeople(_ findings: inout Findings) throws(StoreError) {
        var members: [EntityID: MemberRecord] = [:]
        for member in try self.members() {
            members[member.id] = member
        }
        let organisation = try organisation().id
        let accounts = try accounts()
        for account in accounts {
            let member = members[account.member]
            let name = "the account `\(account.email.shown)`"
            findings.expect(member != nil, "\(name) is a member's who is not there")
            let email = member?.email.map { AccountRecord.normalised($0) }
            findings.expect(member == nil || email == account.email, "\(name) has another address than its member")
            findings.expect(account.organisation == organisation, "\(name) is of an organisation that is not there")
        }
        let known = Set(accounts.map(\.member))
        for session in try tables.all(SessionRecord.self) {
            findings.expect(known.contains(session.member), "there is a session of somebody without an account")
        }
        for token in try adminTokens() {
            let owner = members[token.owner]
            findings.expect(owner != nil, "\(token.subject) acts for a member who is not there")
            let isBounded = owner.map { token.role <= $0.role } ?? true
            findings.expect(isBounded, "\(token.subject) may do more than the member it acts for")
        }
    }

    private func checkEvents(_ findings: inout Findings) throws(StoreError) {
        let state = try state()
        let count = try tables.count(of: AdminEvent.table, RowSelection())
        findings.expect(count == state.events, "there are \(count) events where \(state.events) were written")
        guard let last = try latestEvents(limit: 1).first else {
            findings.expect(state.revision == 0, "changes were made of which no event is there")
            return
        }
        let isLast = last.sequence == state.events && last.revision == state.revision
        findings.expect(isLast, "the last event is not that of the last change")
    }
}
