public import AuditJournal
public import AuditModel
public import HTTPTransport
public import Secrets
public import Upstreams

/// How a gateway runs, apart from what it serves (that is the ``SnapshotDefinition``).
public struct GatewayConfiguration: Sendable {
    /// Where and how it listens.
    public var server: HTTPServerConfiguration
    /// How it connects to upstreams.
    public var client: HTTPClientConfiguration
    /// The keys of token digests and of handles.
    public var keys: KeyFile
    /// Host names served beside `localhost` and IP literals; without port.
    public var allowedHosts: [String] = []
    /// Origins of pages that may call beside those of this machine, exactly as a browser sends them.
    public var allowedOrigins: [String] = []
    /// Whether somebody keeps the counters of limits, and takes their changes again and again
    /// (``GatewayService/takeCounterChanges()``).
    public var keepsCounters = false
    /// Where every call that goes to a server is noted first; `nil`: nowhere.
    ///
    /// Its writers are the gateway's; it is closed by whoever opened it, after the gateway has ended.
    public var journal: AuditJournal?
    /// Makes what is kept of the values that split counters; `nil`: counters keep the values themselves.
    public var counterDigester: ArgumentDigester?
    /// Makes a digest of every argument for the journal; `nil`: it has their names only.
    public var argumentDigester: ArgumentDigester?
    /// How servers that are processes are started; `nil`: they are not.
    public var processes: ProcessHostConfiguration?
    /// Who keeps approvals; `nil`: nobody, and a call that needs one is denied.
    public var approvals: (any ApprovalDesk)?
    /// The bounds.
    public var limits = GatewayLimits()

    /// A configuration with the defaults of everything that has one.
    public init(
        server: HTTPServerConfiguration,
        client: HTTPClientConfiguration = HTTPClientConfiguration(),
        keys: KeyFile
    ) {
        self.server = server
        self.client = client
        self.keys = keys
    }
}
