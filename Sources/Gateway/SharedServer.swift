internal import Base
internal import Synchronization
internal import Upstreams

/// What all workers share about one server with one credential, across reloads that change neither.
final class SharedServer: Sendable {
    /// The server's own, whatever it is reached with (E2).
    let inventory: Inventory
    let knowledge = UpstreamKnowledge()
    let places: Places

    init(inventory: Inventory, places: Places) {
        self.inventory = inventory
        self.places = places
    }
}

/// How a server is found again: who it is, and with what address and credential it is reached.
struct ServerKey: Hashable {
    let identity: ByteString
    let access: ByteString
}

/// Finds what is shared of a server or a grant again when a new snapshot is compiled.
///
/// Holds what the latest snapshot uses, and the tools of every server there ever was: a server that is taken out and put
/// back, or gets another credential, is held to what it first showed. As many as the operator has written, no more.
final class SharedState: Sendable {
    private struct State {
        var inventories: [ByteString: Inventory] = [:]
        var servers: [ServerKey: SharedServer] = [:]
        var grants: [ByteString: Places] = [:]
    }

    private let state = Guarded(State())
    private let limits: GatewayLimits

    init(limits: GatewayLimits) {
        self.limits = limits
    }

    /// When the grants of the latest snapshot were last used by this process; those it has not seen are not in it.
    var lastUses: [ByteString: WallTime] {
        state.withLock { $0.grants }.compactMapValues(\.used)
    }

    /// The shared parts for the servers and grants of a new snapshot; all else but tools is forgotten.
    func take(
        servers: Set<ServerKey>,
        grants: Set<ByteString>
    ) -> (servers: [ServerKey: SharedServer], grants: [ByteString: Places]) {
        let (shares, dropped) = state.withLock { state in
            var next = State(inventories: state.inventories)
            for key in servers {
                let inventory = next.inventories[key.identity] ?? Inventory()
                next.inventories[key.identity] = inventory
                next.servers[key] =
                    state.servers[key]
                    ?? SharedServer(
                        inventory: inventory,
                        places: Places(
                            calls: limits.maximumInFlightPerServer,
                            streams: limits.maximumStreamsPerServer
                        )
                    )
            }
            for id in grants {
                next.grants[id] =
                    state.grants[id]
                    ?? Places(calls: limits.maximumInFlightPerGrant, streams: limits.maximumStreamsPerGrant)
            }
            let dropped = state.servers.filter { next.servers[$0.key] == nil }
            state = next
            return ((next.servers, next.grants), dropped)
        }
        for server in dropped.values {
            server.knowledge.retire()
        }
        return shares
    }

    /// What stands for a bundle, which has places of its own and no tools.
    func bundle() -> SharedServer {
        SharedServer(
            inventory: Inventory(),
            places: Places(calls: limits.maximumInFlightPerServer, streams: limits.maximumStreamsPerServer)
        )
    }

    /// The tools of a server, whether a snapshot has had it yet or not.
    func inventory(of identity: ByteString) -> Inventory {
        state.withLock { state in
            let inventory = state.inventories[identity] ?? Inventory()
            state.inventories[identity] = inventory
            return inventory
        }
    }

    /// The tools of every server there ever was, by the server's identity.
    var inventories: [ByteString: Inventory] {
        state.withLock { $0.inventories }
    }
}
