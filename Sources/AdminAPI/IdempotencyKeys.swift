internal import AdminModel
internal import Base
internal import Cryptography
internal import JSONText
internal import Synchronization

/// Requests that were done already, by the key their sender chose: the same again does nothing twice.
///
/// Kept in memory: a restart forgets them. Answers are kept without their bodies, which may hold a token that is shown
/// once; a repeat is told where to look instead.
final class IdempotencyKeys: Sendable {
    /// LIMIT: keys that are remembered; the oldest go first.
    private static let maximumCount = 10_000
    /// How long a key is remembered, in milliseconds.
    private static let lifetime: Int64 = 24 * 3_600_000

    private struct Name: Hashable {
        let sender: Principal.Way
        let operation: OperationID
        let key: ByteString
    }

    private struct Use {
        let digest: [UInt8]
        let time: WallTime
        /// Whether it was done; until then the request is still under way.
        var isDone: Bool
    }

    private struct Uses {
        var byName: [Name: Use] = [:]
        var order: [Name] = []
    }

    private let uses = Guarded(Uses())

    /// What a key means for a request.
    enum Standing {
        /// It is new: do it, then say ``settle(_:isDone:)``.
        case new
        /// It was done before.
        case done
        /// It is being done now.
        case underWay
        /// It was another request's.
        case other
    }

    /// Takes the key of a request.
    func take(_ request: AdminRequest) -> Standing {
        guard let name = Self.name(of: request) else {
            return .new
        }
        let digest = SHA256.digest(request.body?.bytes ?? [])
        return uses.withLock { uses in
            if let known = uses.byName[name], request.now.milliseconds - known.time.milliseconds < Self.lifetime {
                return known.digest != digest ? .other : known.isDone ? .done : .underWay
            }
            if uses.byName.updateValue(Use(digest: digest, time: request.now, isDone: false), forKey: name) == nil {
                uses.order.append(name)
            }
            if uses.order.count > Self.maximumCount {
                for old in uses.order.prefix(Self.maximumCount / 10) {
                    uses.byName[old] = nil
                }
                uses.order.removeFirst(Self.maximumCount / 10)
            }
            return .new
        }
    }

    /// Says how a request that was ``Standing/new`` ended; one that was not done may be tried again.
    func settle(_ request: AdminRequest, isDone: Bool) {
        guard let name = Self.name(of: request) else {
            return
        }
        uses.withLock { uses in
            if isDone {
                uses.byName[name]?.isDone = true
            } else {
                uses.byName[name] = nil
                uses.order.removeAll { $0 == name }
            }
        }
    }

    private static func name(of request: AdminRequest) -> Name? {
        guard let key = request.idempotencyKey, let sender = request.principal else {
            return nil
        }
        return Name(sender: sender.way, operation: request.operation.id, key: key)
    }
}
