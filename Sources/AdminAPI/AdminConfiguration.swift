public import Base
public import EventLoops
public import HTTPTransport
public import People
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
    /// How people get in; `nil`: there are no accounts.
    public var people: PeopleDesk?
    /// Whether whoever comes first may found the organisation.
    public var isRegistrationOpen = false
    /// The journal; `nil`: none is kept.
    public var journal: (any AdminJournal)?
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

    /// Whether people reach it by https.
    var isSecure: Bool { identity != nil || origin?.hasPrefix("https://") == true }

    /// What there is besides, for the console.
    var features: [String] {
        (people == nil ? [] : ["people"]) + (journal == nil ? [] : ["decisions"])
            + (isRegistrationOpen ? ["registration"] : [])
    }

    /// A configuration for people who sign in, with the usual bounds.
    public init(
        address: SocketAddress,
        store: any Store,
        storePath: String,
        people: PeopleDesk,
        keys: @escaping @Sendable () throws(KeyFileError) -> KeyFile,
        time: any TimeSource = SystemTime()
    ) {
        let gate = PeopleGate(people: people, store: store)
        self.init(address: address, store: store, storePath: storePath, gate: gate, keys: keys, time: time)
        self.people = people
    }

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
