import Base
import EventLoops
import Gateway
import OAuthModel
import Secrets
import Settings
import Stores
import Upstreams

/// Renews the authorisations of servers ahead of their end, one renewal at a time for each.
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
            if var known = held[id], known.connection.credential.sealed.hasSameSecret(as: sealed) {
                known.connection = connection
                next[id] = known
            } else {
                let life = TokenLife(connection.tokens)
                next[id] = Held(connection: connection, life: life, isRenewing: held[id]?.isRenewing ?? false)
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

    /// Ends what is under way.
    func close() {
        held = [:]
        transport.close()
    }

    private func renew(_ id: EntityID, _ one: Held) async {
        defer { held[id]?.isRenewing = false }
        guard let request = one.life.tokens.renewalRequest else {
            return
        }
        let answer = await transport.answer(to: request)
        do throws(OAuthProblem) {
            guard let answer else {
                throw OAuthProblem(.unavailable, one.life.tokens.tokenEndpoint.authority)
            }
            let tokens = try one.life.tokens.renewed(by: answer, now: time.wallTime)
            keep(tokens, of: one.connection)
        } catch {
            failed(error, id, one)
        }
    }

    private func failed(_ problem: OAuthProblem, _ id: EntityID, _ one: Held) {
        held[id]?.life.failed(problem, at: time.wallTime)
        say("the authorisation `\(one.connection.credential.name)` cannot be renewed: \(problem)")
        if !problem.isPassing {
            // Kept, so that every process and the command line know, and nobody asks in vain again.
            var ended = one.life.tokens
            ended.problem = problem
            keep(ended, of: one.connection)
        }
    }

    /// Seals tokens into the store, unless somebody put others there meanwhile.
    ///
    /// With the keys as they are while nobody else writes: whoever rotates them wraps everything anew after the file has
    /// the new key and before it loses an old one.
    private func keep(_ tokens: TokenSet, of connection: StoredConnection) {
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
        }
    }
}
