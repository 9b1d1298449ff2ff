import Administration
import Base
import Secrets
import Settings

/// Shows a token, once, and what to paste into a client when that was asked for.
struct GrantHandover {
    private static let clients = ClientSnippets(name: "", endpoint: "", token: "").all.map(\.name)

    /// The options of the commands that make tokens.
    static let options = [
        CommandOption(
            "client",
            "NAME",
            "also print what to paste: \(clients.joined(separator: ", ")), all",
            choices: clients + ["all"]
        ),
        CommandOption("gateway", "URL", "where clients reach the gateway (default: http://127.0.0.1:8080)"),
    ]

    private let invocation: Invocation
    private let base: String

    /// Reads the options.
    init(_ invocation: Invocation) throws(CommandFailure) {
        self.invocation = invocation
        var text = invocation.value("gateway") ?? "http://127.0.0.1:8080"
        do throws(UpstreamURL.Refusal) {
            _ = try UpstreamURL(Array(text.utf8))
        } catch {
            throw .usage("`--gateway` cannot be used: \(error)")
        }
        while text.hasSuffix("/") {
            text.removeLast()
        }
        base = text
    }

    /// The token on standard output, so that a program can take it from there; the rest is for the person.
    func give(_ token: GrantToken, of record: ShownRecord, _ sentence: String) {
        let path = record["bundle"].flatMap(Self.name) ?? record["server"].flatMap(Self.name) ?? ""
        let endpoint = "\(base)/mcp/\(path)"
        let text = String(decoding: token.reveal(), as: UTF8.self)
        let snippets = ClientSnippets(name: path, endpoint: endpoint, token: text)
        let client = invocation.value("client")
        guard !invocation.printsJSON else {
            return invocation.show(json(record, token: text, endpoint, client.map { snippets.chosen($0) }))
        }
        invocation.console.output(text)
        invocation.console.say("\(sentence); its token is shown once, above")
        if let client {
            invocation.console.say("\nendpoint     \(endpoint)\n")
            invocation.console.say(snippets.chosen(client).map(\.paragraph).joined(separator: "\n"))
        }
    }

    private func json(
        _ record: ShownRecord,
        token: String,
        _ endpoint: String,
        _ snippets: [ClientSnippets.Snippet]?
    ) -> ShownRecord {
        let record = record.adding([("token", .text(token)), ("endpoint", .text(endpoint))])
        guard let snippets else {
            return record
        }
        let clients = snippets.map { snippet in
            ShownRecord([
                ("client", .text(snippet.name)), ("place", .text(snippet.place)), ("text", .text(snippet.text)),
            ])
        }
        return record.adding([("clients", .list(clients.map { .record($0, line: "") }))])
    }

    private static func name(_ value: ShownValue) -> String? {
        guard case .text(let name) = value else {
            return nil
        }
        return name
    }
}
