internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// Which phase serves which method; the closed table of methods has been asked before (A14).
extension GatewayWorker {
    /// Serves a request of a method that exists in its revision.
    func serve(_ call: Call, _ asked: ClientRequest) async throws(Failure) {
        guard let request = call.grant.parts.isEmpty ? asked : try await route(call, asked) else {
            return
        }
        note(call, request)
        switch request.method {
        case .toolsCall:
            try await callTool(call, request)
        case .toolsList, .promptsList, .resourcesList, .resourcesTemplatesList:
            try await list(call, request)
        case .promptsGet, .resourcesRead, .completionComplete:
            try checkAccess(call, request)
            try await forward(call, request)
        case .resourcesSubscribe, .resourcesUnsubscribe:
            try checkAccess(call, request)
            try await subscribe(call, request)
        case .loggingSetLevel:
            try await setLevel(call, request)
        case .ping:
            await answer(call, core.writer(call.revision).empty(to: request.id))
        case .initialize:
            try await initialize(call, request)
        case .serverDiscover:
            try await discover(call, request)
        case .subscriptionsListen:
            try beginListening(call, request)
        default:
            throw Failure(MCPFailure.methodNotFound(ByteString(request.method.text), id: request.id, era: call.era))
        }
    }

    /// Takes over what the phases need of a request.
    func note(_ call: Call, _ request: ClientRequest) {
        call.progressToken = request.progressToken
        let declared: ClientCapabilities
        if let envelope = request.envelope {
            declared = envelope.capabilities
            call.logLevel = envelope.logLevel
            call.record.clientName = envelope.client?.name
            call.record.clientVersion = envelope.client?.version
        } else {
            declared = call.session?.capabilities ?? []
            // A legacy session has its level on the server; here everything it sends passes. In front of a modern server
            // the level goes with each request.
            let isBridged = call.session?.isBridged == true
            call.logLevel = isBridged ? call.session.flatMap { core.sessionStates[$0.text]?.level } : .debug
            call.record.clientName = call.session?.clientName
            call.record.clientVersion = call.session?.clientVersion
        }
        call.capabilities = Self.permitted(declared, call.grant.policy?.compiled)
        if call.isBridged, !call.acceptsEvents {
            // Whoever reads no events cannot be asked (mcp-protocol.md, 3.5).
            call.capabilities = []
        }
        call.mayStream = request.method != .initialize
    }

    /// What of a client's capabilities a server may use: what policy's `client_requests` allow.
    static func permitted(_ declared: ClientCapabilities, _ policy: CompiledPolicy?) -> ClientCapabilities {
        guard let policy, !declared.isEmpty else {
            return []
        }
        var permitted = declared
        if !policy.allows(.elicitation) {
            permitted.subtract([.elicitationForm, .elicitationURL])
        }
        if !policy.allows(.sampling) {
            permitted.subtract([.sampling, .samplingTools, .samplingContext])
        }
        if !policy.allows(.roots) {
            permitted.subtract([.roots, .rootsListChanged])
        }
        return permitted
    }

    /// Prompts and resources, and what refers to them: what policy does not allow does not exist.
    func checkAccess(_ call: Call, _ request: ClientRequest) throws(Failure) {
        let policy = call.grant.policy?.compiled
        let name = request.name ?? ""
        let isAllowed: Bool? =
            switch request.method {
            case .promptsGet: policy?.allowsPrompt(name)
            case .completionComplete: request.completion.map { Self.allows($0.reference, policy) }
            default: policy?.allowsResource(name)
            }
        guard isAllowed == true else {
            call.record.outcome = .hidden
            call.record.rule = policy == nil ? "(no policy)" : "(hidden)"
            throw Self.absence(call, request)
        }
    }

    /// What a server's error becomes for a client that policy hides something from: one that says of a prompt or resource
    /// that there is none looks exactly like our answer for those that are hidden (D12); `nil` for every other.
    ///
    /// Servers say it with −32002, −32602, or 0 as the SDK for Python did; with other codes it counts when it quotes the
    /// name. That a prompt's argument was wrong is told by the first two as well: it is the price.
    func disguise(_ error: JSONValue, _ call: Call, _ request: ClientRequest) -> Failure? {
        guard let policy = call.grant.policy?.compiled else {
            return nil
        }
        let name: ByteString
        switch (request.method, request.completion?.reference) {
        case (.promptsGet, _) where policy.hidesPrompts: name = request.name ?? ""
        case (.resourcesRead, _) where policy.hidesResources: name = request.name ?? ""
        case (.resourcesSubscribe, _) where policy.hidesResources: name = request.name ?? ""
        case (.resourcesUnsubscribe, _) where policy.hidesResources: name = request.name ?? ""
        case (.completionComplete, .prompt(let prompt)) where policy.hidesPrompts: name = prompt
        case (.completionComplete, .resource(let uri)) where policy.hidesResources: name = uri
        default: return nil
        }
        switch error["code"]?.number?.int {
        case -32002, -32602, 0: break
        default:
            guard let message = error["message"]?.string?.bytes, !name.isEmpty, message.contains(name.bytes) else {
                return nil
            }
        }
        return Self.absence(call, request)
    }

    /// The answer for a prompt or resource that is not there for this caller.
    private static func absence(_ call: Call, _ request: ClientRequest) -> Failure {
        let name = request.name ?? ""
        return switch request.method {
        case .promptsGet: Failure(MCPFailure.unknownPrompt(call.askedName ?? name, id: request.id, era: call.era))
        case .completionComplete: Failure(.invalidParameters, "unknown prompt or resource")
        default: Failure(MCPFailure.unknownResource(name, id: request.id, era: call.era))
        }
    }

    private static func allows(_ reference: Completion.Reference, _ policy: CompiledPolicy?) -> Bool {
        switch reference {
        case .prompt(let name): policy?.allowsPrompt(name) ?? false
        case .resource(let uri): policy?.allowsResource(uri) ?? false
        }
    }

    // MARK: Notifications and responses

    /// Takes a notification: passes on what concerns the server, drops what does not.
    func take(_ call: Call, _ notification: ClientNotification) async throws(Failure) {
        switch notification.method {
        case .cancelled where call.era == .legacy:
            if let session = call.session, let id = notification.cancelledRequest {
                core.announce(Cancellation(grant: call.grant.digest, session: session.text, id: id))
            }
        case .initialized where call.era == .legacy && !call.isBridged:
            try await tell(call, core.upstreamWriter.notification(.initialized), .initialized)
        case .rootsListChanged where call.era == .legacy && !call.isBridged:
            if call.grant.policy?.compiled.allows(.roots) == true {
                try await tell(call, core.upstreamWriter.notification(.rootsListChanged), .rootsListChanged)
            }
        default:
            break
        }
        await accept(call)
    }

    /// Passes a client's answer to a server's request on, under the server's own id.
    ///
    /// Our id carries that of the server, sealed for this grant and session, so any worker can do it (D1, D8).
    func take(_ call: Call, _ response: ClientResponse) async throws(Failure) {
        guard
            let ours = response.id.plainText,
            let origin = core.handles.openServerRequest(
                response.id,
                session: call.session,
                grant: call.grant,
                now: core.time.wallTime
            ),
            // Noted before it is sent: of two that come at once, on two workers, one passes.
            core.answered.add(HandleFingerprint(ours))
        else {
            throw Failure(.handleNotFound)
        }
        switch origin {
        case .server(let id):
            try await tell(call, core.upstreamWriter.response(response.outcome, to: id), nil)
        case .call(let address, let id):
            guard deliver(response.outcome, to: address, id) else {
                throw Failure(.handleNotFound)
            }
        case .question(let address, let number):
            guard deliver(response.outcome, to: address, number) else {
                throw Failure(.handleNotFound)
            }
        }
        await accept(call)
    }

    /// Sends a message upstream that gets no answer.
    private func tell(_ call: Call, _ body: [UInt8], _ method: MCPMethod?) async throws(Failure) {
        let message = UpstreamMessage(
            posting: body,
            requestID: nil,
            method: method,
            revision: call.leg.revision,
            sessionID: call.leg.sessionID
        )
        switch try await send(call, message) {
        case .accepted, .message: break
        case .stream(let stream, _): stream.cancel()
        case .status(let status, _): throw Failure(upstreamStatus: status, inSession: call.leg.sessionID != nil)
        }
    }
}

extension ClientRequest {
    fileprivate var completion: Completion? {
        guard case .completion(let completion) = detail else {
            return nil
        }
        return completion
    }
}
