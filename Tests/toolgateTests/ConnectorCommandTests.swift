import Testing

@testable import toolgate

/// `toolgate connector`, as far as it sends nothing.
@Suite struct ConnectorCommandTests {
    private func run(_ words: [String]) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole()
        let status = CommandTable.run(["connector"] + words, console: console.console)
        return (status, console.output, console.error)
    }

    @Test("a dry run prints the request, and of the credential nothing")
    func dryRun() {
        let result = run([
            "try", "getLead", "{\"id\":\"5\"}", "--set", "portal=acme.bitrix24.ru", "--dry-run", "--output", "json",
        ])
        #expect(result.status == .done)
        #expect(result.output.contains("https://acme.bitrix24.ru/rest/[redacted]/crm.lead.get"))
        #expect(result.output.contains("5"))
        #expect(!result.output.contains("placeholder"))
    }

    @Test("arguments that do not fit are told in the connector's language, exit 1")
    func badArguments() {
        let result = run(["try", "get_lead", "{}", "--set", "subdomain=acme", "--dry-run"])
        #expect(result.status == .refused)
        #expect(result.error.contains("Requer id (número)."))
    }

    @Test("without a secret nothing is sent, and one on the command line is refused")
    func secrets() {
        let set = ["--set", "subdomain=acme"]
        #expect(run(["try", "get_account"] + set).status == .usage)
        let result = run(["try", "get_account", "--secret", "abcdef"] + set)
        #expect(result.status == .usage)
        #expect(!result.error.contains("abcdef"))
    }

    @Test("a setting that would lead to another host is refused")
    func settings() {
        #expect(run(["try", "get_account", "--set", "subdomain=evil.example/", "--dry-run"]).status == .usage)
    }

    @Test("a connector served without tokens listens on this machine only")
    func loopback() {
        let words = ["serve", "kommo", "--set", "subdomain=acme", "--listen", "0.0.0.0:0"]
        #expect(run(words).status == .usage)
    }

    @Test("the recommended policy has every tool")
    func policy() {
        let result = run(["policy", "kommo"])
        #expect(result.status == .done)
        #expect(result.output.contains("run_salesbot_rate"))
        #expect(result.output.contains("\"get_loss_reasons\": {}"))
    }
}
