public import Base
import ConnectorModel
import HTTPWire

/// Every bound towards one server.
public struct UpstreamLimits: Hashable, Sendable {
    /// The longest to get a connection: name, socket and TLS.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest a request may take, whatever arrives in between (MC-21).
    public var totalTimeout: Duration = .seconds(300)
    /// The longest silence on a reply before it is given up (E10).
    ///
    /// Comments of a stream count as sound.
    public var idleTimeout: Duration = .seconds(90)
    /// The longest silence on a stream of a session (GET), which may have nothing to say for hours.
    public var sessionStreamIdleTimeout: Duration = .seconds(3_600)
    /// The longest the question for the era may take.
    public var probeTimeout: Duration = .seconds(10)
    /// The longest a process may take to start and answer its first message.
    public var openingTimeout: Duration = .seconds(30)
    /// The most bytes of a JSON reply, and of a line of a process.
    public var maximumReplyBytes = 16 << 20
    /// The most bytes of an error's body that are looked at.
    public var maximumErrorBytes = 64 << 10
    /// The most bytes of one event of a stream.
    public var maximumEventBytes = 16 << 20
    /// The most bytes of a whole stream that answers a request.
    public var maximumStreamBytes = 256 << 20
    /// The most events of a stream that answers a request.
    public var maximumStreamEvents = 100_000
    /// The most pages of one list (D5).
    public var maximumPages = 200
    /// The most tools of one list (E7).
    public var maximumTools = 20_000
    /// The most bytes of all pages of one list together (E7).
    public var maximumListBytes = 64 << 20
    /// How long a server that did not speak the modern era is believed not to (mcp-protocol.md, 3.8).
    public var verdictLifetime: Duration = .seconds(86_400)

    /// The bounds as they ship.
    public init() {}
}

/// A header with a credential, added to every request to one server.
public struct UpstreamHeader: Sendable {
    /// As it goes out.
    public let name: ByteString
    /// Never logged, never shown.
    public let value: Secret<[UInt8]>

    /// A header from its parts; ``UpstreamConfiguration`` checks them.
    public init(name: ByteString, value: Secret<[UInt8]>) {
        self.name = name
        self.value = value
    }
}

/// How a server is reached: the few ways there are, told apart once per message and by no existential.
public enum UpstreamWay: Sendable {
    /// Streamable HTTP, with what is added to every request to it and to no other origin: redirects are never followed
    /// (G2, G5).
    case http(UpstreamAddress, headers: [UpstreamHeader])
    /// A process of the gateway's own, over its standard streams.
    case process(ProcessCommand)
    /// A REST API that a connector makes tools of.
    case connector(ConnectorAccount)
}

/// What there is to know of a server before talking to it.
public struct UpstreamConfiguration: Sendable {
    /// The operator's name for it.
    public let name: ByteString
    /// How it is reached.
    public let way: UpstreamWay
    /// Every bound.
    public let limits: UpstreamLimits
    /// Who is told when its credential is refused; `nil` for one that is not renewed.
    public var renewal: CredentialRenewal?

    /// Why a configured header cannot be sent.
    public enum Problem: Error, Hashable, Sendable {
        /// Its name is not a token.
        case badName(ByteString)
        /// Its value holds a byte that cannot stand in a header (C6). The value itself is not told.
        case badValue(ByteString)
        /// It belongs to HTTP or MCP itself and is written by the gateway.
        case reserved(ByteString)
        /// It stands twice.
        case duplicate(ByteString)
    }

    /// Checks the headers once, so that none is dropped silently later (C6).
    public init(
        name: ByteString,
        address: UpstreamAddress,
        headers: [UpstreamHeader] = [],
        limits: UpstreamLimits = UpstreamLimits()
    ) throws(Problem) {
        var fields = HTTPFields()
        for header in headers {
            if Self.isReserved(header.name) {
                throw .reserved(header.name)
            }
            do {
                try fields.append(name: header.name.bytes, value: header.value.reveal())
            } catch .duplicateField {
                throw .duplicate(header.name)
            } catch .badName {
                throw .badName(header.name)
            } catch {
                throw .badValue(header.name)
            }
        }
        self.name = name
        way = .http(address, headers: headers)
        self.limits = limits
    }

    /// A server that is a process of the gateway's own; whoever wrote the command has checked it.
    public init(name: ByteString, process: ProcessCommand, limits: UpstreamLimits = UpstreamLimits()) {
        self.name = name
        way = .process(process)
        self.limits = limits
    }

    /// A server that is a connector.
    public init(name: ByteString, connector: ConnectorAccount, limits: UpstreamLimits = UpstreamLimits()) {
        self.name = name
        way = .connector(connector)
        self.limits = limits
    }

    /// What is never to be seen in an answer: the values of headers, and of the variables that are secret.
    public var secrets: [Secret<[UInt8]>] {
        switch way {
        case .http(_, let headers): headers.map(\.value)
        case .process(let command): command.environment.filter(\.isSecret).map(\.value)
        case .connector(let account): account.instance.secrets
        }
    }

    /// What tells one server from another, whatever credentials it is reached with: of one over HTTP its address; of the
    /// others only the kind, for their sessions never leave the gateway.
    public var home: [UInt8] {
        var payload = FieldWriter()
        switch way {
        case .http(let address, _):
            payload.append(run: Array("\(address.origin)".utf8))
            payload.append(run: address.target)
        case .process: payload.append(run: Array("process".utf8))
        case .connector: payload.append(run: Array("connector".utf8))
        }
        return payload.bytes
    }

    /// What tells one way of reaching it, credentials included, from another.
    public var accessKey: [UInt8] {
        var payload = FieldWriter()
        switch way {
        case .http(let address, let headers):
            payload.append(run: address.target)
            payload.append(run: Array("\(address.origin)".utf8))
            for header in headers {
                payload.append(run: header.name.bytes)
                payload.append(run: header.value.reveal())
            }
        case .process(let command):
            payload.append(run: Array("process".utf8))
            command.append(to: &payload)
        case .connector(let account):
            payload.append(run: Array("connector".utf8))
            account.instance.append(to: &payload)
        }
        return payload.bytes
    }

    /// Names that frame, route or describe the message: setting them would let a configuration contradict the body.
    private static func isReserved(_ name: ByteString) -> Bool {
        if let known = KnownField(name: name.bytes) {
            return switch known {
            case .host, .contentLength, .contentType, .contentEncoding, .transferEncoding, .connection, .keepAlive,
                .proxyConnection, .upgrade, .http2Settings, .te, .trailer, .expect, .accept, .acceptEncoding,
                .mcpSessionID, .mcpProtocolVersion, .mcpMethod, .mcpName, .lastEventID:
                true
            default: false
            }
        }
        let lowered = name.bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
        return lowered.hasPrefix("mcp-")
    }
}

extension UpstreamConfiguration.Problem: CustomStringConvertible {
    /// What is wrong and what to do, without the value, which is a credential.
    public var description: String {
        switch self {
        case .badName(let name): "`\(name)` is no header name: use letters, digits and `-`"
        case .badValue(let name): "the value of `\(name)` holds a character that cannot stand in a header"
        case .reserved(let name): "`\(name)` is written by the gateway itself: leave it out"
        case .duplicate(let name): "`\(name)` stands twice: give it once"
        }
    }
}
