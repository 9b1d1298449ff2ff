import Base
import Testing

@testable import Settings

/// `upstream: {connector: …}` of toolgate.yaml.
@Suite("connectors as upstreams")
struct ConnectorSettingsTests {
    private func read(_ upstream: String, rest: String = "") -> SettingsResult {
        let text = "version: 1\nservers:\n  - {name: crm, upstream: \(upstream)\(rest)}\n"
        let sources = SettingsSources(
            file: { _ in .failure(SourceFailure("no such file")) },
            variable: { $0 == "KOMMO_TOKEN" ? Array("tok".utf8) : nil }
        )
        return SettingsReader.read(Array(text.utf8), sources: sources)
    }

    @Test("a connector has settings, and its secret by reference")
    func reads() throws {
        let result = read("{connector: kommo, set: {subdomain: acme, confirm_writes: true}, secret: env:KOMMO_TOKEN}")
        let server = try #require(result.configuration?.servers.first, "\(result.problems)")
        guard case .connector(let settings) = server.upstream else {
            Issue.record("no connector")
            return
        }
        #expect(settings.connector == "kommo")
        #expect(settings.set.map { "\($0.name)=\($0.value)" } == ["subdomain=acme", "confirm_writes=true"])
        #expect(server.headers.map(\.name) == ["secret"])
        #expect(server.headers.first?.source == .environment("KOMMO_TOKEN"))
        #expect(ConnectorSettings(json: settings.json) == settings)
    }

    @Test(
        "what does not go together is refused",
        arguments: [
            "{connector: kommo}", "{connector: kommo, secret: tok}", "{connector: kommo, secret: env:NOPE}",
            "{connector: kommo, secret: env:KOMMO_TOKEN, url: \"https://x/\"}",
            "{connector: KOMMO, secret: env:KOMMO_TOKEN}", "{url: \"https://x/\", set: {a: b}}",
            "{connector: kommo, set: [a], secret: env:KOMMO_TOKEN}",
            "{connector: kommo, set: {a: {b: c}}, secret: env:KOMMO_TOKEN}",
        ]
    )
    func refuses(upstream: String) {
        let result = read(upstream)
        #expect(result.configuration == nil)
        #expect(result.problems.count == 1, "\(result.problems)")
        #expect(!"\(result.problems)".contains("tok\""))
    }

    @Test("a connector has no headers")
    func headers() {
        #expect(read("{connector: kommo, secret: env:KOMMO_TOKEN}", rest: ", headers: {A: b}").configuration == nil)
    }
}
