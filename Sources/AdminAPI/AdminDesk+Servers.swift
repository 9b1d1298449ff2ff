internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Secrets
internal import Settings
internal import Stores

// What the gateway stands in front of.
//
// A program is started only by whoever has the machine (security.md, M1), and a secret is never taken from the gateway's
// environment or files at the word of a browser: both are for the command line. Here secrets come by value and are sealed.
extension AdminDesk {
    func createServer(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let name = request.text("name") ?? ""
        let (upstream, wanted) = try way(request)
        let sealing = try sealing(wanted)
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            guard try records.reader.server(named: name) == nil else {
                throw refusal.because(Problem(.refused, "there is a server `\(name)` already"))
            }
            var server = ServerRecord(
                name: name,
                upstream: upstream,
                changedTools: request.text("changed_tools").flatMap { ChangedTools(rawValue: $0.text) } ?? .hide,
                limitFailure: request.text("limit_failure").flatMap { LimitFailure(rawValue: $0.text) } ?? .closed
            )
            try writer.save(server)
            for header in wanted {
                server.headers.append(try keep(header, of: server, sealing, writer, records))
            }
            try writer.save(server)
            return try ShownRecords(records, now: request.now).record(of: try records.server(name.text))
        }
        return Self.one(record, status: 201)
    }

    func editServer(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let wanted = try Self.headers(request)
        let sealing = try sealing(wanted)
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            var server = try server(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: server), refusal)
            let old = server
            server.name = request.text("name") ?? server.name
            server.changedTools =
                request.text("changed_tools").flatMap { ChangedTools(rawValue: $0.text) } ?? server.changedTools
            server.limitFailure =
                request.text("limit_failure").flatMap { LimitFailure(rawValue: $0.text) } ?? server.limitFailure
            if let url = request.text("upstream") {
                guard case .http(let known, let wasAllowed) = server.upstream else {
                    throw refusal.because(Problem(.refused, "a server that is no URL does not become one"))
                }
                // An address that was not looked at when plain http was allowed is not allowed it.
                let isAllowed = request.flag("allow_insecure") ?? (url == known && wasAllowed)
                server.upstream = .http(url: url, allowsInsecure: isAllowed)
            }
            if let header = server.secretsCarried(from: old, exceptFor: wanted.map(\.name)).first {
                throw refusal.because(
                    Problem(
                        .refused,
                        "the secret of header `\(header)` lies on the gateway's machine and would go to the new address",
                        remedy: "set the header anew in the same change, or edit the server on that machine"
                    )
                )
            }
            try writer.save(server)
            for header in wanted {
                let reference = try keep(header, of: server, sealing, writer, records)
                let index = server.headers.firstIndex { $0.name.text.lowercased() == header.name.text.lowercased() }
                if let index {
                    server.headers[index] = reference
                } else {
                    server.headers.append(reference)
                }
            }
            try writer.save(server)
            return try ShownRecords(records, now: request.now).record(of: try records.server(server.name.text))
        }
        return Self.one(record)
    }

    func removeServer(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let server = try server(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: server), refusal)
            try writer.remove(server: server.id)
        }
        return .nothing
    }

    // MARK: Headers and secrets

    /// A header as a body gives it.
    private struct WantedHeader: Sendable {
        let name: ByteString
        let value: Secret<[UInt8]>
    }

    /// How a new server is reached.
    private func way(_ request: AdminRequest) throws(Problem) -> (ServerUpstream, [WantedHeader]) {
        switch (request.text("upstream"), request.text("connector")) {
        case (let url?, nil):
            return (.http(url: url, allowsInsecure: request.flag("allow_insecure") ?? false), try Self.headers(request))
        case (nil, let connector?):
            var settings = ConnectorSettings(connector: connector)
            for entry in request.member("set").map({ Array($0.elements) }) ?? [] {
                let text = entry.string?.text ?? ""
                guard let equals = text.firstIndex(of: "=") else {
                    throw Problem(.invalid, "an entry of `set` is written NAME=VALUE")
                }
                let value = ByteString(String(text[text.index(after: equals)...]))
                settings.put(ConnectorSettings.Entry(name: ByteString(String(text[..<equals])), value: value))
            }
            if let problem = configuration.connectorProblem(settings) {
                throw Problem(.invalid, problem)
            }
            guard let secret = request.member("secret")?["value"]?.string else {
                throw Problem(.invalid, "a connector wants its secret: `secret: {value}`")
            }
            return (
                .connector(settings),
                [WantedHeader(name: ConnectorSettings.secretName, value: Secret(secret.bytes))]
            )
        default:
            throw Problem(
                .invalid,
                "a server is reached by `upstream`, a URL, or by a `connector`: give one of them",
                remedy: "a program is added by `toolgate server add NAME -- COMMAND` on the gateway's machine"
            )
        }
    }

    private static func headers(_ request: AdminRequest) throws(Problem) -> [WantedHeader] {
        var headers: [WantedHeader] = []
        let entries: [JSONValue] = request.member("headers").map { Array($0.elements) } ?? []
        for (index, entry) in entries.enumerated() {
            let name = entry["name"]?.string?.bytes ?? []
            let value = entry["value"]?.string?.bytes ?? []
            let refusal = HeaderNames.refusal(of: name).map { "the name \($0)" }
            guard let refusal = refusal ?? HeaderValue.refusal(of: value).map({ "the value \($0)" }) else {
                headers.append(WantedHeader(name: ByteString(name), value: Secret(value)))
                continue
            }
            throw Problem(
                .invalid,
                "a header cannot be sent: \(refusal)",
                errors: [FieldError(pointer: "/headers/\(index)", message: refusal)]
            )
        }
        return headers
    }

    private func sealing(_ headers: [WantedHeader]) throws(Problem) -> CredentialSealer? {
        guard !headers.isEmpty else {
            return nil
        }
        guard let sealer = try keys().credentialSealer else {
            throw Problem(.unavailable, "the key file has no `wrapping` key: run `toolgate key rotate`, then again")
        }
        return sealer
    }

    /// Seals a header's value as a credential of the server and refers to it.
    private func keep(
        _ header: WantedHeader,
        of server: ServerRecord,
        _ sealer: CredentialSealer?,
        _ writer: StoreWriter,
        _ records: Records
    ) throws(StoreError) -> HeaderReference {
        guard let sealer else {
            throw .refused("the key file has no `wrapping` key: run `toolgate key rotate`, then again")
        }
        let name = Self.credentialName(server.name, header.name)
        let old = try records.reader.credential(named: name)
        if let old, old.server != server.id {
            throw .refused("there is a credential `\(name)` of another server: remove it, or choose another name")
        }
        let sealing = CredentialSealing(secret: header.value, sealer: sealer)
        try writer.save(try sealing.seal(old?.id, name, for: server, records))
        return HeaderReference(name: header.name, source: .stored(name))
    }

    /// The name of the credential of a header: SERVER-HEADER, as names are written.
    private static func credentialName(_ server: ByteString, _ header: ByteString) -> ByteString {
        let plain = header.text.lowercased().utf8.map { byte in
            byte.decimalDigit != nil || (0x61...0x7A).contains(byte) ? byte : UInt8(ascii: "-")
        }
        return ByteString((server.bytes.prefix(40) + [UInt8(ascii: "-")] + plain).prefix(63).map { $0 })
    }

    // MARK: Tools

    func listServerChanges(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let rows = try read { records, refusal throws(StoreError) in
            PinnedTools(try records.reader.pins(of: try server(request, records, refusal).id)).waiting
        }
        let records = rows.prefix(1_000).map { row in
            let accepted = row.pin.standing == .changed ? row.pin.definition : nil
            return row.shown.adding([
                ("pinned", accepted.map { .document($0.canonical) } ?? .absent("none")),
                ("offered", row.waiting.map { .document($0.canonical) } ?? .absent("none")),
                (
                    "offered_digest",
                    .text(String(decoding: TextCoding.hexadecimal(row.waiting?.digest ?? []), as: UTF8.self))
                ),
            ])
        }
        return Self.list(Array(records), next: nil)
    }

    func acceptTool(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let digest = request.text("digest").flatMap { TextCoding.bytes(hexadecimal: $0.bytes) } ?? []
        let tool = request.parameter("tool")
        let row = try change(request) { writer, records, refusal throws(StoreError) in
            let server = try server(request, records, refusal)
            guard try records.reader.pin(of: tool, at: server.id) != nil else {
                throw refusal.unknown("tool", tool)
            }
            try writer.accept(tool: tool, at: server.id, digest: digest)
            return PinnedTools(try records.reader.pins(of: server.id)).rows.first { $0.pin.tool == tool }?.shown
        }
        guard let row else {
            throw Problem(.notFound, "there is no tool `\(tool)`")
        }
        return .json(row.json)
    }
}
