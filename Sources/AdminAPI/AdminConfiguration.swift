public import Base
public import EventLoops
public import HTTPTransport
public import Secrets
public import Settings
public import Stores

/// What the admin listener needs to know.
public struct AdminConfiguration: Sendable {
    /// Where to listen.
    public var address: SocketAddress
    /// Certificate and key; `nil` serves plain HTTP.
    public var identity: TLSServerIdentity?
    /// The origin people use, as browsers send it; `nil`: `http://` and the address.
    public var origin: String?
    /// What is served.
    public var store: any Store
    /// Where the store lies, for messages.
    public var storePath: String
    /// Who may ask.
    public var gate: any AdminGate
    /// The keys in force.
    ///
    /// Asked each time, since they may be rotated; blocks.
    public var keys: @Sendable () throws(KeyFileError) -> KeyFile
    /// Where clients reach a server or bundle, by its name.
    public var endpoint: @Sendable (String) -> String = { "http://127.0.0.1:8080/mcp/\($0)" }
    /// Why a connector could not be served with these settings; `nil` when it could.
    public var connectorProblem: @Sendable (ConnectorSettings) -> String? = { $0.refusal }
    /// The clock.
    public var time: any TimeSource
    /// LIMIT: open connections; live streams are among them.
    public var maximumConnections = 384
    /// LIMIT: bytes of a request's body.
    public var maximumBodyBytes = 1 << 20

    /// A configuration with the usual bounds.
    public init(
        address: SocketAddress,
        store: any Store,
        storePath: String,
        gate: any AdminGate,
        keys: @escaping @Sendable () throws(KeyFileError) -> KeyFile,
        time: any TimeSource = SystemTime()
    ) {
        self.address = address
        self.store = store
        self.storePath = storePath
        self.gate = gate
        self.keys = keys
        self.time = time
    }
}
