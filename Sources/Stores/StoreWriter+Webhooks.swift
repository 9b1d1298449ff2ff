public import Base
public import Settings

extension StoreReader {
    /// All webhooks.
    public func webhooks() throws(StoreError) -> [WebhookRecord] {
        try tables.all(WebhookRecord.self).sorted { $0.name < $1.name }
    }

    /// A webhook by its identity.
    public func webhook(_ id: EntityID) throws(StoreError) -> WebhookRecord? {
        try tables.first(WebhookRecord.self, [("id", .id(id))])
    }

    /// A webhook by its name.
    public func webhook(named name: ByteString) throws(StoreError) -> WebhookRecord? {
        try tables.first(WebhookRecord.self, [("name", .text(name))])
    }

    /// The deliveries of a webhook, the newest first.
    public func deliveries(of webhook: EntityID) throws(StoreError) -> [WebhookDelivery] {
        try tables.all(WebhookDelivery.self, RowSelection([("webhook", .id(webhook))]))
            .sorted { $0.created > $1.created }
    }

    /// What is to be told by now, the oldest first.
    public func dueDeliveries(at now: WallTime) throws(StoreError) -> [WebhookDelivery] {
        let waiting = RowSelection([("standing", .text(WebhookDelivery.Standing.waiting.rawValue))])
        return try tables.all(WebhookDelivery.self, waiting).filter { $0.due <= now }
            .sorted { $0.created < $1.created }
    }
}

extension StoreWriter {
    // LIMIT: webhooks of one organisation: each event is written once for each.
    private static let maximumWebhooks = 20

    /// Adds a webhook; one is never edited, for its secret is bound to its address.
    ///
    /// Refused: a name that is none or taken, an address that is none, or plain http to another machine without saying so,
    /// no events.
    public func add(_ webhook: WebhookRecord) throws(StoreError) {
        var webhook = webhook
        try checkName(webhook.name)
        let url: UpstreamURL
        do throws(UpstreamURL.Refusal) {
            url = try UpstreamURL(webhook.url.bytes)
        } catch {
            throw .refused("\(error)")
        }
        guard url.isSecure || url.isLoopback || webhook.allowsInsecure else {
            throw .refused("`\(webhook.url.shown)` is not https: use https, or allow insecure on purpose")
        }
        guard !webhook.events.isEmpty else {
            throw .refused("a webhook is told of something: name its events")
        }
        guard try reader.webhook(named: webhook.name) == nil else {
            throw .refused("there is a webhook `\(webhook.name.shown)` already: choose another name")
        }
        guard try tables.count(of: WebhookRecord.table, RowSelection()) < Self.maximumWebhooks else {
            throw .refused("there are \(Self.maximumWebhooks) webhooks: remove one first")
        }
        try checkSealed(webhook.sealed, of: webhook.subject, atLeast: try reader.wrappingVersion())
        webhook.createdBy = ByteString("\(author)")
        webhook.created = now
        try commit(webhook.subject, before: [], after: [webhook.row])
    }

    /// Removes a webhook and what it was still to be told.
    public func remove(webhook id: EntityID) throws(StoreError) {
        guard let webhook = try reader.webhook(id) else {
            throw .notFound(Subject(.webhook, id: id))
        }
        try tables.remove(from: WebhookDelivery.table, RowSelection([("webhook", .id(id))]))
        try commit(webhook.subject, before: [webhook.row], after: [])
    }
}

extension StoreLedger {
    /// Milliseconds until the next attempt, by how many there were; after the last, nobody tries any more.
    static let pauses: [Int64] = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200].map { $0 * 1_000 }

    /// Tells a webhook something that says nothing, to see whether it works.
    public func postTest(to id: EntityID, now: WallTime) throws(StoreError) -> WebhookDelivery {
        guard let webhook = try reader.webhook(id) else {
            throw .notFound(Subject(.webhook, id: id))
        }
        return try Outbox(reader).post(.test, to: webhook, [("message", "it works")], now: now)
    }

    /// Keeps how an attempt went; nothing when somebody else kept the end of it already.
    ///
    /// - Parameters:
    ///   - id: the delivery.
    ///   - status: of the answer; `nil`: there was none.
    ///   - problem: why it failed; `nil`: the receiver has it.
    ///   - now: when the attempt ended.
    /// - Throws: ``StoreError``.
    public func settle(
        delivery id: EntityID,
        status: Int?,
        problem: ByteString?,
        now: WallTime
    ) throws(StoreError) {
        guard var delivery = try reader.tables.first(WebhookDelivery.self, [("id", .id(id))]),
            delivery.standing == .waiting
        else {
            return
        }
        delivery.attempts += 1
        delivery.status = status
        delivery.problem = problem.map { ByteString(ByteString($0.bytes.prefix(200)).text) }
        let outbox = Outbox(reader)
        if problem == nil {
            delivery.standing = .delivered
            delivery.settled = now
            try outbox.makeRoom(delivery.webhook, .delivered, Outbox.maximumDelivered)
        } else if delivery.attempts <= Self.pauses.count {
            delivery.due = now.advanced(milliseconds: Self.pauses[delivery.attempts - 1])
        } else {
            delivery.standing = .dead
            delivery.settled = now
            try outbox.makeRoom(delivery.webhook, .dead, Outbox.maximumDead)
        }
        try reader.tables.put(delivery.row)
    }

    /// Lets dead deliveries of a webhook be tried again, from the beginning; how many there were.
    public func retry(deliveriesOf webhook: EntityID, only id: EntityID? = nil, now: WallTime) throws(StoreError) -> Int
    {
        var count = 0
        for var delivery in try reader.deliveries(of: webhook)
        where delivery.standing == .dead && (id == nil || delivery.id == id) {
            delivery.standing = .waiting
            delivery.attempts = 0
            delivery.due = now
            delivery.settled = nil
            try reader.tables.put(delivery.row)
            count += 1
        }
        return count
    }
}
