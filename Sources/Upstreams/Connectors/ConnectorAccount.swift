import Base
public import ConnectorModel
public import HTTPTransport
import Synchronization

/// What all calls with one credential share: what they learned, and answers that may be kept; the pace they share with all
/// who ask the same API.
public final class ConnectorAccount: Sendable {
    /// LIMIT: bytes of all kept answers.
    private static let maximumCachedBytes = 16 << 20

    private struct Kept {
        let response: ConnectorResponse
        let until: Instant
    }

    private struct State {
        var memory = ConnectorMemory()
        var cache: [ByteString: Kept] = [:]
        var cachedBytes = 0
    }

    /// The account.
    public let instance: ConnectorInstance
    /// Where it is.
    public let origin: HTTPOrigin
    /// Its messages.
    public let face: ConnectorFace
    private let throttle: SharedThrottle
    private let state: Guarded<State>

    /// An account nobody has called yet.
    ///
    /// - Parameters:
    ///   - instance: the connector with its settings and its secret.
    ///   - paces: where the other accounts of this process take their pace from.
    ///   - allowsInsecure: whether plain http to another machine is allowed.
    /// - Throws: for an origin that is no URL, and for plain http to another machine unless that is allowed.
    public init(
        _ instance: ConnectorInstance,
        paces: ConnectorPaces = ConnectorPaces(),
        allowsInsecure: Bool = false
    ) throws(UpstreamAddress.Problem) {
        self.instance = instance
        origin = try UpstreamAddress(instance.origin.bytes + [UInt8(ascii: "/")], allowsInsecure: allowsInsecure).origin
        face = ConnectorFace(instance.connector)
        throttle = paces.throttle(of: origin, instance.connector.pace)
        state = Guarded(State())
    }

    /// What earlier calls learned.
    var memory: ConnectorMemory { state.withLock { $0.memory } }

    func keep(_ memory: ConnectorMemory) {
        state.withLock { $0.memory = memory }
    }

    func admit(at now: Instant, patience: Duration) -> ConnectorThrottle.Admission {
        throttle.admit(at: now, patience: patience)
    }

    /// The answer to the same request, if it is kept and fresh.
    func kept(_ request: ConnectorRequest, at now: Instant) -> ConnectorResponse? {
        guard request.cacheSeconds > 0 else {
            return nil
        }
        let key = Self.key(request)
        return state.withLock { state in
            guard let kept = state.cache[key], now < kept.until else {
                return nil
            }
            var response = kept.response
            response.isCached = true
            response.elapsedMilliseconds = 0
            return response
        }
    }

    /// Keeps a good answer for as long as its step says.
    func keep(_ response: ConnectorResponse, to request: ConnectorRequest, at now: Instant) {
        guard request.cacheSeconds > 0, response.status == 200 || response.status == 204 else {
            return
        }
        let key = Self.key(request)
        let until = now.advanced(by: .seconds(request.cacheSeconds))
        state.withLock { state in
            if let old = state.cache[key] {
                state.cachedBytes -= old.response.body.count
            }
            state.cachedBytes += response.body.count
            state.cache[key] = Kept(response: response, until: until)
            // Everything is dropped rather than the oldest looked for: it is a cache of minutes.
            if state.cachedBytes > Self.maximumCachedBytes || state.cache.count > 1_000 {
                state.cache.removeAll()
                state.cachedBytes = 0
            }
        }
    }

    private static func key(_ request: ConnectorRequest) -> ByteString {
        var key = FieldWriter()
        key.append(run: request.method.rawValue.utf8)
        key.append(run: request.path.bytes)
        key.append(run: request.query.bytes)
        key.append(run: request.body?.bytes ?? [])
        return ByteString(key.bytes)
    }
}
