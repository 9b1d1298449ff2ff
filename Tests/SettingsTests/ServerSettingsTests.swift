import Base
import Settings
import Testing

@Suite struct UpstreamURLTests {
    private func url(_ text: String) throws -> UpstreamURL {
        try UpstreamURL(Array(text.utf8))
    }

    @Test(
        "an address without ambiguity is taken apart",
        arguments: [
            ("http://127.0.0.1:3001/mcp", "http://127.0.0.1:3001", "/mcp", true),
            ("HTTPS://API.Example.com", "https://api.example.com:443", "/", false),
            ("https://a.example/x%2Fy?z=1", "https://a.example:443", "/x%2Fy?z=1", false),
            ("https://a.example?z", "https://a.example:443", "/?z", false),
            ("http://[::1]:80/", "http://[::1]:80", "/", true),
            ("http://[2001:DB8::1]/", "http://[2001:db8::1]:80", "/", false),
            ("http://[1:2:3:4:5:6:7:8]/", "http://[1:2:3:4:5:6:7:8]:80", "/", false),
            ("http://localhost:1", "http://localhost:1", "/", true),
            ("http://mcp.localhost/", "http://mcp.localhost:80", "/", true),
            ("http://localhost.example.com/", "http://localhost.example.com:80", "/", false),
            ("http://127.evil.example/", "http://127.evil.example:80", "/", false),
            ("http://my_service:8080/mcp", "http://my_service:8080", "/mcp", false),
        ]
    )
    func reads(text: String, origin: String, target: String, isLoopback: Bool) throws {
        let url = try url(text)
        #expect(url.origin.text == origin)
        #expect(url.target.text == target)
        #expect(url.isLoopback == isLoopback)
    }

    @Test(
        "G1: an address that two readers could take for different places is refused",
        arguments: [
            ("", .scheme), ("a.example", .scheme), ("ftp://a.example", .scheme), ("http:/a.example", .scheme),
            ("file:///etc/passwd", .scheme), ("http://", .host), ("http:///x", .host), ("http://:80/", .host),
            ("http://user:secret@a.example/", .userinfo), ("http://a.example@b.example", .userinfo),
            ("http://good.com\\@evil.com/", .badCharacter), ("http://a.example/#x", .badCharacter),
            ("http://a example/", .badCharacter), ("http://a.example/\u{e9}", .badCharacter),
            ("http://a.example/%zz", .badCharacter), ("http://a.example/%", .badCharacter),
            ("http://ex%61mple/", .host),
            ("http://2130706433/", .host), ("http://0x7f.1/", .host), ("http://127.1/", .host),
            ("http://1.2.3.4.5/", .host),
            ("http://01.2.3.4/", .host), ("http://256.1.1.1/", .host), ("http://a.example./", .host),
            ("http://a..b/", .host),
            ("http://[::1/", .host), ("http://[::1%25eth0]/", .host), ("http://[1::2::3]/", .host),
            ("http://[:::]/", .host),
            ("http://[1:2:3:4:5:6:7]/", .host), ("http://[1:2:3:4:5:6:7:8::]/", .host),
            ("http://[:1:2:3:4:5:6:7]/", .host),
            ("http://[]/", .host), ("http://a.example:0/", .port), ("http://a.example:65536/", .port),
            ("http://a.example:/", .port), ("http://a.example:+80/", .port), ("http://[::1]x/", .port),
        ] as [(String, UpstreamURL.Refusal)]
    )
    func refuses(text: String, refusal: UpstreamURL.Refusal) {
        #expect(throws: refusal) { try url(text) }
    }

    @Test("an address that is too long is refused")
    func refusesLong() {
        #expect(throws: UpstreamURL.Refusal.tooLong) { try url("http://a/" + String(repeating: "x", count: 2_048)) }
    }

    @Test("plain http leaves this machine only where it is allowed")
    func plainHTTP() {
        func codes(_ server: String) -> [SettingsProblem.Code] {
            read("version: 1\nservers:\n  - {name: s, \(server)}\n").problems.map(\.code)
        }
        #expect(codes(#"upstream: {url: "http://10.0.0.1/"}"#) == [.badValue])
        #expect(codes(#"upstream: {url: "http://10.0.0.1/", allow_insecure: true}"#).isEmpty)
        #expect(codes(#"upstream: {url: "http://10.0.0.1/"}, allow_insecure: true"#).isEmpty)
        #expect(codes(#"upstream: {url: "http://10.0.0.1/", allow_insecure: "true"}"#) == [.badValue, .wrongType])
        #expect(codes(#"upstream: {url: "http://127.8.8.8/"}"#).isEmpty)
        #expect(codes(#"upstream: {url: "https://10.0.0.1/"}"#).isEmpty)
    }

    @Test("G5: every part of the origin a credential is bound to shows in it")
    func originsDiffer() throws {
        let origins = try [
            "http://a.example", "https://a.example", "http://b.example", "http://a.example:81", "http://[::1]",
        ].map { try url($0).origin }
        #expect(Set(origins).count == origins.count)
        #expect(try url("http://a.example").origin == url("http://A.example:80/other").origin)
    }
}

@Suite struct HeaderSettingsTests {
    private func result(
        _ headers: String,
        files: [String: String] = [:],
        variables: [String: String] = ["T": "Bearer abc"]
    ) -> SettingsResult {
        let text = "version: 1\nservers:\n  - {name: s, upstream: {url: \"https://a.example\"}, headers: \(headers)}\n"
        return read(text, files: files, variables: variables)
    }

    @Test(
        "C6: a credential with a byte that no header can carry is an error, and the error does not show it",
        arguments: [
            "Bearer SECRET\n", "Bearer SECRET\r\nX: y", "SECRET\u{0}", "SECRET\u{7F}", "SECR\u{E9}T", " SECRET",
            "SECRET\t",
            "SECRET ", "SECRET\u{1B}[0m",
        ]
    )
    func refusesBadBytes(value: String) {
        let result = result("{Authorization: {secret: env:T}}", variables: ["T": value])
        #expect(result.configuration == nil)
        #expect(places(result) == ["3:78 bad-value"])
        #expect(!result.problems.map(\.description).joined().contains("SECR"))
    }

    @Test("a file's secret loses the one line break that ends it, and no more")
    func secretFiles() throws {
        func value(_ content: String) -> String? {
            let result = result("{Authorization: {secret: \"file:a b\"}}", files: ["a b": content])
            return result.configuration.map {
                String(decoding: $0.servers[0].headers[0].value?.reveal() ?? [], as: UTF8.self)
            }
        }
        #expect(value("Bearer x\n") == "Bearer x")
        #expect(value("Bearer x\r\n") == "Bearer x")
        #expect(value("Bearer x") == "Bearer x")
        #expect(value("Bearer x\n\n") == nil)
        #expect(value("\n") == nil)
        #expect(value("") == nil)
    }

    @Test(
        "a secret that cannot be had is an error",
        arguments: [
            ("{secret: env:MISSING}", .unreadable), ("{secret: file:missing}", .unreadable),
            ("{secret: store:No Name}", .badValue), ("{secret: hunter2}", .badValue),
            ("{secret: \"env:\"}", .badValue),
            ("{secret: \"vault:x\"}", .badValue), ("{secret: \"env:A B\"}", .badValue), ("{secret: [x]}", .wrongType),
            ("{secrets: env:T}", .unknownKey), ("{}", .missingKey), ("[x]", .wrongType),
        ] as [(String, SettingsProblem.Code)]
    )
    func refusesReferences(reference: String, code: SettingsProblem.Code) {
        let result = result("{X-Value: \(reference)}")
        #expect(result.problems.map(\.code).contains(code))
        #expect(!result.problems.map(\.description).joined().contains("hunter2"))
    }

    @Test(
        "a header that looks like a credential is given by reference only",
        arguments: ["Authorization", "x-api-key", "X_API_KEY", "Cookie", "X-Auth-Token", "Client-Secret"]
    )
    func refusesOpenCredentials(name: String) {
        let result = result("{\(name): hunter2}")
        #expect(result.problems.map(\.code) == [.badValue])
        #expect(!result.problems.map(\.description).joined().contains("hunter2"))
    }

    @Test(
        "C5: a header that frames, routes or names a message cannot be set",
        arguments: [
            "Host", "content-length", "Content_Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE",
            "Trailer",
            "Upgrade", "Expect", "Proxy-Authorization", "Content-Type", "Accept", "Mcp-Session-Id", "mcp-anything",
            "MCP_Method", "MCP-Protocol-Version", "Last-Event-ID", "\"\"", "\"a b\"", "\"a:b\"", "\"é\"", "\"a\\n\"",
        ]
    )
    func refusesNames(name: String) {
        #expect(result("{\(name): {secret: env:T}}").problems.first?.code == .badValue)
    }

    @Test("C5: two names that some server takes for one are refused")
    func refusesTwins() {
        #expect(result("{X-Team: a, x-team: b}").problems.map(\.code) == [.duplicate])
        #expect(result("{X-Team: a, X_Team: b}").problems.map(\.code) == [.duplicate])
    }

    @Test("no description or dump of a configuration shows a secret")
    func isMasked() throws {
        let configuration = try #require(
            result("{Authorization: {secret: env:T}}", variables: ["T": "SECRET"]).configuration
        )
        var dumped = "\(configuration)"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("SECRET"))
        #expect(!dumped.contains(Array("SECRET".utf8).map(String.init).joined(separator: ", ")))
    }
}
