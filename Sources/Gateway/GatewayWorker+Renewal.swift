internal import Base
internal import EventLoops
internal import PolicyEngine
internal import Upstreams

/// Credentials that a server refuses although they should be good.
extension GatewayWorker {
    /// How long a call waits for its server's credential to be renewed.
    private static let longestRenewal = Duration.seconds(25)

    /// Sends a message once more with another credential, if one can be had, after a server has refused the one it has: a 401
    /// says that nothing was done (RFC 9110, section 15.5.2).
    func sendAgain(
        _ message: UpstreamMessage,
        for call: Call,
        after refused: WorkerUpstream
    ) async throws(UpstreamFailure) -> UpstreamReply? {
        guard let renewal = refused.server.configuration.renewal,
            let renewed = await upstream(of: call, after: refused, renewal)
        else {
            return nil
        }
        return try await renewed.server.send(message, cancellation: call.cancellation)
    }

    /// The server of a call with the credential that has followed a refused one; `nil` when there is none in time.
    private func upstream(
        of call: Call,
        after refused: WorkerUpstream,
        _ renewal: CredentialRenewal
    ) async -> WorkerUpstream? {
        // What was decided stands only as long as the policy says the same; the reload has made it anew.
        let version = call.grant.policy?.compiled.version
        guard await isReplaced(renewal, call), isStillGranted(call), version == call.grant.policy?.compiled.version
        else {
            return nil
        }
        let next = upstream(of: call.grant.server)
        // A session of the one is none of the other's.
        return next === refused || next.home != refused.home ? nil : next
    }

    private func isReplaced(_ renewal: CredentialRenewal, _ call: Call) async -> Bool {
        let outcome = RenewalOutcome()
        let loop = loop
        renewal.refused { isReplaced in
            loop.execute { outcome.set(isReplaced) }
        }
        let deadline = loop.now.advanced(by: Self.longestRenewal)
        let timer = loop.schedule(after: Self.longestRenewal) { outcome.news.wake() }
        call.cancellation.onCancel { outcome.news.wake() }
        while outcome.isReplaced == nil, call.ending == nil, loop.now < deadline {
            await outcome.news.wait()
        }
        call.cancellation.onCancel(nil)
        timer.cancel()
        return outcome.isReplaced == true
    }
}

/// What a renewal came to, for a call that waits for it.
// ISOLATION: made and used on one worker's loop; other threads only hand it to that loop.
private final class RenewalOutcome: @unchecked Sendable {
    private(set) var isReplaced: Bool?
    let news = WaitPoint()

    func set(_ isReplaced: Bool) {
        self.isReplaced = isReplaced
        news.wake()
    }
}
