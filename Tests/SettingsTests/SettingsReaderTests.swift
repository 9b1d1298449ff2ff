import Base
import Settings
import Testing
import YAMLText

/// Reads a configuration with a table in place of files and variables.
func read(
    _ text: String,
    files: [String: String] = ["p.json": #"{"version":"1","default":"deny"}"#],
    variables: [String: String] = ["TOKEN": "Bearer abc"]
) -> SettingsResult {
    let sources = SettingsSources(
        file: { path in files[path].map { .success(Array($0.utf8)) } ?? .failure(SourceFailure("no such file")) },
        variable: { name in variables[name].map { Array($0.utf8) } }
    )
    return SettingsReader.read(Array(text.utf8), sources: sources)
}

/// `line:column code` of each problem.
func places(_ result: SettingsResult) -> [String] {
    result.problems.map { "\($0.position.line):\($0.position.column) \($0.code.rawValue)" }
}

let digest = "hmac-sha256:" + String(repeating: "0a", count: 32)

@Suite struct SettingsReaderTests {
    private let whole = """
        version: 1
        servers:
          - name: kommo
            upstream: {url: "http://127.0.0.1:3001/mcp"}
            headers: {Authorization: {secret: env:TOKEN}, X-Api-Key: {secret: file:key}, X-Team: sales}
          - name: files
            id: 6F9619FF-8B86-D011-B42D-00CF4FC964FF
            upstream:
              url: https://files.example.com
        policies:
          - {name: kommo-sales, server: kommo, document: p.json}
          - name: files-read
            server: files
            document:
              version: "1"
              default: deny
              tools:
                get_*: {}
                put: {limits: [{counter: c, window: minute, max: 10.50}], deny_if: [{conditions: []}]}
        bundles: []
        grants:
          - label: ci-runner
            server: kommo
            policy: kommo-sales
            token_digest: "DIGEST"
            expires: 2027-01-01T00:00:00Z
            member: ana
          - {label: bare, server: files, token_digest: "hmac-sha256:\(String(repeating: "1", count: 64))"}
        """

    private func url(of server: ServerSettings) -> UpstreamURL? {
        guard case .http(let url, _) = server.upstream else {
            return nil
        }
        return url
    }

    @Test("a whole configuration is read with everything it says")
    func readsWhole() throws {
        let text = whole.replacing("DIGEST", with: digest)
        let result = read(text, files: ["p.json": "{}", "key": "k-123\n"])
        #expect(places(result).isEmpty, "\(result.problems)")
        let configuration = try #require(result.configuration)
        let kommo = configuration.servers[0]
        #expect(kommo.name == "kommo")
        #expect(url(of: kommo)?.origin == "http://127.0.0.1:3001")
        #expect(url(of: kommo)?.target == "/mcp")
        #expect(kommo.headers.map(\.name) == ["Authorization", "X-Api-Key", "X-Team"])
        #expect(
            kommo.headers.map { String(decoding: $0.value?.reveal() ?? [], as: UTF8.self) } == [
                "Bearer abc", "k-123", "sales",
            ]
        )
        let files = configuration.servers[1]
        #expect(files.id.description == "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
        #expect(url(of: files)?.origin == "https://files.example.com:443")
        #expect(url(of: files)?.target == "/")
        #expect(configuration.policies[0].document == Array("{}".utf8))
        #expect(configuration.policies[0].source == .file("p.json"))
        #expect(
            String(decoding: configuration.policies[1].document, as: UTF8.self)
                == #"{"version":"1","default":"deny","tools":{"get_*":{},"put":{"limits":"#
                + #"[{"counter":"c","window":"minute","max":10.50}],"deny_if":[{"conditions":[]}]}}}"#
        )
        let grant = configuration.grants[0]
        #expect(grant.label == "ci-runner")
        #expect(grant.policy == "kommo-sales")
        #expect(grant.digest == [UInt8](repeating: 0x0A, count: 32))
        #expect(grant.expires == WallTime(rfc3339: "2027-01-01T00:00:00Z".utf8))
        #expect(grant.member == "ana")
        #expect(configuration.grants[1].policy == nil)
        #expect(configuration.grants[1].expires == nil)
    }

    @Test("an identity that is not given follows from the name, the same every time")
    func identities() {
        let first = EntityID(kind: "server", name: "kommo")
        #expect(first == EntityID(kind: "server", name: "kommo"))
        #expect(first != EntityID(kind: "grant", name: "kommo"))
        #expect(first != EntityID(kind: "server", name: "kommp"))
        #expect(first.text.count == 36)
        #expect(first.text[14] == UInt8(ascii: "8"))
        #expect("89ab".utf8.contains(first.text[19]))
        #expect(EntityID(text: first.text) == first)
        #expect(EntityID(text: Array("6f9619ff8b86d011b42d00cf4fc964ff0000".utf8)) == nil)
        #expect(EntityID(text: Array("6f9619ff-8b86-d011-b42d-00cf4fc964fg".utf8)) == nil)
    }

    @Test("every problem of a file is reported at once, in its order, with what to do")
    func collectsAll() {
        let result = read(
            """
            version: 2
            servres: []
            servers:
              - name: Kommo
                upstream: {url: "ftp://x"}
                header: {}
              - upstream: {connector: npx}
              - name: ok
                upstream: {url: "http://10.0.0.1/"}
            policies:
              - {name: p, server: okk, document: missing.json}
            grants:
              - {label: a, server: ok, policy: q, token_digest: nope, expires: tomorrow}
              - [x]
            """
        )
        #expect(result.configuration == nil)
        #expect(
            places(result) == [
                "1:10 bad-value", "2:1 unknown-key", "4:11 bad-value", "5:21 bad-value", "6:5 unknown-key",
                "7:5 missing-key", "7:16 missing-key", "9:21 bad-value", "11:23 unresolved", "11:38 unreadable",
                "13:36 unresolved", "13:53 bad-value", "13:68 bad-value", "14:5 wrong-type",
            ]
        )
        let text = result.problems.map(\.description).joined(separator: "\n")
        #expect(text.contains("2:1: `servres` is no key of the configuration: did you mean `servers`?"))
        #expect(text.contains("6:5: `header` is no key of a server: did you mean `headers`?"))
        #expect(text.contains("11:23: there is no server `okk`: did you mean `ok`?"))
        #expect(text.contains("allow_insecure"))
    }

    @Test(
        "B9: a text that is not the YAML we accept is one problem with its place",
        arguments: ["", "a: [", "a: 1\na: 2"]
    )
    func refusesSyntax(text: String) {
        let result = read(text)
        #expect(result.configuration == nil)
        #expect(result.problems.map(\.code) == [.syntax])
    }

    @Test("H2: the list of problems is capped and says how many were cut")
    func capsProblems() {
        let result = read("version: 1\nservers:\n" + String(repeating: "  - x\n", count: 250))
        #expect(result.problems.count == 100)
        #expect(result.omittedProblems == 150)
    }

    private func withServer(_ rest: String) -> String {
        "version: 1\nservers:\n  - {name: s, upstream: {url: \"http://localhost:1/\"}}\n" + rest
    }

    @Test("a configuration needs a server")
    func needsServer() {
        #expect(places(read("version: 1\n")) == ["1:1 missing-key"])
        #expect(places(read("version: 1\nservers: []\n")) == ["2:1 missing-key"])
        #expect(places(read("servers: x\n")) == ["1:1 missing-key", "1:10 wrong-type"])
        #expect(read(withServer("")).configuration != nil)
    }

    @Test("a bundle is read with its members, and a grant may open it")
    func bundle() throws {
        let text = """
            version: 1
            servers:
              - {name: crm, upstream: {url: "http://127.0.0.1:1/mcp"}}
              - {name: mail, upstream: {url: "http://127.0.0.1:2/mcp"}}
            policies: [{name: read, server: mail, document: {version: "1"}}]
            bundles:
              - name: office
                members:
                  - {server: crm, prefix: crm_}
                  - {server: mail, prefix: mail_, policy: read}
            grants: [{label: a, bundle: office, token_digest: "\(digest)"}]
            """
        let configuration = try #require(read(text).configuration, "\(read(text).problems)")
        let bundle = try #require(configuration.bundles.first)
        #expect(bundle.name == "office" && bundle.members.map(\.prefix) == ["crm_", "mail_"])
        #expect(bundle.members.map(\.policy) == [nil, "read"])
        #expect(configuration.grants.first?.bundle == "office" && configuration.grants.first?.policy == nil)
    }

    @Test(
        "a bundle's mistakes are told: no member, prefixes that collide, strange names, a grant with a policy of its own",
        arguments: [
            ("bundles: [{name: b, members: []}]\n", SettingsProblem.Code.badValue),
            ("bundles: [{name: b}]\n", .missingKey),
            ("bundles: [{name: b, members: [{server: s, prefix: a_}, {server: s, prefix: a_b}]}]\n", .duplicate),
            ("bundles: [{name: b, members: [{server: s, prefix: \"a b\"}]}]\n", .badValue),
            ("bundles: [{name: b, members: [{server: t, prefix: a_}]}]\n", .unresolved),
            ("bundles: [{name: s, members: [{server: s, prefix: a_}]}]\n", .duplicate),
            ("grants: [{label: a, bundle: b, token_digest: \"\(digest)\"}]\n", .unresolved),
            (
                "bundles: [{name: b, members: [{server: s, prefix: a_}]}]\n"
                    + "grants: [{label: a, bundle: b, server: s, token_digest: \"\(digest)\"}]\n",
                .conflict
            ),
        ]
    )
    func bundleMistakes(rest: String, code: SettingsProblem.Code) {
        let result = read(withServer(rest))
        #expect(result.configuration == nil)
        #expect(result.problems.map(\.code) == [code], "\(result.problems)")
    }

    @Test("a server without an upstream is told so")
    func needsUpstream() {
        let none = read("version: 1\nservers: [{name: s, upstream: {}}, {name: t}]\n")
        #expect(none.problems.map(\.code) == [.missingKey, .missingKey])
    }

    @Test("F2: a grant's policy must be one for the grant's server")
    func crossChecksPolicy() {
        let result = read(
            """
            version: 1
            servers:
              - {name: a, upstream: {url: "https://a.example"}}
              - {name: b, upstream: {url: "https://b.example"}}
            policies: [{name: p, server: a, document: p.json}]
            grants:
              - {label: x, server: b, policy: p, token_digest: "\(digest)"}
            """
        )
        #expect(places(result) == ["7:35 conflict"])
    }

    @Test("F4: names, identities, labels and digests are unique")
    func refusesDuplicates() {
        let result = read(
            """
            version: 1
            servers:
              - {name: a, upstream: {url: "https://a.example"}}
              - {name: a, id: 6f9619ff-8b86-d011-b42d-00cf4fc964ff, upstream: {url: "https://b.example"}}
              - {name: c, id: 6F9619FF-8b86-d011-b42d-00cf4fc964ff, upstream: {url: "https://b.example"}}
            policies:
              - {name: p, server: a, document: p.json}
              - {name: p, server: a, document: p.json}
            grants:
              - {label: x, server: a, token_digest: "\(digest)"}
              - {label: y, server: a, token_digest: "\(digest)"}
              - {label: x, server: a, token_digest: "hmac-sha256:\(String(repeating: "1", count: 64))"}
            """
        )
        #expect(
            places(result) == [
                "4:12 duplicate", "5:5 duplicate", "8:12 duplicate", "11:5 duplicate", "12:5 duplicate",
            ]
        )
    }

    @Test(
        "F9: a digest that is none is refused without being shown, for it may be a token",
        arguments: ["tg_lg_SECRETSECRET", "SECRET", "hmac-sha256:SECRET", "sha256:SECRET", "HMAC-SHA256:SECRET"]
    )
    func hidesBadDigests(text: String) {
        let result = read(withServer("grants: [{label: a, server: s, token_digest: \"\(text)\"}]\n"))
        #expect(result.problems.map(\.code) == [.badValue])
        #expect(!result.problems.map(\.description).joined().contains("SECRET"))
    }

    @Test(
        "a label is text that people can read",
        arguments: [
            (#""a\tb""#, false), (#""a\u202eb""#, false), (#""""#, false), ("[a]", false), ("ana maria", true),
            ("é", true),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
        ]
    )
    func labels(label: String, isAccepted: Bool) {
        let result = read(withServer("grants: [{label: \(label), server: s, token_digest: \"\(digest)\"}]\n"))
        #expect((result.configuration != nil) == isAccepted, "\(result.problems)")
    }

    @Test(
        "a name is lower-case letters, digits and hyphens",
        arguments: [
            ("a", true), ("0-a", true), (String(repeating: "a", count: 63), true),
            (String(repeating: "a", count: 64), false),
            ("-a", false), ("A", false), ("a_b", false), ("a/b", false), ("a.b", false), ("é", false),
            ("\"a\\n\"", false),
        ]
    )
    func names(name: String, isAccepted: Bool) {
        let result = read("version: 1\nservers: [{name: \(name), upstream: {url: \"https://a.example\"}}]\n")
        #expect((result.configuration != nil) == isAccepted)
    }
}
