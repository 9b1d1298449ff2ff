internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import People
internal import Secrets
internal import Settings
internal import Stores

// How people and machines get in; who they are is room People's.
extension AdminDesk {
    // MARK: Getting in

    func setUp(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try signedIn(request) { people throws(PeopleError) in
            try people.found(
                link: request.text("token")?.bytes,
                organisation: request.text("organisation"),
                label: request.text("label") ?? "",
                email: request.text("email") ?? "",
                password: request.secret("password"),
                address: request.address,
                client: request.client
            )
        }
    }

    func register(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard configuration.isRegistrationOpen else {
            throw Problem(.forbidden, "members are invited here", remedy: "ask an admin for an invitation")
        }
        return try setUp(request)
    }

    func signIn(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try signedIn(request) { people throws(PeopleError) in
            try people.signIn(
                email: request.text("email") ?? "",
                password: request.secret("password"),
                code: request.text("code"),
                address: request.address,
                client: request.client
            )
        }
    }

    func acceptInvitation(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try signedIn(request) { people throws(PeopleError) in
            try people.accept(
                invitation: request.text("token")?.bytes ?? [],
                label: request.text("label") ?? "",
                password: request.secret("password"),
                address: request.address,
                client: request.client
            )
        }
    }

    private func signedIn(
        _ request: AdminRequest,
        _ body: (PeopleDesk) throws(PeopleError) -> SignedIn
    ) throws(Problem) -> AdminAnswer {
        let people = try people()
        let signed = try attempt { () throws(PeopleError) in try body(people) }
        var answer = try standing(of: signed.member, request, second: nil)
        answer.cookie = cookie(signed.token)
        return answer
    }

    private func people() throws(Problem) -> PeopleDesk {
        guard let people = configuration.people else {
            throw Problem(.unavailable, "this gateway keeps no accounts")
        }
        return people
    }

    /// The cookie a session's token travels in; with `__Host-` where browsers would send it by https alone.
    private func cookie(_ token: AccessToken) -> [UInt8] {
        let name = configuration.isSecure ? "__Host-toolgate" : "toolgate"
        let attributes = "; Path=/; HttpOnly; SameSite=Strict" + (configuration.isSecure ? "; Secure" : "")
        return Array(name.utf8) + [UInt8(ascii: "=")] + token.reveal() + Array(attributes.utf8)
    }

    private var endedCookie: [UInt8] {
        let name = configuration.isSecure ? "__Host-toolgate" : "toolgate"
        let attributes = "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" + (configuration.isSecure ? "; Secure" : "")
        return Array(name.utf8) + Array(attributes.utf8)
    }

    // MARK: Oneself

    func getSession(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard let principal = request.principal else {
            throw Problem(.unauthenticated, "nobody is signed in")
        }
        let member = try read { records, _ throws(StoreError) in
            try principal.member.map { id throws(StoreError) in try records.reader.member(id) } ?? nil
        }
        guard let member else {
            throw Problem(.unauthenticated, "the member is gone")
        }
        return try standing(of: member, request, second: principal.role)
    }

    /// Who is signed in and what they may do; a token may do less than its owner.
    private func standing(
        of member: MemberRecord,
        _ request: AdminRequest,
        second role: MemberRole?
    ) throws(Problem) -> AdminAnswer {
        let (organisation, account) = try read { records, _ throws(StoreError) in
            (try records.reader.organisation().name, try records.reader.account(of: member.id))
        }
        let shown = ShownRecord([
            ("id", member.id.shown), ("label", .text(member.label.text)),
            ("email", .optional(account?.email ?? member.email, orElse: "none")),
        ])
        let record = ShownRecord([
            ("member", .record(shown, line: "")), ("organisation", .text(organisation.text)),
            ("role", .text((role ?? member.role).rawValue)),
            ("second_factor", .flag(account?.secondFactor != nil)),
            ("features", .list(configuration.features.map { .text($0) })),
        ])
        return .json(record.json)
    }

    func signOut(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard case .session(let id)? = request.principal?.way else {
            throw Problem(.refused, "a token has no session to end")
        }
        let people = try people()
        try attempt { () throws(PeopleError) in try people.signOut(id) }
        var answer = AdminAnswer.nothing
        answer.cookie = endedCookie
        return answer
    }

    func listSessions(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard let member = request.principal?.member else {
            return Self.list([], next: nil)
        }
        let sessions = try read { records, _ throws(StoreError) in
            try records.reader.sessions(of: member, at: request.now)
        }
        let records = sessions.prefix(200).map { session in
            ShownRecord([
                ("id", session.id.shown), ("address", .text(session.address.text)),
                ("client", .text(session.client.text)), ("created", .time(session.created)),
                ("last_seen", .time(session.lastSeen)), ("ends", .time(session.ends)),
                ("current", .flag(request.principal?.way == .session(session.id))),
            ])
        }
        return Self.list(Array(records), next: nil)
    }

    func endSession(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let name = request.parameter("id")
        let known = try read { records, _ throws(StoreError) in
            try request.principal?.member.map { member throws(StoreError) in
                try records.reader.sessions(of: member, at: request.now)
            } ?? []
        }
        guard let session = known.first(where: { $0.id.text == name.bytes }) else {
            throw Problem(.notFound, "you have no session `\(name)`")
        }
        let people = try people()
        try attempt { () throws(PeopleError) in try people.signOut(session.id) }
        return .nothing
    }

    func changePassword(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let token = try own(request) { people, identity throws(PeopleError) in
            try people.changePassword(
                of: identity,
                from: request.secret("old"),
                to: request.secret("new"),
                address: request.address
            )
        }
        var answer = AdminAnswer.nothing
        answer.cookie = cookie(token)
        return answer
    }

    func beginSecondFactor(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let (uri, secret) = try own(request) { people, identity throws(PeopleError) in
            try people.beginSecondFactor(of: identity)
        }
        return .json(ShownRecord([("uri", .text(uri)), ("secret", .text(secret))]).json)
    }

    func confirmSecondFactor(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let (codes, token) = try own(request) { people, identity throws(PeopleError) in
            try people.confirmSecondFactor(of: identity, code: request.text("code") ?? "")
        }
        let shown: [ShownValue] = codes.map { .text($0.shown) }
        var answer = AdminAnswer.json(ShownRecord([("recovery_codes", .list(shown))]).json)
        answer.cookie = cookie(token)
        return answer
    }

    func removeSecondFactor(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let token = try own(request) { people, identity throws(PeopleError) in
            try people.removeSecondFactor(of: identity, code: request.text("code") ?? "")
        }
        var answer = AdminAnswer.nothing
        answer.cookie = cookie(token)
        return answer
    }

    /// What only a person does about themselves, in their own session.
    private func own<Value>(
        _ request: AdminRequest,
        _ body: (PeopleDesk, Identity) throws(PeopleError) -> Value
    ) throws(Problem) -> Value {
        guard let identity = request.principal?.identity else {
            throw Problem(.refused, "this is for a person who is signed in")
        }
        let people = try people()
        return try attempt { () throws(PeopleError) in try body(people, identity) }
    }

    // MARK: Invitations

    func listInvitations(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let invitations = try read { records, _ throws(StoreError) in
            try records.reader.invitations(at: request.now)
        }
        return Self.list(invitations.prefix(1_000).map { Self.shown($0) }, next: nil)
    }

    private static func shown(_ invitation: InvitationRecord) -> ShownRecord {
        ShownRecord([
            ("id", invitation.id.shown), ("email", .text(invitation.email.text)),
            ("role", .text(invitation.role.rawValue)), ("created_by", .text(invitation.createdBy.text)),
            ("created", .time(invitation.created)), ("expires", .time(invitation.expires)),
        ])
    }

    func invite(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard let principal = request.principal else {
            throw Problem(.unauthenticated, "nobody is signed in")
        }
        let people = try people()
        let role = request.text("role").flatMap { MemberRole(rawValue: $0.text) } ?? .viewer
        let (invitation, token) = try attempt { () throws(PeopleError) in
            try people.invite(
                request.text("email") ?? "",
                role: role,
                inviter: principal.member,
                by: principal.author
            )
        }
        let origin = configuration.origin ?? "\(configuration.identity == nil ? "http" : "https")://\(request.host)"
        let text = "\(origin)/#/invitation/" + String(decoding: token.reveal(), as: UTF8.self)
        let record = ShownRecord([
            ("invitation", .record(Self.shown(invitation), line: "")), ("link", .text(text)),
        ])
        return .json(record.json, status: 201)
    }

    func withdrawInvitation(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let name = request.parameter("id")
            let known = try records.reader.invitations(at: request.now).first { $0.id.text == name.bytes }
            guard let known else {
                throw refusal.unknown("invitation", name)
            }
            try writer.withdraw(invitation: known.id)
        }
        return .nothing
    }

    // MARK: Tokens of machines

    func listTokens(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let records = try read { records, _ throws(StoreError) in
            let names = try RecordNames(records)
            let uses = try records.reader.adminTokenUses()
            return try records.reader.adminTokens().prefix(1_000).map { Self.shown($0, names, uses[$0.id]) }
        }
        return Self.list(records, next: nil)
    }

    private static func shown(_ token: AdminTokenRecord, _ names: RecordNames, _ used: WallTime?) -> ShownRecord {
        ShownRecord([
            ("id", token.id.shown), ("label", .text(token.label.text)), ("role", .text(token.role.rawValue)),
            ("owner", .optional(names.members[token.owner], orElse: "nobody")),
            ("last_used", .optional(used, orElse: "never")), ("expires", .optional(token.expires, orElse: "never")),
            ("created", .time(token.created)), ("created_by", .text(token.createdBy.text)),
        ])
    }

    func createToken(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        guard let principal = request.principal, let owner = principal.member else {
            throw Problem(.forbidden, "a token belongs to a member, and this one is nobody's")
        }
        let expires = try request.time("expires") ?? nil
        let people = try people()
        let role = request.text("role").flatMap { MemberRole(rawValue: $0.text) } ?? .viewer
        let (record, token) = try attempt { () throws(PeopleError) in
            try people.makeToken(
                request.text("label") ?? "",
                role: role,
                owner: owner,
                expires: expires,
                by: principal.author
            )
        }
        let shown = try read { records, _ throws(StoreError) in
            Self.shown(record, try RecordNames(records), nil)
        }
        let answer = ShownRecord([
            ("token", .text(String(decoding: token.reveal(), as: UTF8.self))), ("record", .record(shown, line: "")),
        ])
        return .json(answer.json, status: 201)
    }

    func removeToken(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let name = request.parameter("id")
            guard let id = EntityID(text: name.bytes), try records.reader.adminToken(id) != nil else {
                throw refusal.unknown("token", name)
            }
            try writer.remove(token: id)
        }
        return .nothing
    }

    // MARK: Problems

    private func attempt<Value>(_ body: () throws(PeopleError) -> Value) throws(Problem) -> Value {
        do throws(PeopleError) {
            return try body()
        } catch {
            switch error {
            case .wrongCredentials: throw Problem(.unauthenticated, error.description)
            case .secondFactorRequired: throw Problem(.secondFactorRequired, error.description)
            case .wrongCode: throw Problem(.wrongCode, error.description)
            case .tooManyAttempts(let seconds):
                throw Problem(.tooMany, error.description, retryAfter: seconds)
            case .busy: throw Problem(.tooMany, error.description, retryAfter: 1)
            case .needsSession: throw Problem(.forbidden, error.description)
            case .refused(let rule): throw Problem(.refused, rule)
            case .store(let error): throw problem(error)
            }
        }
    }
}

extension AdminRequest {
    /// A text of the body that is not to be seen in records.
    fileprivate func secret(_ key: StaticString) -> Secret<[UInt8]> { Secret(text(key)?.bytes ?? []) }
}

/// Lets in whom room People knows.
struct PeopleGate: AdminGate {
    let people: PeopleDesk
    let store: any Store

    func principal(session: [UInt8]?, token: [UInt8]?, now: WallTime) throws(StoreError) -> Principal? {
        let identity: Identity?
        if let session {
            identity = try people.identity(session: session)
        } else {
            identity = try token.map { text throws(StoreError) in try people.identity(token: text) } ?? nil
        }
        guard let identity else {
            return nil
        }
        let organisation = try store.read { reader throws(StoreError) in try reader.organisation().id }
        return Principal(identity, organisation: organisation)
    }

    func needsSetup() throws(StoreError) -> Bool {
        try store.read { reader throws(StoreError) in try !reader.hasAccounts() }
    }
}

extension Principal {
    /// Somebody room People knows.
    init(_ identity: Identity, organisation: EntityID) {
        self.init(
            organisation: organisation,
            member: identity.member.id,
            label: identity.member.label,
            role: identity.role,
            way: {
                switch identity.means {
                case .session(let session): .session(session.id)
                case .token(let token): .token(token.id)
                }
            }()
        )
        self.identity = identity
        author = identity.author
    }
}
