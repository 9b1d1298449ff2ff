import Testing

@testable import HTTPTransport

@Suite("Host rules")
struct HostRulesTests {
    private let rules = HostRules(hosts: ["Gate.Example"], origins: ["https://console.example"])

    @Test(
        "C9: loopback names, address literals and configured names are served",
        arguments: [
            "localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:443", "192.168.0.9:8080", "gate.example",
            "GATE.example:443",
        ]
    )
    func servedHosts(_ host: String) {
        #expect(rules.admits(host: Array(host.utf8)))
    }

    @Test(
        "C9: any other Host is refused",
        arguments: [
            "", ":80", "evil.example", "localhost.evil.example", "localhost:80:80", "gate.example.evil",
            "127.0.0.1.evil.example",
            "localhost:x", "user@localhost", "localhost/", "1.2.3.4.5", "2130706433", "[::1", "localhost:123456",
        ]
    )
    func refusedHosts(_ host: String) {
        #expect(!rules.admits(host: Array(host.utf8)))
    }

    @Test(
        "C9: pages of this machine and configured ones may call",
        arguments: [
            "http://localhost:6274", "http://127.0.0.1", "https://[::1]:1", "https://console.example",
            "https://gate.example",
        ]
    )
    func admittedOrigins(_ origin: String) {
        #expect(rules.admits(origin: Array(origin.utf8)))
    }

    @Test(
        "C9: pages of anybody else may not",
        arguments: [
            "null", "", "http://evil.example", "https://console.example.evil", "http://localhost.evil.example",
            "file://",
            "http://192.168.0.9", "http://localhost@evil.example", "https://console.example/", "javascript:localhost",
        ]
    )
    func refusedOrigins(_ origin: String) {
        #expect(!rules.admits(origin: Array(origin.utf8)))
    }
}
