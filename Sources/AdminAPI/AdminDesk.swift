internal import AdminModel
internal import Administration
internal import Base
internal import Cryptography
internal import JSONText
internal import Stores

/// Does what is asked: every operation of the table, against the store.
///
/// Everything here blocks and runs on background threads only; a handler is a function from a request to an answer.
struct AdminDesk: Sendable {
    let configuration: AdminConfiguration
    /// Made once: the document does not change while the process lives.
    let openAPI: [UInt8]

    init(_ configuration: AdminConfiguration) {
        self.configuration = configuration
        openAPI = OpenAPI.document(version: ProductVersion.text)
    }

    /// The answer to a request whose sender may ask it.
    func answer(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        switch request.operation.id {
        case .getOpenAPI: .json(openAPI)
        case .getHealth: try health()
        case .getServer: try getServer(request)
        case .createServer: try createServer(request)
        case .editServer: try editServer(request)
        case .removeServer: try removeServer(request)
        case .listServers: try listServers(request)
        case .listServerTools: try listServerTools(request)
        case .listServerChanges: try listServerChanges(request)
        case .acceptTool: try acceptTool(request)
        case .listBundles: try listBundles(request)
        case .getBundle: try getBundle(request)
        case .createBundle: try createBundle(request)
        case .editBundle: try editBundle(request)
        case .removeBundle: try removeBundle(request)
        case .listPolicies: try listPolicies(request)
        case .getPolicy: try getPolicy(request)
        case .putPolicy: try putPolicy(request)
        case .removePolicy: try removePolicy(request)
        case .listPolicyVersions: try listPolicyVersions(request)
        case .getPolicyVersion: try getPolicyVersion(request)
        case .rollBackPolicy: try rollBackPolicy(request)
        case .checkPolicy: try checkPolicy(request)
        case .explainPolicy: try explainPolicy(request)
        case .comparePolicies: try comparePolicies(request)
        case .suggestPolicy: try suggestPolicy(request)
        case .listGrants: try listGrants(request)
        case .getGrant: try getGrant(request)
        case .createGrant: try createGrant(request)
        case .editGrant: try editGrant(request)
        case .setGrantPolicy: try setGrantPolicy(request)
        case .rotateGrant: try rotateGrant(request)
        case .revokeGrant: try revokeGrant(request)
        case .removeGrant: try removeGrant(request)
        case .listApprovals: try listApprovals(request)
        case .getApproval: try getApproval(request)
        case .approve: try approve(request)
        case .deny: try deny(request)
        case .listEvents: try listEvents(request)
        case .listMembers: try listMembers(request)
        case .getMember: try getMember(request)
        case .createMember: try createMember(request)
        case .editMember: try editMember(request)
        case .removeMember: try removeMember(request)
        case .setUp: try setUp(request)
        case .register: try register(request)
        case .signIn: try signIn(request)
        case .acceptInvitation: try acceptInvitation(request)
        case .getSession: try getSession(request)
        case .signOut: try signOut(request)
        case .listSessions: try listSessions(request)
        case .endSession: try endSession(request)
        case .changePassword: try changePassword(request)
        case .beginSecondFactor: try beginSecondFactor(request)
        case .confirmSecondFactor: try confirmSecondFactor(request)
        case .removeSecondFactor: try removeSecondFactor(request)
        case .listInvitations: try listInvitations(request)
        case .invite: try invite(request)
        case .withdrawInvitation: try withdrawInvitation(request)
        case .listTokens: try listTokens(request)
        case .createToken: try createToken(request)
        case .removeToken: try removeToken(request)
        case .listDecisions: try listDecisions(request)
        case .getDecision: try getDecision(request)
        case .getHeads: try getHeads(request)
        case .verifyAudit: try verifyAudit(request)
        case .getOverview: try getOverview(request)
        // Answered by the listener itself.
        case .streamDecisions: .nothing
        }
    }

    private func health() throws(Problem) -> AdminAnswer {
        let needsSetup: Bool
        do throws(StoreError) {
            needsSetup = try configuration.gate.needsSetup()
        } catch {
            throw problem(error)
        }
        let record = ShownRecord([
            ("status", .text("ok")), ("version", .text(ProductVersion.text)), ("setup", .flag(!needsSetup)),
            ("registration", .text(configuration.isRegistrationOpen ? "open" : "invitation")),
        ])
        return .json(record.json)
    }

    // MARK: - The store

    /// Where a handler says why it cannot go on, in the middle of a transaction that is then undone.
    final class Refusal {
        fileprivate var problem: Problem?

        /// The error to throw out of the transaction.
        func because(_ problem: Problem) -> StoreError {
            self.problem = problem
            return .refused(problem.detail)
        }

        /// The error for a name that is none.
        func unknown(_ kind: String, _ name: ByteString) -> StoreError {
            because(Problem(.notFound, "there is no \(kind) `\(name.text.prefix(128))`"))
        }
    }

    /// Reads one moment's state.
    func read<Value: Sendable>(
        _ body: (Records, Refusal) throws(StoreError) -> Value
    ) throws(Problem) -> Value {
        let refusal = Refusal()
        do throws(StoreError) {
            return try configuration.store.read { reader throws(StoreError) in try body(Records(reader), refusal) }
        } catch {
            throw refusal.problem ?? problem(error)
        }
    }

    /// Changes the store in the name of whoever asks: all that `body` does, or nothing.
    func change<Value: Sendable>(
        _ request: AdminRequest,
        _ body: (StoreWriter, Records, Refusal) throws(StoreError) -> Value
    ) throws(Problem) -> Value {
        guard let principal = request.principal else {
            throw Problem(.unauthenticated, "nobody is signed in")
        }
        let refusal = Refusal()
        do throws(StoreError) {
            return try configuration.store.change(by: principal.author) { writer throws(StoreError) in
                try body(writer, Records(writer.reader), refusal)
            }
        } catch {
            throw refusal.problem ?? problem(error)
        }
    }

    /// What clients are told of a store that could not do it.
    func problem(_ error: StoreError) -> Problem {
        switch error {
        case .notFound: Problem(.notFound, error.description)
        case .conflict: Problem(.stale, error.description)
        case .refused: Problem(.refused, error.description)
        default: Problem(.unavailable, error.message(at: configuration.storePath), retryAfter: 1)
        }
    }

    // MARK: - Records and lists

    /// What moves without anybody's edit, and so is not part of a tag.
    private static let passing: Set<String> = [
        "last_used", "state", "overlap_ends", "policies", "grants", "credentials", "tools_pinned", "tools_changed",
        "tools_new",
    ]

    /// The tag of a record: what an edit is based on.
    static func tag(_ record: ShownRecord) -> EntityTag {
        let lasting = record.fields.filter { !passing.contains($0.key) }.map { (key: $0.key, value: $0.value) }
        return EntityTag(digest: SHA256.digest(ShownRecord(lasting).json))
    }

    static func tagged(_ record: ShownRecord) -> ShownRecord {
        record.adding([("etag", .text(String(decoding: tag(record).field, as: UTF8.self)))])
    }

    /// One record, tagged.
    static func one(_ record: ShownRecord, status: Int = 200) -> AdminAnswer {
        .json(tagged(record).json, status: status, tag: tag(record))
    }

    /// Refuses an edit that is based on something else than this.
    func check(_ precondition: Precondition, _ record: ShownRecord, _ refusal: Refusal) throws(StoreError) {
        switch precondition {
        case .none: return
        case .matches(let tag):
            guard tag == Self.tag(record) else {
                throw refusal.because(
                    Problem(
                        .stale,
                        "it was changed since you looked",
                        remedy: "read it again, look at the difference, then edit with its new ETag"
                    )
                )
            }
        case .absent:
            throw refusal.because(Problem(.stale, "it is there already", remedy: "edit it with If-Match"))
        }
    }

    /// A page of a list that is in the order of names.
    func page<Item>(
        _ items: [Item],
        by name: (Item) -> ByteString,
        _ request: AdminRequest,
        shown: (Item) throws(StoreError) -> ShownRecord
    ) throws(StoreError) -> (records: [ShownRecord], last: ByteString?) {
        let last = request.cursorName
        let rest = last.map { last in items.filter { last < name($0) } } ?? items
        var records: [ShownRecord] = []
        for item in rest.prefix(request.limit) {
            records.append(try shown(item))
        }
        let isWhole = rest.count <= request.limit
        return (records, isWhole ? nil : rest.prefix(request.limit).last.map(name))
    }

    /// The answer of a page.
    static func list(_ records: [ShownRecord], next: Cursor?) -> AdminAnswer {
        var writer = JSONWriter(reserving: 512 * (records.count + 1))
        writer.beginObject()
        writer.key("items")
        writer.beginArray()
        for record in records {
            record.write(to: &writer)
        }
        writer.endArray()
        writer.key("next")
        if let next {
            writer.string(next.text)
        } else {
            writer.null()
        }
        writer.endObject()
        return .json(writer.output)
    }

    /// A page of records by name, read in one go.
    func names<Item>(
        _ request: AdminRequest,
        of items: (Records, Refusal) throws(StoreError) -> [Item],
        by name: (Item) -> ByteString,
        shown: (ShownRecords, Item) throws(StoreError) -> ShownRecord
    ) throws(Problem) -> AdminAnswer {
        _ = try request.cursor()
        let (records, last) = try read { records, refusal throws(StoreError) in
            let faces = try ShownRecords(records, now: request.now)
            return try page(try items(records, refusal), by: name, request) { item throws(StoreError) in
                try shown(faces, item)
            }
        }
        return Self.list(records, next: last.map { Cursor(list: request.operation.id.rawValue, [$0]) })
    }
}

extension AdminRequest {
    /// The name behind which the page begins, of a cursor that was checked before.
    fileprivate var cursorName: ByteString? {
        do throws(Problem) {
            return try cursor()?.parts.first
        } catch {
            return nil
        }
    }
}
