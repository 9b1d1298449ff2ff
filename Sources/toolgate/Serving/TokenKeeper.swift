import Base
import EventLoops
import Gateway
import OAuthModel
import Secrets
import Settings
import Stores
import Upstreams

/// Renews the authorisations of servers ahead of their end, and when a server refuses one with 401; one renewal at a time
/// for each.
///
/// What is new is sealed into the store; the store's keeper sees the change and puts it in force. Nothing of this is on
/// the way of a call. Confined to the keeper's worker.
final class TokenKeeper {
    private struct Held {
        var connection: StoredConnection
        var life: TokenLife
        var isRenewing = false
    }

    private let store: any Store
    private let keys: ServedKeys
    private let transport: OAuthTransport
    private let worker: Worker
    private let time: any TimeSource
    private let say: (String) -> Void
    private var held: [EntityID: Held] = [:]
    /// When an authorisation was last renewed because its server refused it.
    private var refused: [EntityID: WallTime] = [:]
    /// A server that refuses what it was renewed to within this time wants somebody to connect again.
    private static let patience: Int64 = 60_000

    init(
        _ store: any Store,
        keys: ServedKeys,
        transport: OAuthTransport,
        on worker: Worker,
        time: any TimeSource = SystemTime(),
        say: @escaping (String) -> Void
    ) {
        self.store = store
        self.keys = keys
        self.transport = transport
        self.worker = worker
        self.time = time
        self.say = say
    }

    /// Takes over what the store holds now; a life that is known goes on.
    func take(_ connections: [StoredConnection]) {
        var next: [EntityID: Held] = [:]
        for connection in connections {
            let id = connection.credential.id
            let sealed = connection.credential.sealed
            let reference = KeeperReference(keeper: self)
            connection.renewal.onRefusal { [worker] in
                worker.loop.execute { reference.keeper?.refuse(id) }
            }
            if let before = held[id]?.connection, before.renewal !== connection.renewal {
                before.renewal.end(isReplaced: true)
            }
            if var known = held[id], known.connection.credential.sealed.hasSameSecret(as: sealed) {
                known.connection = connection
                next[id] = known
            } else {
                // What this keeper renewed itself comes back from the store: its pauses go on.
                let known = held[id].flatMap { $0.life.holds(connection.tokens) ? $0.life : nil }
                next[id] = Held(
                    connection: connection,
                    life: known ?? TokenLife(connection.tokens),
                    isRenewing: held[id]?.isRenewing ?? false
                )
            }
        }
        held = next
    }

    /// Begins the renewals that are due.
    func tick() {
        let now = time.wallTime
        for (id, one) in held where !one.isRenewing {
            switch one.life.use(at: now) {
            case .renewBeside, .renewFirst:
                held[id]?.isRenewing = true
                worker.spawn { [self] in await renew(id, one) }
            case .good, .wait, .reconnect:
                continue
            }
        }
    }

    /// A server has refused an authorisation: it is renewed once, and a server that refuses the new one too has the last
    /// word.
    private func refuse(_ id: EntityID) {
        guard var one = held[id], !one.isRenewing else {
            // The renewal that runs tells how it ends.
            return
        }
        let now = time.wallTime
        // Over from now on, whatever it said of its end.
        one.life.refused(at: now)
        held[id] = one
        if let before = refused[id], now.milliseconds - before.milliseconds < Self.patience {
            failed(OAuthProblem(.tokenRefused), id, one)
            return
        }
        switch one.life.use(at: now) {
        case .good, .renewBeside, .renewFirst:
            held[id]?.isRenewing = true
            worker.spawn { [self] in
                if await renew(id, one) {
                    refused[id] = now
                }
            }
        case .reconnect(let problem) where one.connection.tokens.problem == nil:
            failed(problem, id, one)
        case .wait, .reconnect:
            one.connection.renewal.end(isReplaced: false)
        }
    }

    /// Ends what is under way.
    func close() {
        held = [:]
        transport.close()
    }

    /// Renews an authorisation; false when that came to nothing.
    @discardableResult
    private func renew(_ id: EntityID, _ one: Held) async -> Bool {
        defer { held[id]?.isRenewing = false }
        guard let request = one.life.tokens.renewalRequest else {
            one.connection.renewal.end(isReplaced: false)
            return false
        }
        let answer = await transport.answer(to: request)
        do throws(OAuthProblem) {
            guard let answer else {
                throw OAuthProblem(.unavailable, one.life.tokens.tokenEndpoint.authority)
            }
            let tokens = try one.life.tokens.renewed(by: answer, now: time.wallTime)
            // Whoever waits is told when it is in force.
            guard keep(tokens, of: one.connection) else {
                one.connection.renewal.end(isReplaced: false)
                return false
            }
            // Until the store's change is taken in: what was refreshed with is spent, and whoever presents it again loses
            // all (RFC 9700, section 4.14.2).
            held[id]?.life.renewed(tokens, at: time.wallTime)
            return true
        } catch {
            failed(error, id, one)
            return false
        }
    }

    private func failed(_ problem: OAuthProblem, _ id: EntityID, _ one: Held) {
        held[id]?.life.failed(problem, at: time.wallTime)
        let next = problem.isPassing ? "; it is tried again" : ""
        say("the authorisation `\(one.connection.credential.name)` cannot be renewed: \(problem)\(next)")
        if !problem.isPassing {
            // Kept, so that every process and the command line know, and nobody asks in vain again.
            var ended = one.life.tokens
            ended.problem = problem
            keep(ended, of: one.connection)
        }
        one.connection.renewal.end(isReplaced: false)
    }

    /// Seals tokens into the store, unless somebody put others there meanwhile; false when that cannot be done.
    ///
    /// With the keys as they are while nobody else writes: whoever rotates them wraps everything anew after the file has
    /// the new key and before it loses an old one.
    @discardableResult
    private func keep(_ tokens: TokenSet, of connection: StoredConnection) -> Bool {
        let name = connection.credential.name
        do throws(StoreError) {
            try store.change(by: .gateway) { writer throws(StoreError) in
                guard var record = try writer.reader.credential(named: name), record.id == connection.credential.id,
                    record.sealed.hasSameSecret(as: connection.credential.sealed)
                else {
                    return
                }
                keys.look()
                do throws(CredentialError) {
                    let binding = record.binding(organisation: connection.organisation)
                    guard let sealed = try keys.sealer?.seal(tokens.plaintext, for: binding) else {
                        return
                    }
                    record.sealed = sealed
                } catch {
                    throw .refused("\(error)")
                }
                try writer.save(record)
            }
        } catch {
            say("the authorisation `\(name)` was renewed and cannot be kept: \(error)")
            return false
        }
        return true
    }
}

/// Leads to a keeper from other threads.
// ISOLATION: looked into on the keeper's worker only.
private struct KeeperReference: @unchecked Sendable {
    weak var keeper: TokenKeeper?
}
