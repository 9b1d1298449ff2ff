internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import Upstreams

/// Servers that say that a call's headers do not fit its body (−32020, MC-05): what they mean has changed since they were
/// listed, and nothing was done.
extension GatewayWorker {
    /// What becomes of a call its server refused so.
    enum Relisting {
        /// It is another answer, or the second of this kind.
        case none
        /// It is sent once more, with these headers.
        case again([OutgoingHeader])
        /// It is not allowed any more, and answered.
        case refused
    }

    /// Lists the tools again when a server finds a call's headers wrong, and judges the call again, by what the tool is now
    /// and the policy in force now (I1, E2).
    func relisting(
        _ call: Call,
        _ request: ClientRequest,
        _ document: JSONDocument
    ) async throws(Failure) -> Relisting {
        guard request.method == .toolsCall, call.leg.revision.era == .modern, !call.isRelisted,
            document.root["error"]?["code"]?.number?.int == -32_020
        else {
            return .none
        }
        call.isRelisted = true
        let server = call.grant.server
        if server.shared.inventory.startsRelisting(at: loop.now) {
            do throws(Failure) {
                try await list(upstream(of: server))
            } catch {
                return .none
            }
        }
        guard try await isAllowedAgain(call, request) else {
            return .refused
        }
        guard let policy = call.grant.policy?.compiled else {
            return .none
        }
        let definition = upstream(of: call.grant.server).currentTools()?[request.name ?? ""]
        return .again(try headers(call, request, definition, policy))
    }
}
