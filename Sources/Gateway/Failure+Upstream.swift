internal import AuditModel
internal import MCPModel
internal import Upstreams

extension Failure {
    /// What the caller is told of a server that gave no usable answer: never its words, its address, or ours.
    init(_ failure: UpstreamFailure) {
        switch failure.kind {
        case .unreachable, .tls, .broken, .busy, .refused:
            self.init(.upstreamUnavailable)
        case .crowded:
            self.init(
                .upstreamUnavailable,
                "the call has run, but its large answer found no room beside others: ask for less at once, or later"
            )
        case .processEnded:
            self.init(.upstreamUnavailable, "the server's process ended before it answered: call again")
        case .processDown:
            self.init(
                .upstreamUnavailable,
                "the server's process does not run: its operator finds the reason with `toolgate server logs`, or on the "
                    + "standard error of `toolgate wrap`"
            )
        case .timedOut:
            self.init(.upstreamTimedOut)
        case .protocolViolation, .tooLarge, .redirected:
            self.init(.upstreamMisbehaved)
        case .notMCP:
            self.init(.eraNotServed)
        case .cancelled:
            self.init(.draining)
        case .unwritable:
            self.init(.internalFault)
        }
    }

    /// What a bare status of a server means for the caller.
    ///
    /// 404 in a session says that the session is over (25/http): the client has to begin anew. Everything else is
    /// between the gateway and the server: a 401 there is a credential of the operator's, not of the caller's.
    init(upstreamStatus status: Int, inSession: Bool) {
        switch status {
        case 404 where inSession:
            self.init(.sessionNotFound)
        case 404, 405:
            self.init(.eraNotServed)
        case 408, 504:
            self.init(.upstreamTimedOut)
        case 400, 406, 411...428, 431:
            self.init(.upstreamMisbehaved)
        default:
            self.init(.upstreamUnavailable)
        }
    }
}

extension AuditResult {
    /// How a call that got no usable answer ended.
    init(_ failure: UpstreamFailure) {
        switch failure.kind {
        case .unreachable, .tls, .busy, .unwritable, .broken, .processEnded, .processDown:
            self = failure.wroteBytes ? .reset : .unreachable
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .refused, .protocolViolation, .tooLarge, .crowded, .redirected, .notMCP: self = .badAnswer
        }
    }

    /// How a call ended that the gateway itself answered in its server's place.
    init(_ failure: Failure.Kind) {
        switch failure {
        case .cancelled, .draining, .unauthorized: self = .cancelled
        case .upstreamTimedOut: self = .timedOut
        case .upstreamUnavailable: self = .reset
        case .logUnavailable, .tooManyInFlight: self = .notForwarded
        default: self = .badAnswer
        }
    }
}
