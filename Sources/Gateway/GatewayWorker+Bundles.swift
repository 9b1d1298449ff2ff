internal import AuditModel
internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// Many servers behind one path: calls go to the one their name says, lists are those of all (interfaces.md, bundles).
///
/// A call enters its part and is from then on a call of that server, under the part's policy and in the server's own
/// names. Sessions exist on the client's side alone; towards each server the gateway has its own.
extension GatewayWorker {
    /// What a bundle offers: what its parts can be asked for, and changes of their lists.
    private static let offered: ServerCapabilities = [
        .tools, .prompts, .resources, .completions, .logging,
        .toolsListChanged, .promptsListChanged, .resourcesListChanged,
    ]

    /// Takes a request to where it belongs; `nil` when the bundle itself has answered.
    func route(_ call: Call, _ request: ClientRequest) async throws(Failure) -> ClientRequest? {
        switch request.method {
        case .toolsCall, .promptsGet:
            return try enter(call, request, named: request.name ?? "")
        case .resourcesRead:
            let uri = request.name ?? ""
            try enter(try await owner(of: uri, call, request), call)
            return request
        case .completionComplete:
            guard case .completion(let completion) = request.detail else {
                throw Failure(.invalidParameters)
            }
            switch completion.reference {
            case .prompt(let name):
                return try enter(call, request, named: name)
            case .resource(let uri):
                try enter(try await owner(of: uri, call, request), call)
                return request
            }
        case .toolsList, .promptsList, .resourcesList, .resourcesTemplatesList:
            note(call, request)
            try await listParts(call, request)
        case .initialize:
            note(call, request)
            try await initializeBundle(call, request)
        case .serverDiscover:
            note(call, request)
            let bundle = handshake(of: call)
            let body = core.writer(call.revision).discover(bundle, capabilities: Self.offered, to: request.id)
            await answer(call, body)
        default:
            return request
        }
        return nil
    }

    private func handshake(of call: Call) -> ServerHandshake {
        ServerHandshake(
            name: call.grant.server.name,
            version: ByteString(ProductVersion.text),
            capabilities: Self.offered
        )
    }

    private func initializeBundle(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        let opening = try opening(call, request)
        call.issuedSession = core.handles.sealSession(
            revision: opening.revision,
            isBridged: true,
            upstream: nil,
            // What each server may use of it its part's policy says, on every call.
            capabilities: opening.capabilities,
            client: (opening.client?.name, opening.client?.version),
            grant: call.grant,
            now: core.time.wallTime
        )
        let body = core.writer(opening.revision)
            .initialize(handshake(of: call), capabilities: Self.offered, to: request.id)
        await answer(call, body)
    }

    // MARK: Calls

    /// Makes a call one of the part whose prefix its name has; the request is then in the server's own words.
    private func enter(_ call: Call, _ request: ClientRequest, named name: ByteString) throws(Failure) -> ClientRequest
    {
        guard let (part, rest) = BundleNames.split(name, call.grant.parts) else {
            call.record.outcome = .hidden
            call.record.rule = "(unknown)"
            call.record.tool = request.method == .toolsCall ? name : call.record.tool
            let failure =
                request.method == .toolsCall
                ? MCPFailure.unknownTool(name, id: request.id, era: call.era)
                : MCPFailure.unknownPrompt(name, id: request.id, era: call.era)
            throw Failure(failure)
        }
        try enter(part.grant, call)
        call.askedName = name
        guard name.count == BundleNames.maximumBytes else {
            return request.renamed(rest)
        }
        // It may stand for a longer one.
        let tools = upstream(of: part.grant.server).currentTools()
        let whole = tools?.names.first { BundleNames.joined(part.prefix, $0) == name }
        return request.renamed(whole ?? rest)
    }

    private func enter(_ part: GrantEntry, _ call: Call) throws(Failure) {
        call.held.server?.leave()
        call.held.server = nil
        let places = part.server.shared.places.calls
        guard places.enter() else {
            throw Failure(.tooManyInFlight)
        }
        call.held.server = places
        call.grant = part
        call.record.identity = part.recordFields
        call.record.policy = part.policy?.recordFields ?? []
        // Until it is known which era the server speaks.
        call.leg = UpstreamLeg(revision: .july2026)
    }

    /// The part that has a resource, among those whose policies allow it; lists are asked when it is not known.
    private func owner(
        of uri: ByteString,
        _ call: Call,
        _ request: ClientRequest
    ) async throws(Failure) -> GrantEntry {
        let candidates = call.grant.parts.filter { $0.grant.policy?.compiled.allowsResource(uri) == true }
        if candidates.count == 1, let only = candidates.first {
            return only.grant
        }
        let scope = call.grant.scope
        if resourceRoutes[scope]?.prefix(of: uri) == nil, !candidates.isEmpty {
            for kind in [ListKind.resources, .resourceTemplates] {
                let asked = candidates.map { PageRequest(part: $0, cursor: nil) }
                _ = learn(kind, try await pages(of: kind, asked, call), scope)
            }
        }
        let prefix = resourceRoutes[scope]?.prefix(of: uri)
        guard let owner = candidates.first(where: { $0.prefix == prefix }) else {
            call.record.outcome = .hidden
            call.record.rule = "(unknown)"
            throw Failure(MCPFailure.unknownResource(uri, id: request.id, era: call.era))
        }
        return owner.grant
    }

    // MARK: Lists

    /// One page of every part that has one more, merged; a part that does not answer in time is missing, and said to be.
    private func listParts(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        guard let kind = request.method.listKind else {
            throw Failure(.internalFault)
        }
        let asked = try wanted(call, request)
        let answers = try await pages(of: kind, asked, call)
        guard isStillGranted(call) else {
            throw Failure(.cancelled)
        }
        let writer = core.writer(call.revision)
        var parts: [ListPart] = []
        var missing: [MissingPart] = []
        var next = FieldWriter()
        var hasNext = false
        for (request, answer) in learn(kind, answers, call.grant.scope) {
            switch answer {
            case .nothing:
                continue
            case .missing(let reason):
                missing.append(MissingPart(server: request.part.grant.server.name, reason: ByteString(reason)))
            case .page(let result, let revision):
                // The policy in force now (I1).
                guard
                    let current = call.grant.parts.first(where: { $0.prefix == request.part.prefix })?.grant,
                    current.server.id == request.part.grant.server.id, let policy = current.policy?.compiled
                else {
                    continue
                }
                do throws(UpstreamViolation) {
                    if let cursor = try writer.nextCursor(kind, of: result) {
                        hasNext = true
                        next.append(run: request.part.prefix.bytes)
                        next.append(run: cursor.bytes)
                    }
                } catch {
                    missing.append(
                        MissingPart(server: current.server.name, reason: ByteString(Self.garbage.sentence))
                    )
                    continue
                }
                parts.append(await part(kind, result, revision, request, policy))
            }
        }
        let cursor =
            hasNext
            ? core.handles.sealCursor(next.bytes, of: request.method, grant: call.grant, now: core.time.wallTime) : nil
        let (all, gone, id, mask) = (parts, missing, request.id, call.grant.server.mask)
        let size = all.reduce(0) { $0 + $1.size }
        let body = await work(onList: size, of: nil) {
            mask.masking(writer.list(kind, parts: all, missing: gone, nextCursor: cursor, to: id))
        }
        await answer(call, body, isMasked: true)
    }

    private static let garbage = Failure(.upstreamMisbehaved)

    private func part(
        _ kind: ListKind,
        _ result: JSONValue,
        _ revision: Revision,
        _ request: PageRequest,
        _ policy: CompiledPolicy
    ) async -> ListPart {
        let (server, now, isFirst) = (request.part.grant.server, core.time.wallTime, request.cursor == nil)
        var tools: ToolTable?
        if kind == .tools {
            tools = await work(onList: result.range.count, of: upstream(of: server)) {
                GatewayWorker.observe(server, result, isFirst: isFirst, at: now)
            }
        }
        let prefix = request.part.prefix
        let isNamed = kind == .tools || kind == .prompts
        let scope = request.part.grant.scope
        let routes = resourceRoutes[scope]
        return ListPart(
            result,
            from: revision,
            shows: Self.shows(kind, policy, tools, server),
            names: { name in
                guard !isNamed else {
                    return BundleNames.joined(prefix, name)
                }
                // A resource that two servers have is the first one's.
                return routes?.prefix(of: name).map { $0 == prefix } ?? true ? name : nil
            }
        )
    }

    /// Remembers which part has which resources.
    private func learn(
        _ kind: ListKind,
        _ answers: [(PageRequest, PageAnswer)],
        _ scope: ByteString
    )
        -> [(PageRequest, PageAnswer)]
    {
        guard kind == .resources || kind == .resourceTemplates else {
            return answers
        }
        for case (let request, .page(let result, _)) in answers {
            for item in result[kind.key]?.elements.map(\.self) ?? [] {
                if let uri = item[kind.identityKey]?.string {
                    resourceRoutes[scope, default: ResourceRoutes()]
                        .learn(ByteString(uri.bytes), isTemplate: kind == .resourceTemplates, of: request.part.prefix)
                }
            }
        }
        return answers
    }

    /// Which parts have a page to come: all of them at first, then those the cursor names.
    private func wanted(_ call: Call, _ request: ClientRequest) throws(Failure) -> [PageRequest] {
        guard let cursor = request.cursor else {
            return call.grant.parts.map { PageRequest(part: $0, cursor: nil) }
        }
        let opened = core.handles.openCursor(
            cursor.bytes,
            of: request.method,
            grant: call.grant,
            now: core.time.wallTime
        )
        guard let opened else {
            throw Failure(.handleNotFound, "unknown or expired cursor: list again from the start")
        }
        var reader = FieldReader(opened)
        var wanted: [PageRequest] = []
        while !reader.isAtEnd, let prefix = reader.run(), let own = reader.run() {
            if let part = call.grant.parts.first(where: { $0.prefix == ByteString(prefix) }) {
                wanted.append(PageRequest(part: part, cursor: ByteString(own)))
            }
        }
        return wanted
    }

    /// Asks parts for a page each, all at once, and takes what has come by the deadline.
    private func pages(
        of kind: ListKind,
        _ requests: [PageRequest],
        _ call: Call
    ) async throws(Failure) -> [(PageRequest, PageAnswer)] {
        guard log.isAccepting else {
            throw Failure(.logUnavailable)
        }
        try await noteIntent(of: call)
        let board = PageBoard(count: requests.count)
        let beganAt = core.time.now
        for (number, request) in requests.enumerated() {
            guard request.part.grant.policy != nil else {
                board.set(number, .nothing)
                continue
            }
            spawn { [self] in board.set(number, await page(of: kind, request)) }
        }
        let deadline = loop.now.advanced(by: limits.bundleDeadline)
        let timer = loop.schedule(after: limits.bundleDeadline) { board.news.wake() }
        call.cancellation.onCancel { board.news.wake() }
        while !board.isComplete, call.ending == nil, loop.now < deadline {
            await board.news.wait()
        }
        timer.cancel()
        call.cancellation.onCancel(nil)
        call.record.upstreamTime = (call.record.upstreamTime ?? .zero) + core.time.now.elapsed(since: beganAt)
        if let ending = call.ending {
            throw ending.failure
        }
        call.result = .ok
        let late = PageAnswer.missing(Failure(.upstreamTimedOut).sentence)
        return zip(requests, board.answers.map { $0 ?? late }).map { ($0, $1) }
    }

    /// One page of one server, in a session of the gateway's own where it needs one.
    private func page(of kind: ListKind, _ request: PageRequest) async -> PageAnswer {
        let server = request.part.grant.server
        let upstream = upstream(of: server)
        do throws(Failure) {
            if kind == .tools {
                // The gateway's own list is the first one, so that it is what gets pinned.
                _ = try await tools(of: server)
            }
            let key = BridgeKey(grant: request.part.grant.id, capabilities: [])
            for isLast in [false, true] {
                let bridge = try await speaksModernNow(upstream) ? nil : try await self.bridge(key, upstream)
                guard let document = try await fetch(kind, request.cursor, upstream, bridge) else {
                    // A bare status: the session may be over, which is looked at once.
                    bridge.map { upstream.bridges.remove($0) }
                    guard bridge != nil, !isLast else {
                        throw Failure(.upstreamUnavailable)
                    }
                    continue
                }
                if let result = document.root["result"] {
                    return .page(result, bridge?.session.revision ?? .july2026)
                }
                // A server without such a list has an empty one.
                let code = document.root["error"]?["code"]?.number?.int
                return code == -32601 ? .nothing : .missing(Failure(.upstreamMisbehaved).sentence)
            }
            return .missing(Failure(.upstreamUnavailable).sentence)
        } catch {
            return .missing(error.sentence)
        }
    }

    func speaksModernNow(_ upstream: WorkerUpstream) async throws(Failure) -> Bool {
        if !upstream.speaksModern {
            do throws(UpstreamFailure) {
                upstream.speaksModern = try await upstream.server.speaks(.modern)
            } catch {
                throw Failure(error)
            }
        }
        return upstream.speaksModern
    }

    private func fetch(
        _ kind: ListKind,
        _ cursor: ByteString?,
        _ upstream: WorkerUpstream,
        _ bridge: BridgeSession?
    ) async throws(Failure) -> JSONDocument? {
        let id = RequestID(upstream.nextID())
        let revision = bridge?.session.revision ?? .july2026
        var message = UpstreamMessage(
            posting: core.upstreamWriter.list(kind, cursor: cursor, UpstreamEnvelope(revision: revision, id: id)),
            requestID: id,
            method: kind.method,
            revision: revision,
            sessionID: bridge?.session.id
        )
        message.totalTimeout = limits.listingDeadline
        bridge?.uses += 1
        defer { bridge?.uses -= 1 }
        do throws(UpstreamFailure) {
            return try await upstream.server.ask(message)
        } catch {
            throw Failure(error)
        }
    }
}

/// A page that is asked of one part.
struct PageRequest {
    let part: BundlePart
    let cursor: ByteString?
}

/// What came of it.
enum PageAnswer {
    case page(JSONValue, Revision)
    /// The server has no such list, or the caller no policy for it.
    case nothing
    /// Why it is not there, for the caller.
    case missing(String)
}

/// The answers of several servers, as they come.
///
/// Loop-confined.
final class PageBoard {
    private(set) var answers: [PageAnswer?]
    private var open: Int
    let news = WaitPoint()

    init(count: Int) {
        answers = Array(repeating: nil, count: count)
        open = count
    }

    var isComplete: Bool { open == 0 }

    func set(_ number: Int, _ answer: PageAnswer) {
        answers[number] = answer
        open -= 1
        news.wake()
    }
}
