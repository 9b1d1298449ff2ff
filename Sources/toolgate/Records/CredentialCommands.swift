import Administration
import Base
import EventLoops
import OAuthModel
import Secrets
import Settings
import Stores

/// `toolgate credential`: secrets for servers, sealed.
enum CredentialCommands {
    static let all = [list, show, add, edit, remove]

    private static let operand = CommandOperands(placeholder: "NAME", count: 1...1)
    private static let fromOption = CommandOption(
        "from",
        "SOURCE",
        "where the secret is read from, once: env:VARIABLE, file:PATH or - (standard input)"
    )

    static let list = Command(
        ["credential", "list"],
        "list the stored credentials, never what they hold",
        details:
            "`detached` are those whose server got another address since: set them anew with `credential edit`.\n"
            + "`needs reconnect` are authorisations that ended: run `server connect` for their server.",
        options: ServiceKeys.options + [.output],
        examples: [("all of them", "toolgate credential list")]
    ) { invocation throws(CommandFailure) in
        let sealer = try ServiceKeys.existing(invocation)?.credentialSealer
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let servers = try records.reader.servers()
            return try records.reader.credentials().map { credential throws(StoreError) in
                printed(of: credential, servers, try tokens(of: credential, sealer, records))
            }
        }
        invocation.list(
            records,
            columns: [
                ("name", "NAME"), ("server", "SERVER"), ("state", "STATE"), ("headers", "HEADERS"),
                ("key_version", "KEY"), ("updated", "SET"),
            ],
            empty: "no credentials: `toolgate credential add NAME --server SERVER --from SOURCE`"
        )
        return .done
    }

    static let show = Command(
        ["credential", "show"],
        "show one credential, never what it holds",
        operands: operand,
        options: ServiceKeys.options + [.output],
        examples: [("which headers use it", "toolgate credential show crm-token")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let sealer = try ServiceKeys.existing(invocation)?.credentialSealer
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let credential = try records.credential(name)
            return printed(of: credential, try records.reader.servers(), try tokens(of: credential, sealer, records))
        }
        invocation.show(record)
        return .done
    }

    static let add = Command(
        ["credential", "add"],
        "seal a secret for a server",
        details:
            "The secret is never given on the command line, where every user of the machine could read it. It is sealed\n"
            + "for this server at its present address, and opens for no other. With `--from -` at a terminal it asks, and\n"
            + "shows nothing of what is typed. One line end at its end is not part of it.",
        operands: operand,
        options: [CommandOption("server", "NAME", "the server it is for"), fromOption] + ServiceKeys.options + [
            .output
        ],
        examples: [
            ("from a variable", "toolgate credential add crm-token --server crm --from env:CRM_AUTH"),
            ("from a password store", "pass crm | toolgate credential add crm-token --server crm --from -"),
            (
                "and then the header that carries it",
                "toolgate server edit crm --header Authorization=store:crm-token"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        guard let target = invocation.value("server"), invocation.isOn("from") else {
            throw .usage("`--server` and `--from` are needed: see `toolgate credential add --help`")
        }
        let store = try OpenStore(existing: invocation)
        // Before anybody is asked for a secret.
        try store.read { records throws(StoreError) in
            _ = try records.server(target)
            guard try records.reader.credential(named: ByteString(name)) == nil else {
                throw .refused("there is a credential `\(name)` already: `toolgate credential edit` sets it anew")
            }
        }
        let seal = try sealing(invocation)
        let (record, isUsed) = try store.change { writer, records throws(StoreError) in
            guard try records.reader.credential(named: ByteString(name)) == nil else {
                throw .refused("there is a credential `\(name)` already: `toolgate credential edit` sets it anew")
            }
            let server = try records.server(target)
            try writer.save(try seal.seal(nil, ByteString(name), for: server, records))
            let shown = printed(of: try records.credential(name), try records.reader.servers())
            return (shown, server.headers.contains { $0.source == .stored(ByteString(name)) })
        }
        invocation.report(record, "credential `\(name)` is sealed for server `\(target)`")
        if !isUsed {
            invocation.console.say(
                "no header uses it yet: toolgate server edit \(target) --header Authorization=store:\(name)"
            )
        }
        return .done
    }

    static let edit = Command(
        ["credential", "edit"],
        "put another secret in a credential's place",
        details: "Sealed for the address its server has now. The one before is gone.",
        operands: operand,
        options: [fromOption] + ServiceKeys.options + [.output],
        examples: [("a key that was renewed", "toolgate credential edit crm-token --from file:/run/secrets/crm")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        guard invocation.isOn("from") else {
            throw .usage("`--from` is needed: see `toolgate credential edit --help`")
        }
        let store = try OpenStore(existing: invocation)
        try store.read { records throws(StoreError) in _ = try records.credential(name) }
        let seal = try sealing(invocation)
        let record = try store.change { writer, records throws(StoreError) in
            let old = try records.credential(name)
            guard let server = try records.reader.server(old.server) else {
                throw .corrupt(detail: "a credential's server is gone")
            }
            try writer.save(try seal.seal(old.id, old.name, for: server, records))
            return printed(of: try records.credential(name), try records.reader.servers())
        }
        invocation.report(record, "credential `\(name)` is sealed anew")
        return .done
    }

    static let remove = Command(
        ["credential", "remove"],
        "remove a credential",
        details: "Refused while a header of a server refers to it.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("for good", "toolgate credential remove crm-token")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let id = try store.read { records throws(StoreError) in try records.credential(name).id }
        try Confirmation.obtain("Remove credential `\(name)`? Nothing brings it back.", invocation)
        try store.change { writer, _ throws(StoreError) in try writer.remove(credential: id) }
        invocation.report(removed: "credential", name)
        return .done
    }

    private static func sealing(_ invocation: Invocation) throws(CommandFailure) -> CredentialSealing {
        let secret = try SecretSource.read(invocation.value("from") ?? "", invocation)
        guard let sealer = try ServiceKeys.load(invocation).credentialSealer else {
            throw .environment("the key file has no `wrapping` key: run `toolgate key rotate`, then again")
        }
        return CredentialSealing(secret: secret, sealer: sealer)
    }

    /// A credential as it is shown; `tokens` are what it holds when it was had by OAuth and could be opened.
    static func printed(
        of credential: CredentialRecord,
        _ servers: [ServerRecord],
        _ tokens: TokenSet? = nil
    ) -> ShownRecord {
        let server = servers.first { $0.id == credential.server }
        let isAttached = server?.upstream.origin == credential.origin
        let headers = server?.headers.filter { $0.source == .stored(credential.name) } ?? []
        let state = !isAttached ? "detached" : tokens?.problem != nil ? "needs reconnect" : "sealed"
        return ShownRecord(
            [
                ("name", .text(credential.name.text)), ("id", credential.id.shown),
                ("server", .optional(server?.name, orElse: "?")), ("state", .text(state)),
                ("origin", .text(credential.origin.text)), ("headers", .list(headers.map { .text($0.name.text) })),
                ("key_version", .number(Int(credential.sealed.keyVersion))), ("updated", .time(credential.updated)),
                ("created", .time(credential.created)),
            ] + connection(tokens)
        )
    }
}

extension CredentialCommands {
    /// What there is to say of an authorisation, without its tokens.
    private static func connection(_ tokens: TokenSet?) -> [(String, ShownValue)] {
        guard let tokens else {
            return []
        }
        return [
            ("issuer", .text(tokens.issuer.text)), ("grant", .text(tokens.grant.rawValue)),
            ("scope", .optional(tokens.scope, orElse: "none named")),
            ("ends", .optional(tokens.expires, orElse: "not said")),
            ("renewable", .flag(tokens.isRenewable)),
            ("problem", .optional(tokens.problem.map { ByteString("\($0)") }, orElse: "none")),
        ]
    }

    /// What a credential holds when it was had by OAuth; `nil` for other ones, and when the keys do not open it.
    static func tokens(
        of credential: CredentialRecord,
        _ sealer: CredentialSealer?,
        _ records: Records
    ) throws(StoreError) -> TokenSet? {
        guard let sealer else {
            return nil
        }
        let binding = credential.binding(organisation: try records.reader.organisation().id)
        do throws(CredentialError) {
            return TokenSet(plaintext: try sealer.open(credential.sealed, for: binding))
        } catch {
            return nil
        }
    }
}

/// Reads a secret from where the command line says; never from the command line itself.
enum SecretSource {
    static func read(_ reference: String, _ invocation: Invocation) throws(CommandFailure) -> Secret<[UInt8]> {
        let value = try bytes(reference, invocation)
        if let refusal = HeaderValue.refusal(of: value) {
            throw .refused("the secret \(refusal): nothing was changed")
        }
        return Secret(value)
    }

    private static func bytes(_ reference: String, _ invocation: Invocation) throws(CommandFailure) -> [UInt8] {
        if reference == "-" {
            return try standardInput(invocation.console)
        }
        if reference.hasPrefix("env:") {
            let name = String(reference.dropFirst(4))
            guard let value = invocation.console.environment[name] else {
                throw .environment("the variable `\(name)` is not set: nothing was changed")
            }
            return Array(value.utf8)
        }
        guard reference.hasPrefix("file:") else {
            // The text is not repeated: it may be the secret itself.
            throw .usage("`--from` is env:VARIABLE, file:PATH or -; a secret on the command line is seen by everybody")
        }
        return SecretText.trimmed(try PolicyFiles.read(String(reference.dropFirst(5))))
    }

    private static func standardInput(_ console: Console) throws(CommandFailure) -> [UInt8] {
        guard console.inputIsTerminal else {
            return SecretText.trimmed(try PolicyFiles.read("-"))
        }
        console.say("Type or paste the secret, then Enter; nothing of it is shown:")
        guard let line = console.readHidden() else {
            throw .refused("nothing was changed")
        }
        // A terminal cuts a line at 4,095 bytes without a word; a secret that was cut must not be sealed.
        guard line.utf8.count < 4_000 else {
            throw .refused("the secret is too long to be typed: give it with file: or in a pipe; nothing was changed")
        }
        return Array(line.utf8)
    }
}
