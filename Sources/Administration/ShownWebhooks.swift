public import Stores
internal import Base
internal import Settings

/// Webhooks and what they were told, as people and programs see it; never a secret.
public enum ShownWebhooks {
    /// A webhook, with counts of its deliveries.
    public static func record(of webhook: WebhookRecord, _ deliveries: [WebhookDelivery]) -> ShownRecord {
        func count(_ standing: WebhookDelivery.Standing) -> ShownValue {
            .number(deliveries.count { $0.standing == standing })
        }
        return ShownRecord([
            ("name", .text(webhook.name.text)), ("id", webhook.id.shown), ("url", .text(webhook.url.text)),
            ("events", .list(webhook.events.map { .text($0.rawValue) })), ("waiting", count(.waiting)),
            ("dead", count(.dead)), ("delivered", count(.delivered)), ("created", .time(webhook.created)),
            ("created_by", .text(webhook.createdBy.text)),
        ])
    }

    /// A delivery.
    public static func record(of delivery: WebhookDelivery) -> ShownRecord {
        ShownRecord([
            ("id", delivery.id.shown), ("event", .text(delivery.event.rawValue)),
            ("standing", .text(delivery.standing.rawValue)), ("attempts", .number(delivery.attempts)),
            ("status", delivery.status.map { .number($0) } ?? .absent("none")),
            ("problem", .optional(delivery.problem, orElse: "none")), ("created", .time(delivery.created)),
            ("due", delivery.standing == .waiting ? .time(delivery.due) : .absent("not any more")),
            ("settled", .optional(delivery.settled, orElse: "no")),
        ])
    }
}
