public import Base
public import ConnectorModel
public import EventLoops
public import HTTPTransport
import HTTPWire
public import JSONText

/// Runs calls of one account over the network, as one worker does.
///
/// Loop-confined.
///
/// Follows no redirect and keeps no cookie (G2, G3); the credential is put into the head or path here and nowhere else.
public final class ConnectorRunner {
    /// LIMIT: how long a request waits for its turn before the call is told that it is asking too often.
    private static let patience: Duration = .seconds(10)

    private let account: ConnectorAccount
    private let client: HTTPClient
    private let poolKey: ByteString
    private let loop: EventLoop
    private let time: any TimeSource
    private var seed: UInt64 = 0

    /// A runner for the worker whose loop and client these are.
    public init(
        _ account: ConnectorAccount,
        client: HTTPClient,
        poolKey: ByteString,
        loop: EventLoop,
        time: any TimeSource = SystemTime()
    ) {
        self.account = account
        self.client = client
        self.poolKey = poolKey
        self.loop = loop
        self.time = time
    }

    /// One call from its arguments to its result; `nil` when it was cancelled.
    public func call(
        _ tool: ConnectorTool,
        arguments: JSONValue?,
        timeout: Duration,
        cancellation: CancellationPoint? = nil
    ) async -> ConnectorResult? {
        seed &+= 1  // spreads repetitions; wrapping is harmless
        var call = ConnectorCall(
            tool,
            of: account.instance,
            arguments: arguments,
            time: time.wallTime,
            memory: account.memory,
            seed: UInt64(truncatingIfNeeded: loop.now.nanoseconds) &+ seed  // any number will do
        )
        let deadline = loop.now.advanced(by: timeout)
        while cancellation?.isCancelled != true {
            switch call.next() {
            case .finish(let result):
                account.keep(call.memory)
                return result
            case .wait(let pause):
                await loop.sleep(for: min(pause, left(until: deadline)))
            case .send(let request):
                await answer(request, in: &call, until: deadline, cancellation)
            }
        }
        return nil
    }

    private func left(until deadline: Instant) -> Duration {
        max(.zero, deadline.elapsed(since: loop.now))
    }

    private func answer(
        _ request: ConnectorRequest,
        in call: inout ConnectorCall,
        until deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async {
        if let kept = account.kept(request, at: loop.now) {
            call.received(kept)
            return
        }
        guard left(until: deadline) > .zero else {
            call.failed(.timedOut)
            return
        }
        switch account.admit(at: loop.now, patience: min(Self.patience, left(until: deadline))) {
        case .tooLong(let wait):
            call.failed(.throttled(seconds: Int(wait.components.seconds) + 1))
            return
        case .after(let wait):
            if wait > .zero {
                await loop.sleep(for: wait)
            }
        }
        do throws(HTTPClientError) {
            let response = try await send(request, until: deadline, cancellation)
            account.keep(response, to: request, at: loop.now)
            call.received(response)
        } catch {
            call.failed(Self.failure(error))
        }
    }

    private func send(
        _ request: ConnectorRequest,
        until deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HTTPClientError) -> ConnectorResponse {
        let total = min(account.instance.connector.timeout, left(until: deadline))
        let started = loop.now
        let exchange = try await client.send(
            HTTPClientRequest(
                method: Self.method(request.method),
                target: account.instance.target(of: request).reveal(),
                fields: try fields(request),
                body: request.body?.bytes ?? []
            ),
            to: account.origin,
            poolKey: poolKey,
            deadlines: HTTPClientDeadlines(connect: min(.seconds(5), total), head: total, piece: total, total: total),
            cancellation: cancellation
        )
        let head = exchange.head
        if let encoding = head.fields[.contentEncoding], !encoding.isEqual(to: "identity") {
            exchange.cancel()
            // A compressed answer could be a bomb; none was asked for (E10).
            throw HTTPClientError(.malformed(.bodyTooLarge), wroteBytes: true)
        }
        let body = try await exchange.body(maximumBytes: account.instance.connector.maximumResponseBytes)
        let type = head.fields[.contentType]?.prefix { $0 != UInt8(ascii: ";") && $0 > 0x20 } ?? []
        return ConnectorResponse(
            status: head.status,
            contentType: ByteString(Array(type)),
            retryAfter: head.fields.value(named: "retry-after").map { ByteString($0) },
            body: body,
            elapsedMilliseconds: Int(loop.now.elapsed(since: started).nanoseconds / 1_000_000)
        )
    }

    private func fields(_ request: ConnectorRequest) throws(HTTPClientError) -> HTTPFields {
        do throws(HTTPSerializerError) {
            var fields = HTTPFields()
            try fields.append(.host, account.origin.authority)
            if request.body != nil {
                fields.append(.contentType, "application/json")
            }
            fields.append(.acceptEncoding, "identity")
            try fields.append(.userAgent, Array("toolgate/\(ProductVersion.text)".utf8))
            for header in account.instance.headers {
                try fields.append(name: header.name.bytes, value: header.value.bytes)
            }
            if let authorization = account.instance.authorization {
                try fields.append(name: authorization.name.bytes, value: authorization.value.reveal())
            }
            return fields
        } catch {
            throw HTTPClientError(.unwritable(error), wroteBytes: false)
        }
    }

    private static func method(_ method: ConnectorMethod) -> HTTPMethod {
        switch method {
        case .get: .get
        case .post: .post
        case .put: .put
        case .patch: .patch
        case .delete: .delete
        }
    }

    private static func failure(_ error: HTTPClientError) -> ConnectorTransportFailure {
        switch error.kind {
        case .timedOut: .timedOut
        case .malformed(.bodyTooLarge): .tooLarge
        case .malformed, .unwritable: .unreadable
        default: .unavailable
        }
    }
}
