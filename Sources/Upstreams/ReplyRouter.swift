import Base
import JSONText
import MCPModel

/// Who waits for what a server says over one connection that carries everything: a process's output, or the stream of a
/// session of 2024-11-05.
///
/// A value: whoever owns the connection confines it.
struct ReplyRouter {
    private var pending: [RequestID: ReplyExchange] = [:]
    /// The ids in `pending` in their order, and some that are not in it any more.
    private var sequence: [RequestID] = []
    private var listeners: [ReplyExchange] = []

    /// How many requests have no answer yet.
    var count: Int { pending.count }

    /// Whether nobody waits for anything.
    var isEmpty: Bool { pending.isEmpty && listeners.isEmpty }

    /// A request is about to be sent.
    mutating func add(_ exchange: ReplyExchange, for id: RequestID) {
        pending[id] = exchange
        sequence.append(id)
        if sequence.count > 2 * pending.count + 64 {
            sequence.removeAll { pending[$0] == nil }
        }
    }

    /// Somebody wants what is said outside of answers.
    mutating func listen(_ exchange: ReplyExchange) {
        listeners.append(exchange)
    }

    /// Forgets an exchange nobody waits on; answers the id of its request, when that has no answer yet.
    mutating func remove(_ exchange: ReplyExchange) -> RequestID? {
        listeners.removeAll { $0 === exchange }
        guard let id = pending.first(where: { $0.value === exchange })?.key else {
            return nil
        }
        pending[id] = nil
        return id
    }

    /// Whether a response is somebody's: what comes late, twice or for nobody is dropped (D8).
    mutating func answer(_ id: RequestID, _ document: JSONDocument) -> Bool {
        guard let exchange = pending.removeValue(forKey: id) else {
            return false
        }
        exchange.deliver(.event(UpstreamEvent(id: nil, message: document, kind: .response)))
        return true
    }

    /// Passes a notification to whom it is for; false when that is nobody.
    ///
    /// With `guesses` one that names no request goes to the latest one, because all are one caller's.
    func tell(_ document: JSONDocument, guesses: Bool) -> Bool {
        let event = UpstreamEvent(id: nil, message: document, kind: .notification)
        let params = document.root["params"]
        let named = params?["_meta"]?["io.modelcontextprotocol/subscriptionId"] ?? params?["progressToken"]
        if let id = named.flatMap({ RequestID($0) }) {
            guard let exchange = pending[id] else {
                return false
            }
            exchange.deliver(.event(event))
            return true
        }
        let method = document.root["method"]?.string
        if Self.changes.contains(where: { method?.isEqual(to: $0.name) == true }) {
            let all = listeners.isEmpty ? newest.map { [$0] } ?? [] : listeners
            for exchange in all {
                exchange.deliver(.event(event))
            }
            return !all.isEmpty
        }
        guard guesses, let exchange = newest ?? listeners.last else {
            return false
        }
        exchange.deliver(.event(event))
        return true
    }

    /// Passes a request of the server to the latest call of its session; false when there is nobody to ask.
    func ask(_ document: JSONDocument) -> Bool {
        guard let exchange = newest ?? listeners.last else {
            return false
        }
        exchange.deliver(.event(UpstreamEvent(id: nil, message: document, kind: .request)))
        return true
    }

    /// Nothing comes any more: requests fail, streams end.
    mutating func fail(_ failure: UpstreamFailure) {
        for exchange in pending.values {
            exchange.deliver(.failed(failure))
        }
        for exchange in listeners {
            exchange.deliver(.ended)
        }
        self = ReplyRouter()
    }

    /// The exchange of the latest request that has no answer yet.
    private var newest: ReplyExchange? {
        for id in sequence.reversed() {
            if let exchange = pending[id] {
                return exchange
            }
        }
        return nil
    }

    private static let changes: [MCPMethod] = [
        .toolsListChanged, .promptsListChanged, .resourcesListChanged, .resourcesUpdated,
    ]
}
