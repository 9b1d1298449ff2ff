public import Base
public import Secrets
public import Settings

/// What webhooks are told of.
public enum WebhookEvent: String, Hashable, Sendable, CaseIterable {
    /// A call waits for somebody to decide.
    case approvalRequested = "approval.requested"
    /// Somebody has decided about a call.
    case approvalDecided = "approval.decided"
    /// A tool is new or changed, and waits to be accepted.
    case toolChanged = "tool.changed"
    /// Somebody tries whether a webhook works.
    case test
}

/// Where events are told: an address, and the sealed secret with which it is signed.
public struct WebhookRecord: Hashable, Sendable {
    /// Part of what is authenticated.
    public let id: EntityID
    /// The organisation it belongs to.
    public let organisation: EntityID
    /// Keeps ``EntityName``, unique.
    public let name: ByteString
    /// Where: https, or http on this machine, or with ``allowsInsecure`` elsewhere.
    public let url: ByteString
    /// Whether plain http to another machine was agreed to.
    public let allowsInsecure: Bool
    /// What it is told of, in the order of ``WebhookEvent``; not ``WebhookEvent/test``.
    public let events: [WebhookEvent]
    /// The secret, sealed for ``binding``.
    public internal(set) var sealed: SealedCredential
    /// Who made it; set by the store.
    public internal(set) var createdBy: ByteString = ""
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A webhook from its parts; `sealing` seals its secret for the binding it is given, or throws.
    public init(
        name: ByteString,
        organisation: EntityID,
        url: ByteString,
        allowsInsecure: Bool,
        events: Set<WebhookEvent>,
        sealing: (CredentialBinding) throws(CredentialError) -> SealedCredential
    ) throws(CredentialError) {
        id = .random()
        self.name = name
        self.organisation = organisation
        self.url = url
        self.allowsInsecure = allowsInsecure
        self.events = WebhookEvent.allCases.filter { $0 != .test && events.contains($0) }
        sealed = try sealing(Self.binding(id, organisation, url))
    }

    /// What the secret is bound to: this webhook and its address.
    public var binding: CredentialBinding { Self.binding(id, organisation, url) }

    private static func binding(_ id: EntityID, _ organisation: EntityID, _ url: ByteString) -> CredentialBinding {
        CredentialBinding(
            organisation: ByteString(organisation.text),
            server: "webhook",
            origin: url,
            credential: ByteString(id.text)
        )
    }

    var secret: SealedSecret { SealedSecret(subject: subject, binding: binding, sealed: sealed) }
    var subject: Subject { Subject(.webhook, name) }
}

extension WebhookRecord: StoredRecord {
    static let table = RecordTable(
        "webhooks",
        key: ["id"],
        ["organisation", "name", "url", "allows_insecure", "events", "secret", "created_by", "created"]
    )

    var values: [StoredValue] {
        [.id(id), .id(organisation), .text(name), .text(url), .flag(allowsInsecure)]
            + [.text(events.map(\.rawValue).joined(separator: " ")), .bytes(sealed.encoded), .text(createdBy)]
            + [.time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        organisation = try row.id()
        name = try row.text()
        url = try row.text()
        allowsInsecure = try row.flag()
        events = try row.text().text.split(separator: " ").compactMap { WebhookEvent(rawValue: String($0)) }
        sealed = try row.parsed { SealedCredential(encoded: $0) }
        createdBy = try row.text()
        created = try row.time()
    }
}

/// One event for one webhook, and how telling it goes; told at least once, by its identity told apart.
public struct WebhookDelivery: Hashable, Sendable {
    /// How it stands.
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        /// It is to be told.
        case waiting
        /// The receiver has said that it has it.
        case delivered
        /// It was tried for most of a day, or there was no room: it waits for somebody.
        case dead
    }

    /// Tells it apart at the receiver; the same at every attempt.
    public let id: EntityID
    /// For whom.
    public let webhook: EntityID
    /// What happened.
    public let event: WebhookEvent
    /// The JSON that is sent, the same bytes at every attempt.
    public let body: [UInt8]
    /// How it stands.
    public internal(set) var standing: Standing
    /// How often it was tried.
    public internal(set) var attempts: Int
    /// When it is tried next.
    public internal(set) var due: WallTime
    /// The status of the last answer; `nil`: there was none.
    public internal(set) var status: Int?
    /// Why the last attempt failed.
    public internal(set) var problem: ByteString?
    /// When it happened.
    public let created: WallTime
    /// When it was delivered or given up.
    public internal(set) var settled: WallTime?

    init(to webhook: EntityID, _ event: WebhookEvent, now: WallTime, body: (EntityID) -> [UInt8]) {
        id = .random()
        self.webhook = webhook
        self.event = event
        self.body = body(id)
        standing = .waiting
        attempts = 0
        due = now
        created = now
    }
}

extension WebhookDelivery: StoredRecord {
    static let table = RecordTable(
        "webhook_deliveries",
        key: ["id"],
        ["webhook", "event", "body", "standing", "attempts", "due", "status", "problem", "created", "settled"]
    )

    var values: [StoredValue] {
        [.id(id), .id(webhook), .text(event.rawValue), .bytes(body), .text(standing.rawValue), .count(attempts)]
            + [.time(due), status.map { .count($0) } ?? .null, .optional(problem), .time(created), .optional(settled)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        webhook = try row.id()
        event = try row.word()
        body = try row.bytes()
        standing = try row.word()
        attempts = try row.count()
        due = try row.time()
        status = try row.optionalInteger().flatMap { Int(exactly: $0) }
        problem = try row.optionalText()
        created = try row.time()
        settled = try row.optionalTime()
    }
}
