import Administration
import Base
import EventLoops
import Secrets
import Settings
import Stores

/// `toolgate webhook list | add | remove | deliveries | retry | test`: where approvals and changed tools are told.
enum WebhookCommands {
    static let all = [list, add, remove, deliveries, retry, test]

    private static let operand = CommandOperands(placeholder: "NAME", count: 1...1)
    private static let events = WebhookEvent.allCases.filter { $0 != .test }.map(\.rawValue)

    static let list = Command(
        ["webhook", "list"],
        "list the webhooks, never their secrets",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate webhook list")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            var shown: [ShownRecord] = []
            for webhook in try records.reader.webhooks() {
                shown.append(ShownWebhooks.record(of: webhook, try records.reader.deliveries(of: webhook.id)))
            }
            return shown
        }
        invocation.list(
            records,
            columns: [
                ("name", "NAME"), ("url", "URL"), ("events", "EVENTS"), ("waiting", "WAITING"), ("dead", "DEAD"),
                ("delivered", "DELIVERED"),
            ],
            empty: "no webhooks yet: `toolgate webhook add NAME --url URL`"
        )
        return .done
    }

    static let add = Command(
        ["webhook", "add"],
        "tell an address of approvals and changed tools; its secret is shown once",
        details:
            "A running gateway posts JSON to it, signed in the field Toolgate-Signature (docs/people.md says how to check it),\n"
            + "until it answers 2xx: nine times within a day, then the delivery is dead. Names are told, never arguments.",
        operands: operand,
        options: [
            CommandOption("url", "URL", "where: https, or http on this machine"),
            CommandOption("event", "EVENT", "what it is told of (default all)", choices: events, isRepeatable: true),
            CommandOption("allow-insecure", nil, "let --url be plain http to another machine"),
        ] + ServiceKeys.options + [.output],
        examples: [
            ("a chat's relay", "toolgate webhook add chat --url https://relay.example.com/toolgate"),
            (
                "only questions",
                "toolgate webhook add ops --url https://ops.example.com/hook --event approval.requested"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        guard let url = invocation.value("url") else {
            throw .usage("`--url` is needed: where is it to be told?")
        }
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        guard let sealer = try ServiceKeys.load(invocation).credentialSealer else {
            throw .environment("the key file has no `wrapping` key yet: `toolgate key rotate` makes one")
        }
        let chosen = invocation.all("event").compactMap { WebhookEvent(rawValue: $0) }
        let secret = AccessToken.generate(.webhook)
        let organisation = try store.read { records throws(StoreError) in try records.reader.organisation().id }
        let webhook: WebhookRecord
        do throws(CredentialError) {
            webhook = try WebhookRecord(
                name: ByteString(name),
                organisation: organisation,
                url: ByteString(url),
                allowsInsecure: invocation.isOn("allow-insecure"),
                events: Set(chosen.isEmpty ? WebhookEvent.allCases : chosen)
            ) { binding throws(CredentialError) in try sealer.seal(Secret(secret.reveal()), for: binding) }
        } catch {
            throw .refused("the secret cannot be sealed: \(error)")
        }
        let record = try store.change { writer, records throws(StoreError) in
            try writer.add(webhook)
            return ShownWebhooks.record(of: try records.webhook(name), [])
        }
        let text = String(decoding: secret.reveal(), as: UTF8.self)
        guard !invocation.printsJSON else {
            invocation.console.writeOutput(record.adding([("secret", .text(text))]).json)
            return .done
        }
        invocation.console.output(text)
        invocation.console.say(
            "webhook `\(name)` is added; its secret is not shown again; try it: `toolgate webhook test \(name)`"
        )
        return .done
    }

    static let remove = Command(
        ["webhook", "remove"],
        "remove a webhook, and what it was still to be told",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("one that is not needed", "toolgate webhook remove chat --yes")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let id = try store.read { records throws(StoreError) in try records.webhook(name).id }
        try Confirmation.obtain("Remove webhook `\(name)`?", invocation)
        try store.change { writer, _ throws(StoreError) in try writer.remove(webhook: id) }
        invocation.report(removed: "webhook", name)
        return .done
    }

    static let deliveries = Command(
        ["webhook", "deliveries"],
        "list what a webhook was told, what waits, and what is dead",
        operands: operand,
        options: [
            CommandOption(
                "standing",
                "WORD",
                "only those",
                choices: WebhookDelivery.Standing.allCases.map(\.rawValue)
            ),
            ServiceKeys.dataOption, .output,
        ],
        examples: [("what nobody took", "toolgate webhook deliveries chat --standing dead")]
    ) { invocation throws(CommandFailure) in
        let wanted = invocation.value("standing").flatMap { WebhookDelivery.Standing(rawValue: $0) }
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.reader.deliveries(of: records.webhook(invocation.operands[0]).id)
                .filter { wanted == nil || $0.standing == wanted }
                .map { ShownWebhooks.record(of: $0) }
        }
        invocation.list(
            records,
            columns: [
                ("created", "TIME"), ("event", "EVENT"), ("standing", "STANDING"), ("attempts", "TRIED"),
                ("status", "STATUS"), ("problem", "PROBLEM"), ("id", "ID"),
            ],
            empty: "nothing was told yet"
        )
        return .done
    }

    static let retry = Command(
        ["webhook", "retry"],
        "let what is dead be tried again",
        operands: operand,
        options: [CommandOption("delivery", "ID", "only this one"), ServiceKeys.dataOption, .output],
        examples: [("after the receiver was repaired", "toolgate webhook retry chat")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let only = try invocation.value("delivery").map { text throws(CommandFailure) in
            guard let id = EntityID(text: Array(text.utf8)) else {
                throw .usage("`--delivery \(text)` is no id: `toolgate webhook deliveries \(name)` shows them")
            }
            return id
        }
        let count = try OpenStore(existing: invocation).keep { ledger, records throws(StoreError) in
            try ledger.retry(deliveriesOf: records.webhook(name).id, only: only, now: SystemTime().wallTime)
        }
        invocation.report(
            ShownRecord([("webhook", .text(name)), ("retried", .number(count))]),
            count == 0 ? "nothing of `\(name)` is dead" : "\(count) deliveries to `\(name)` are tried again"
        )
        return .done
    }

    static let test = Command(
        ["webhook", "test"],
        "tell a webhook something that means nothing, to see whether it works",
        details: "A running gateway sends it within seconds; `toolgate webhook deliveries` says how it went.",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [("is anybody there", "toolgate webhook test chat")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let record = try OpenStore(existing: invocation).keep { ledger, records throws(StoreError) in
            let webhook = try records.webhook(name)
            return ShownWebhooks.record(of: try ledger.postTest(to: webhook.id, now: SystemTime().wallTime))
        }
        invocation.report(record, "`\(name)` is told; `toolgate webhook deliveries \(name)` says how it went")
        return .done
    }
}

extension Records {
    /// A webhook by its name.
    func webhook(_ name: String) throws(StoreError) -> WebhookRecord {
        guard let webhook = try reader.webhook(named: ByteString(name)) else {
            throw .refused("there is no webhook `\(name.prefix(128))`: `toolgate webhook list` lists them")
        }
        return webhook
    }
}
