internal import AdminModel
internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import JSONText
internal import Stores

/// What answers on the admin listener.
// ISOLATION: `server` is made and used on the worker's loop only; the rest does not change.
final class AdminService: @unchecked Sendable {
    private let configuration: AdminConfiguration
    private let desk: AdminDesk
    private let router = Router()
    private let files = ConsoleFiles()
    private let keys = IdempotencyKeys()
    /// For the store.
    private let side: SideThread
    /// For passwords and the journal, which take long.
    private let slow: SideThread
    private var live: LiveDecisions?
    private let rules: SenderRules
    private var server: HTTPServer?

    init(_ configuration: AdminConfiguration, side: SideThread, slow: SideThread) {
        self.configuration = configuration
        self.side = side
        self.slow = slow
        desk = AdminDesk(configuration)
        rules = SenderRules(origin: configuration.origin)
    }

    func listen(on worker: isolated Worker) -> Result<SocketAddress, StreamError> {
        let settings = HTTPServerConfiguration(
            address: configuration.address,
            tls: configuration.identity,
            limits: HTTPLimits(maximumBodyBytes: configuration.maximumBodyBytes),
            maximumConnections: configuration.maximumConnections,
            maximumConnectionsPerAddress: configuration.maximumConnections
        )
        do throws(StreamError) {
            let server = try HTTPServer(on: worker, configuration: settings) { [self] exchange in
                await answer(exchange, on: worker.loop)
            }
            self.server = server
            live = configuration.journal.map { LiveDecisions($0, on: worker, side: slow) }
            return .success(server.address)
        } catch {
            return .failure(error)
        }
    }

    func drain(on worker: isolated Worker, within deadline: Duration) async {
        live?.end()
        await server?.drain(within: deadline)
        live = nil
        server = nil
    }

    // MARK: - One request

    private func answer(_ exchange: HTTPServerExchange, on loop: EventLoop) async {
        let head = exchange.head
        do throws(HTTPServerError) {
            let answer: AdminAnswer?
            do throws(Problem) {
                answer = try await respond(to: exchange, on: loop)
            } catch {
                if case .tooLarge = error.code, exchange.isPeerClosed {
                    return
                }
                return try await exchange.respond(
                    error.status,
                    try fields(.problem(error), head, isFile: false),
                    body: error.json
                )
            }
            guard let answer else {
                return
            }
            let isFile = !head.path.starts(with: Target.root.utf8)
            try await exchange.respond(answer.status, try fields(answer, head, isFile: isFile), body: answer.body)
        } catch {
            // The transport answers for us, or the client is gone.
        }
    }

    private func respond(to exchange: HTTPServerExchange, on loop: EventLoop) async throws(Problem) -> AdminAnswer? {
        let head = exchange.head
        let method = Self.method(head.method)
        if let problem = rules.refusal(of: head, changesSomething: method?.isSafe != true) {
            throw problem
        }
        guard let target = try Target(path: head.path, query: head.query) else {
            return try file(head)
        }
        let match = try router.match(method, target)
        let operation = match.operation
        var request = AdminRequest(
            operation: operation,
            parameters: match.parameters,
            query: try Router.query(target, of: operation),
            now: configuration.time.wallTime,
            address: ByteString("\(exchange.peer.ip)"),
            client: ByteString((head.fields[.userAgent] ?? []).prefix(256)),
            host: ByteString(head.fields[.host] ?? [])
        )
        if operation.access != .open {
            request.principal = try await principal(head, for: operation, on: loop)
        }
        request.precondition = try Self.precondition(head, operation)
        request.idempotencyKey = try Self.key(head, operation)
        request.body = try await body(of: exchange, operation)
        if case .events = operation.answer {
            try await stream(request, to: exchange, on: loop)
            return nil
        }
        return try await done(request, on: loop)
    }

    /// Streams decisions until the viewer has enough.
    private func stream(
        _ request: AdminRequest,
        to exchange: HTTPServerExchange,
        on loop: EventLoop
    ) async throws(Problem) {
        guard let live else {
            throw Problem(.unavailable, "this gateway keeps no journal")
        }
        guard live.hasRoom else {
            throw Problem(.unavailable, "\(LiveDecisions.maximumViewers) streams are open", retryAfter: 10)
        }
        let head = exchange.head
        let last = head.fields[.lastEventID].flatMap { Cursor(Array($0), list: DecisionPlace.list, parts: 3) }
        do throws(HTTPServerError) {
            let answer = AdminAnswer(type: "text/event-stream")
            try await live.serve(
                exchange,
                try fields(answer, head, isFile: false),
                AdminDesk.filter(request),
                behind: last.flatMap { DecisionPlace(parts: $0.parts) },
                isAdmitted: { await self.isAdmitted(head, request.operation, on: loop) }
            )
        } catch {
            // The viewer is gone, or reads too slowly.
        }
    }

    private func isAdmitted(_ head: HTTPRequestHead, _ operation: Operation, on loop: EventLoop) async -> Bool {
        do throws(Problem) {
            _ = try await principal(head, for: operation, on: loop)
            return true
        } catch {
            return false
        }
    }

    /// What takes longer than a look at the store.
    private static let slowOperations: Set<OperationID> = [
        .setUp, .register, .signIn, .acceptInvitation, .changePassword, .listDecisions, .getDecision, .getOverview,
        .getHeads, .verifyAudit,
    ]

    /// Does what is asked beside the loop, once for each idempotency key.
    private func done(_ request: AdminRequest, on loop: EventLoop) async throws(Problem) -> AdminAnswer {
        switch keys.take(request) {
        case .new: break
        case .other:
            throw Problem(.keyReused, "this `Idempotency-Key` was another request's", remedy: "choose a new one")
        case .underWay:
            throw Problem(.refused, "the same request is under way", remedy: "wait for its answer", retryAfter: 1)
        case .done:
            throw Problem(
                .refused,
                "the same request was done before; what it showed once is not shown again",
                remedy: "look at what it made; rotate a grant whose token was lost"
            )
        }
        let desk = desk
        let thread = Self.slowOperations.contains(request.operation.id) ? slow : side
        let result = await loop.beside(thread) { () -> Result<AdminAnswer, Problem> in
            do throws(Problem) {
                return .success(try desk.answer(request))
            } catch {
                return .failure(error)
            }
        }
        var isDone = false
        if case .success = result {
            isDone = true
        }
        keys.settle(request, isDone: isDone)
        return try result.get()
    }

    private static func method(_ method: HTTPMethod) -> AdminMethod? {
        switch method {
        case .get, .head: .get
        case .post: .post
        case .put: .put
        case .patch: .patch
        case .delete: .delete
        default: nil
        }
    }

    private func file(_ head: HTTPRequestHead) throws(Problem) -> AdminAnswer {
        guard let file = files[head.path] else {
            throw Problem(.notFound, "there is nothing at this path")
        }
        guard head.method == .get || head.method == .head else {
            throw Problem(.methodNotAllowed, "this path takes GET", allow: ["GET", "HEAD"])
        }
        if let known = head.fields[.ifNoneMatch], known.elementsEqual(file.tag.field) {
            return AdminAnswer(status: 304, type: file.type, tag: file.tag)
        }
        return AdminAnswer(type: file.type, body: file.bytes, tag: file.tag)
    }

    // MARK: - Who asks

    private func principal(
        _ head: HTTPRequestHead,
        for operation: Operation,
        on loop: EventLoop
    ) async throws(Problem) -> Principal {
        let (session, token) = try Self.credentials(head)
        guard session != nil || token != nil else {
            throw Problem(.unauthenticated, "nobody is signed in", remedy: "POST \(Target.root)/session signs in")
        }
        let gate = configuration.gate
        let desk = desk
        let now = configuration.time.wallTime
        let found = await loop.beside(side) { () -> Result<Principal?, Problem> in
            do throws(StoreError) {
                return .success(try gate.principal(session: session, token: token, now: now))
            } catch {
                return .failure(desk.problem(error))
            }
        }
        guard let principal = try found.get() else {
            throw Problem(
                .unauthenticated,
                session == nil ? "the token is none, or has ended" : "the session has ended",
                remedy: "sign in again"
            )
        }
        guard principal.role.access >= operation.access else {
            throw Problem(
                .forbidden,
                "`\(principal.label.text)` is `\(principal.role.rawValue)`: this takes `\(operation.access.word)`",
                remedy: "ask an admin"
            )
        }
        return principal
    }

    /// The cookie's session or the bearer's token: one of the two.
    private static func credentials(_ head: HTTPRequestHead) throws(Problem) -> (session: [UInt8]?, token: [UInt8]?) {
        if let field = head.fields[.authorization] {
            let scheme = field.prefix(7)
            guard String(decoding: scheme, as: UTF8.self).lowercased() == "bearer ", field.count > 7,
                field.count <= 512
            else {
                throw Problem(.unauthenticated, "the `Authorization` field is none of ours", remedy: "Bearer TOKEN")
            }
            return (nil, Array(field.dropFirst(7)))
        }
        guard let cookies = head.fields.combined(.cookie) else {
            return (nil, nil)
        }
        return (SessionCookie.value(in: cookies), nil)
    }

    // MARK: - What a request brings

    private static func precondition(_ head: HTTPRequestHead, _ operation: Operation) throws(Problem) -> Precondition {
        guard operation.basis != .none else {
            return .none
        }
        if let field = head.fields.value(named: "if-match") {
            guard let tag = EntityTag(field: field) else {
                throw Problem(.malformed, "`If-Match` takes one strong entity tag, as `ETag` gave it")
            }
            return .matches(tag)
        }
        if operation.basis == .tagOrAbsence, let field = head.fields[.ifNoneMatch] {
            guard field.isEqual(to: "*") else {
                throw Problem(.malformed, "`If-None-Match` takes `*` here")
            }
            return .absent
        }
        guard operation.basis != .freeTag else {
            return .none
        }
        throw Problem(
            .preconditionRequired,
            operation.basis == .tag
                ? "an edit says by `If-Match` what it is based on"
                : "an edit says by `If-Match` what it is based on, and by `If-None-Match: *` that nothing is there yet",
            remedy: "send the `ETag` of the state you looked at"
        )
    }

    /// LIMIT: bytes of an idempotency key.
    private static let maximumKeyBytes = 128

    private static func key(_ head: HTTPRequestHead, _ operation: Operation) throws(Problem) -> ByteString? {
        guard operation.takesKey, let field = head.fields.value(named: "idempotency-key") else {
            return nil
        }
        guard (1...maximumKeyBytes).contains(field.count), field.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(.malformed, "`Idempotency-Key` takes 1 to \(maximumKeyBytes) visible ASCII characters")
        }
        return ByteString(field)
    }

    private func body(
        of exchange: HTTPServerExchange,
        _ operation: Operation
    ) async throws(Problem) -> JSONDocument? {
        let bytes: [UInt8]
        do throws(HTTPServerError) {
            bytes = try await exchange.body(maximumBytes: configuration.maximumBodyBytes)
        } catch {
            throw Problem(
                .tooLarge,
                "the body did not arrive whole: it may have \(configuration.maximumBodyBytes) bytes and take 30 seconds"
            )
        }
        guard let shape = operation.body else {
            guard bytes.isEmpty else {
                throw Problem(.malformed, "this takes no body")
            }
            return nil
        }
        guard let type = exchange.head.fields[.contentType], HTTPMediaType.isJSON(type) else {
            throw Problem(.unsupportedMediaType, "the body has to be JSON", remedy: "Content-Type: application/json")
        }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: Self.limits)
        } catch {
            let place = error.position(in: bytes)
            throw Problem(
                .malformed,
                "the body is no JSON: \(error.reason.description)",
                errors: [
                    FieldError(
                        pointer: "",
                        message: error.reason.description,
                        place: (line: place.line, column: place.column)
                    )
                ]
            )
        }
        let errors = BodyCheck.errors(in: document, shape)
        guard errors.isEmpty else {
            throw Problem(.invalid, errors.count == 1 ? errors[0].message : "\(errors.count) mistakes", errors: errors)
        }
        return document
    }

    /// As the reader's own, but for what people write by hand.
    private static let limits = JSONLimits(
        maximumBytes: 1 << 20,
        maximumDepth: 66,
        maximumStringBytes: 1 << 20,
        maximumNodes: 200_000
    )

    // MARK: - What is answered

    private func fields(
        _ answer: AdminAnswer,
        _ head: HTTPRequestHead,
        isFile: Bool
    ) throws(HTTPServerError) -> HTTPFields {
        do throws(HTTPSerializerError) {
            var fields = try SecurityFields.fields(isSecure: configuration.isSecure)
            if !answer.body.isEmpty || head.method == .head || answer.isStream {
                fields.append(.contentType, answer.type)
            }
            if isFile {
                fields.append(.cacheControl, "no-cache")
            } else {
                fields.append(.cacheControl, "no-store")
            }
            if let tag = answer.tag {
                try fields.append(.eTag, tag.field)
            }
            if let location = answer.location {
                try fields.append(.location, Array(location.utf8))
            }
            if let cookie = answer.cookie {
                try fields.append(.setCookie, cookie)
            }
            if !answer.allow.isEmpty {
                try fields.append(.allow, Array(answer.allow.joined(separator: ", ").utf8))
            }
            if let seconds = answer.retryAfter {
                try fields.append(.retryAfter, decimal: seconds)
            }
            if answer.status == 401 {
                fields.append(.wwwAuthenticate, "Bearer realm=\"toolgate\"")
            }
            return fields
        } catch {
            throw .unwritable(error)
        }
    }
}
