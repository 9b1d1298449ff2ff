internal import Base
internal import JSONText
internal import Settings

/// What is to be told to webhooks, written in the transaction in which it happened: nothing that is kept goes untold,
/// whenever the process ends.
struct Outbox {
    // LIMIT: deliveries of one webhook that wait, that are dead, and that are kept after they were told.
    static let maximumWaiting = 500
    static let maximumDead = 500
    static let maximumDelivered = 200

    private let reader: StoreReader

    init(_ reader: StoreReader) {
        self.reader = reader
    }

    /// Lets every webhook that wants to know of an event know.
    func post(_ event: WebhookEvent, _ facts: [(StaticString, ByteString?)], now: WallTime) throws(StoreError) {
        for webhook in try reader.webhooks() where webhook.events.contains(event) {
            _ = try post(event, to: webhook, facts, now: now)
        }
    }

    /// Lets one webhook know.
    func post(
        _ event: WebhookEvent,
        to webhook: WebhookRecord,
        _ facts: [(StaticString, ByteString?)],
        now: WallTime
    ) throws(StoreError) -> WebhookDelivery {
        var delivery = WebhookDelivery(to: webhook.id, event, now: now) { id in
            Self.body(id, event, webhook, facts, now)
        }
        if try count(webhook.id, .waiting) >= Self.maximumWaiting {
            delivery.standing = .dead
            delivery.problem = "too many were waiting"
            delivery.settled = now
            try makeRoom(webhook.id, .dead, Self.maximumDead)
        }
        try reader.tables.put(delivery.row)
        return delivery
    }

    /// Forgets the oldest of a kind beyond a bound.
    func makeRoom(_ webhook: EntityID, _ standing: WebhookDelivery.Standing, _ maximum: Int) throws(StoreError) {
        let excess = try count(webhook, standing) - maximum + 1
        guard excess > 0 else {
            return
        }
        let all = try reader.tables.all(WebhookDelivery.self, RowSelection(Self.matches(webhook, standing)))
        for old in all.sorted(by: { $0.created < $1.created }).prefix(excess) {
            try reader.tables.remove(from: WebhookDelivery.table, RowSelection([("id", .id(old.id))]))
        }
    }

    private func count(_ webhook: EntityID, _ standing: WebhookDelivery.Standing) throws(StoreError) -> Int {
        try reader.tables.count(of: WebhookDelivery.table, RowSelection(Self.matches(webhook, standing)))
    }

    private static func matches(
        _ webhook: EntityID,
        _ standing: WebhookDelivery.Standing
    ) -> [(column: String, value: StoredValue)] {
        [("webhook", .id(webhook)), ("standing", .text(standing.rawValue))]
    }

    private static func body(
        _ id: EntityID,
        _ event: WebhookEvent,
        _ webhook: WebhookRecord,
        _ facts: [(StaticString, ByteString?)],
        _ now: WallTime
    ) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.beginObject()
        writer.key("id")
        writer.string(id.text)
        writer.key("type")
        writer.string(event.rawValue)
        writer.key("time")
        writer.string(now.description)
        writer.key("webhook")
        writer.string(webhook.name.text)
        writer.key("data")
        writer.beginObject()
        for (name, value) in facts {
            writer.key(name)
            if let value {
                writer.string(value.text)
            } else {
                writer.null()
            }
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }
}

extension ApprovalRecord {
    /// What a webhook is told of it: names, never arguments.
    var facts: [(StaticString, ByteString?)] {
        [
            ("approval", ByteString(id.text)), ("standing", ByteString(standing.rawValue)), ("grant", grant),
            ("server", server), ("tool", tool), ("rule", rule), ("decided_by", decidedBy), ("reason", reason),
            ("lapses", ByteString(lapses.description)),
        ]
    }
}

extension ToolPin {
    /// The definition that waits for somebody to accept it.
    var waiting: PinnedDefinition? {
        switch standing {
        case .pinned: nil
        case .changed: pending
        case .new: definition
        }
    }

    /// What a webhook is told of it: names and digests, never what the server wrote.
    func facts(at record: ServerRecord) -> [(StaticString, ByteString?)] {
        [("server", record.name), ("tool", tool), ("standing", ByteString(standing.rawValue))]
    }
}
