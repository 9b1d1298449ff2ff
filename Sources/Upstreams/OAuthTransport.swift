public import Base
public import EventLoops
public import HTTPTransport
internal import HTTPWire
public import OAuthModel

/// Makes the requests of an ``OAuthFlow`` and of renewals.
///
/// Loop-confined.
///
/// Follows no redirect and keeps no cookie, as the client it stands on does not. What was only discovered is connected to
/// at addresses of the public internet alone, looked at after resolving (security.md, G1).
public final class OAuthTransport {
    private let named: HTTPClient
    private let discovered: HTTPClient

    /// A transport on a loop; `trust` is `nil` for the system's certificate authorities.
    public init(on loop: EventLoop, trust: TLSTrust? = nil) {
        let deadlines = HTTPClientDeadlines(total: .seconds(20))
        named = HTTPClient(on: loop, configuration: HTTPClientConfiguration(deadlines: deadlines, trust: trust))
        discovered = HTTPClient(
            on: loop,
            configuration: HTTPClientConfiguration(deadlines: deadlines, trust: trust) { !$0.ip.isPrivate }
        )
    }

    /// The answer to a request; `nil` when there was none: the server cannot be reached, or broke the protocol.
    public func answer(to request: OAuthRequest) async -> OAuthAnswer? {
        guard let address = Self.address(request.address) else {
            return nil
        }
        let client = request.isNamed ? named : discovered
        do throws(HTTPClientError) {
            let exchange = try await client.send(
                try Self.message(request, to: address),
                to: address.origin,
                poolKey: "oauth"
            )
            let status = exchange.head.status
            return OAuthAnswer(status: status, body: try await exchange.body(maximumBytes: OAuthAnswer.maximumBytes))
        } catch {
            return nil
        }
    }

    /// What the server says of its authorisation when it is asked without one (AC-01); `nil` when it says nothing.
    public func challenge(of server: WebAddress) async -> BearerChallenge? {
        do throws(HTTPClientError) {
            guard let address = Self.address(server) else {
                return nil
            }
            let request = HTTPClientRequest(method: .get, target: address.target)
            let exchange = try await named.send(request, to: address.origin, poolKey: "oauth")
            defer { exchange.cancel() }
            guard exchange.head.status == 401 else {
                return nil
            }
            return exchange.head.fields[.wwwAuthenticate].flatMap { BearerChallenge($0) }
        } catch {
            return nil
        }
    }

    /// Closes what is open.
    public func close() {
        named.close()
        discovered.close()
    }

    private static func address(_ address: WebAddress) -> UpstreamAddress? {
        do throws(UpstreamAddress.Problem) {
            return try UpstreamAddress(address.text.bytes)
        } catch {
            return nil
        }
    }

    private static func message(
        _ request: OAuthRequest,
        to address: UpstreamAddress
    ) throws(HTTPClientError) -> HTTPClientRequest {
        var fields = HTTPFields()
        do throws(HTTPSerializerError) {
            for field in request.fields {
                try fields.append(name: field.name.bytes, value: field.value.reveal())
            }
        } catch {
            throw HTTPClientError(.unwritable(error), wroteBytes: false)
        }
        return HTTPClientRequest(
            method: request.body == nil ? .get : .post,
            target: address.target,
            fields: fields,
            body: request.body?.reveal() ?? []
        )
    }
}

extension OAuthFlow {
    /// Runs requests until a person is needed or it is done.
    ///
    /// - Throws: ``OAuthProblem``.
    public mutating func advance(
        _ step: Step,
        over transport: OAuthTransport,
        time: any TimeSource
    ) async throws(OAuthProblem) -> Step {
        var step = step
        while case .ask(let request) = step {
            step = try take(await transport.answer(to: request), now: time.wallTime)
        }
        return step
    }
}
