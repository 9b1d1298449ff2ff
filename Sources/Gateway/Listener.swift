internal import Base
internal import EventLoops
internal import MCPModel

/// One client's subscription: what it may hear of, under which id, and where it stands.
///
/// Loop-confined. Its call lives as long as it does.
final class Listener {
    unowned let call: Call
    /// The prefix of the part it listens to, where its call is a bundle's.
    let part: ByteString?
    private var partBridge: BridgeKey?
    /// The id of the client's own request, which every message on its stream carries (MS-40).
    ///
    /// `nil` for the stream of a legacy session, whose messages carry none.
    let subscription: RequestID?
    /// What was asked for, without what policy forbids.
    let wanted: SubscriptionFilter
    /// What was acknowledged.
    var honoured = SubscriptionFilter()
    /// What happened between the server's acknowledgement and ours, each thing once; told right behind ours.
    var missed: [Change] = []
    var stage = Stage.joining
    /// Where it stands among its feed's listeners; its feed minds this.
    var place = -1
    weak var feed: ChangeFeed?
    /// Its call's task waits here for whatever concerns it.
    let news: WaitPoint

    /// How far it has come.
    enum Stage {
        /// It waits for the server's acknowledgement.
        case joining
        /// It is known what will be acknowledged.
        case settled
        /// The acknowledgement is written: changes may follow.
        case following
        /// The server has ended the subscription.
        case over
    }

    init(
        _ call: Call,
        subscription: RequestID?,
        wanted: SubscriptionFilter,
        news: WaitPoint = WaitPoint(),
        part: ByteString? = nil
    ) {
        self.call = call
        self.part = part
        self.news = news
        self.subscription = subscription
        self.wanted = wanted
    }

    /// The session in which a legacy server is listened to: its call's, whichever that is by now, or its part's own.
    var bridge: BridgeKey? {
        get { part == nil ? call.leg.bridge?.key : partBridge }
        set { partBridge = newValue }
    }

    /// What it listens under now: its call's grant, or the part of it; `nil` when there is no such part any more.
    var grant: GrantEntry? {
        guard let part else {
            return call.grant
        }
        return call.grant.parts.first { $0.prefix == part }?.grant
    }

    /// The server's word is known: what it honours, nothing when it said no or nothing.
    func settle(_ honoured: SubscriptionFilter) {
        guard stage == .joining else {
            return
        }
        stage = .settled
        self.honoured = honoured
        news.wake()
    }

    /// The server has ended the subscription.
    func end() {
        stage = .over
        news.wake()
    }
}

extension SubscriptionFilter {
    /// What both have.
    func intersection(_ other: SubscriptionFilter) -> SubscriptionFilter {
        SubscriptionFilter(
            toolsListChanged: toolsListChanged && other.toolsListChanged,
            promptsListChanged: promptsListChanged && other.promptsListChanged,
            resourcesListChanged: resourcesListChanged && other.resourcesListChanged,
            resourceSubscriptions: resourceSubscriptions.filter { other.resourceSubscriptions.contains($0) }
        )
    }

    /// The lists it names, each as a change.
    var listChanges: [Change] {
        [MCPMethod.toolsListChanged, .promptsListChanged, .resourcesListChanged]
            .filter { admits($0) }
            .map { Change(method: $0, uri: nil) }
    }
}
