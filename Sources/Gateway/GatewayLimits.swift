/// The bounds of the gateway itself, in one place; those of a message are `MCPLimits`, `JSONLimits` and `HTTPLimits`.
public struct GatewayLimits: Sendable {
    /// The most bytes of a client's body.
    public var maximumBodyBytes = 4 * 1024 * 1024
    /// The most bytes of a body that is read although there is no place for its request, so that the refusal can name its
    /// id; connections, of which there are many more than places, could hold this much each.
    public var maximumBodyBytesWithoutPlace = 16 * 1024
    /// The most requests of one grant in flight at once; streams without end are counted apart.
    public var maximumInFlightPerGrant = 256
    /// The most requests to one server in flight at once; streams without end are counted apart.
    public var maximumInFlightPerServer = 4_096
    /// The most streams without end (GET, `subscriptions/listen`) of one grant.
    public var maximumStreamsPerGrant = 10_000
    /// The most streams without end to one server.
    public var maximumStreamsPerServer = 20_000
    /// The most open session ids remembered by one worker, so that they are not unsealed again.
    public var maximumCachedSessions = 4_096
    /// The most ended sessions, and the most answered requests of servers, remembered until their ids run out by
    /// themselves.
    public var maximumTombstones = 100_000
    /// How long a session id is good for.
    public var sessionLifetime: Duration = .seconds(7 * 86_400)
    /// How long a cursor or the id of a server's request is good for.
    public var handleLifetime: Duration = .seconds(3_600)
    /// How long the state of a request that needs input is good for.
    public var requestStateLifetime: Duration = .seconds(600)
    /// The longest a legacy client may take to answer what a modern server asks.
    public var inputDeadline: Duration = .seconds(300)
    /// How long a call is held for an approval before its client is told to call again; below clients' own time-outs.
    public var approvalHold: Duration = .seconds(20)
    /// The longest a call waits at a legacy server for a modern client to come back with its answer.
    public var parkingDeadline: Duration = .seconds(120)
    /// The most calls of one worker that wait so.
    public var maximumParkedCalls = 1_024
    /// The longest a list of a bundle waits for its servers; whoever is later is missing from it.
    public var bundleDeadline: Duration = .milliseconds(1_500)
    /// Silence on a stream after which a comment is sent.
    public var keepAliveInterval: Duration = .seconds(15)
    /// How often open streams are looked after: grants are checked again at least this often.
    public var streamCheckInterval: Duration = .milliseconds(500)
    /// About how long a server in use goes without being listed again, a fifth more or less.
    public var relistInterval: Duration = .seconds(300)
    /// The most time a request waits for the gateway's own listing of a server.
    public var listingDeadline: Duration = .seconds(20)

    /// The bounds as they ship.
    public init() {}
}
