public import Base
public import ClientSettings

/// A value in a settings file that looks like a secret; the value itself is not kept.
public struct PlaintextSecret: Sendable, Hashable {
    /// Where: the name of a variable or header, `argument 2`, `URL`.
    public let place: String
    /// The line, from 1.
    public let line: Int

    /// The secrets of one server's entry.
    public static func all(in server: FoundServer, of client: Client) -> [PlaintextSecret] {
        switch server.way {
        case .process(_, let arguments, let environment, _):
            return fields(environment, of: client, "variable") + self.arguments(arguments, server, of: client)
        case .remote(let url, let headers):
            let inURL = isSecret(url: url, of: client) ? [PlaintextSecret(place: "URL", line: server.line)] : []
            return fields(headers, of: client, "header") + inURL
        case .unusable: return []
        }
    }

    /// Whether a variable or header holds a secret in plain text.
    public static func isSecret(_ field: FoundField, of client: Client) -> Bool {
        !field.isReference && isSecret(field.value.reveal(), named: field.name.text, of: client)
    }

    /// The secret values of one server's entry, for masking them wherever the file is shown.
    public static func values(in server: FoundServer, of client: Client) -> [Secret<ByteString>] {
        let places = Set(all(in: server, of: client).map(\.place))
        switch server.way {
        case .process(_, let arguments, let environment, _):
            let words = arguments.enumerated().filter { places.contains("argument \($0.offset + 1)") }
            return environment.filter { isSecret($0, of: client) }.map(\.value) + words.map { Secret($0.element) }
        case .remote(let url, let headers):
            // Every header is masked: what is added to a request is rarely for others to see.
            let plain = headers.map(\.value).filter { value in
                if case .plain(let text) = ValueText(value.reveal(), of: client) { !text.isEmpty } else { false }
            }
            return plain + (places.contains("URL") ? [Secret(url)] : [])
        case .unusable: return []
        }
    }

    private static func fields(_ fields: [FoundField], of client: Client, _ kind: String) -> [PlaintextSecret] {
        fields.filter { !$0.isReference && isSecret($0.value.reveal(), named: $0.name.text, of: client) }.map {
            PlaintextSecret(place: "\(kind) `\(ReportText.visible($0.name.text))`", line: $0.line)
        }
    }

    /// `--api-key VALUE`, `--api-key=VALUE`, `API_KEY=VALUE`, and whatever has the look of a known token.
    private static func arguments(
        _ arguments: [ByteString],
        _ server: FoundServer,
        of client: Client
    ) -> [PlaintextSecret] {
        var found: [PlaintextSecret] = []
        var name = ""
        for (index, argument) in arguments.enumerated() {
            let text = argument.text
            var value = argument
            if let equals = text.firstIndex(of: "=") {
                name = String(text[..<equals])
                value = ByteString(String(text[text.index(after: equals)...]))
            }
            let isFlag = text.hasPrefix("-") && !text.contains("=")
            if !isFlag, isSecret(value, named: name, of: client) || isSecret(url: value, of: client) {
                found.append(PlaintextSecret(place: "argument \(index + 1)", line: server.line))
            }
            name = isFlag ? text : ""
        }
        return found
    }

    /// Whether a value is one somebody could use: written out, no stand-in, and named or shaped like a secret.
    static func isSecret(_ value: ByteString, named name: String, of client: Client) -> Bool {
        guard case .plain(let text) = ValueText(value, of: client) else {
            return false
        }
        let plain = text.text
        if hasKnownShape(plain) {
            return true
        }
        return sayingSecret(name) && plain.utf8.count >= 8 && !isStandIn(plain)
    }

    private static func sayingSecret(_ name: String) -> Bool {
        let words = ToolTraits.words(Array(name.utf8)[...])
        if !words.isDisjoint(with: [
            "token", "secret", "password", "passwd", "pwd", "apikey", "authorization", "credential", "credentials",
            "passphrase", "pat", "dsn",
        ]) {
            return true
        }
        return words.contains("key") && !words.isDisjoint(with: ["api", "access", "private", "auth", "x", "service"])
    }

    /// Beginnings that issuers give their tokens.
    private static let beginnings = [
        "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "sk-", "sk_live_", "rk_live_", "xoxb-", "xoxp-", "xapp-",
        "AKIA", "ASIA", "AIza", "ya29.", "eyJ", "hf_", "npm_", "pypi-", "dop_v1_", "tg_", "-----BEGIN",
    ]

    private static func hasKnownShape(_ text: String) -> Bool {
        var bare = text[...]
        for scheme in ["Bearer ", "bearer ", "Basic ", "token "] where bare.hasPrefix(scheme) {
            bare = bare.dropFirst(scheme.count)
        }
        return bare.utf8.count >= 20 && beginnings.contains { bare.hasPrefix($0) } && !isStandIn(String(bare))
    }

    /// What tutorials put where a secret belongs.
    private static func isStandIn(_ text: String) -> Bool {
        let lower = text.lowercased()
        return ["<", "your", "xxx", "...", "…", "example", "changeme", "placeholder", "todo", "***"].contains {
            lower.contains($0)
        } || ["true", "false", "none", "null"].contains(lower)
    }

    /// A password before the host, or a key in the query.
    private static func isSecret(url: ByteString, of client: Client) -> Bool {
        guard case .plain(let plain) = ValueText(url, of: client) else {
            return false
        }
        let text = plain.text
        guard let scheme = text.firstRange(of: "://") else {
            return false
        }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") {
            let password = authority[..<at].split(separator: ":", maxSplits: 1).last ?? ""
            return !password.isEmpty && !isStandIn(String(password))
        }
        guard let query = rest.firstIndex(of: "?") else {
            return false
        }
        return rest[query...].dropFirst().split(separator: "&").contains { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            return parts.count == 2 && isSecret(ByteString(String(parts[1])), named: String(parts[0]), of: client)
        }
    }
}
