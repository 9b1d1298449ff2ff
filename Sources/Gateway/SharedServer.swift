internal import Base
internal import Secrets
internal import Synchronization
internal import Upstreams

/// What all workers share about one server with one credential, across reloads that change neither.
final class SharedServer: Sendable {
    let inventory = Inventory()
    let knowledge = UpstreamKnowledge()
    let places: Places

    init(places: Places) {
        self.places = places
    }
}

/// Finds what is shared of a server or a grant again when a new snapshot is compiled.
///
/// Holds exactly what the latest snapshot uses: what a reload removes begins anew if it ever comes back.
final class SharedState: Sendable {
    private struct State {
        var servers: [ByteString: SharedServer] = [:]
        var grants: [GrantDigest: Places] = [:]
    }

    private let state = Guarded(State())
    private let limits: GatewayLimits

    init(limits: GatewayLimits) {
        self.limits = limits
    }

    /// The shared parts for the servers and grants of a new snapshot; everything else is forgotten.
    func take(
        servers: Set<ByteString>,
        grants: Set<GrantDigest>
    ) -> (servers: [ByteString: SharedServer], grants: [GrantDigest: Places]) {
        state.withLock { state in
            var next = State()
            for key in servers {
                next.servers[key] =
                    state.servers[key]
                    ?? SharedServer(
                        places: Places(
                            calls: limits.maximumInFlightPerServer,
                            streams: limits.maximumStreamsPerServer
                        )
                    )
            }
            for digest in grants {
                next.grants[digest] =
                    state.grants[digest]
                    ?? Places(calls: limits.maximumInFlightPerGrant, streams: limits.maximumStreamsPerGrant)
            }
            state = next
            return (next.servers, next.grants)
        }
    }
}
