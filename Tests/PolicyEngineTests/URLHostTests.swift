import JSONText
import TestSupport
import Testing

@testable import PolicyEngine

@Suite struct URLHostTests {
    private func host(_ url: String) -> ParsedHost? {
        URLHost.parse(Array(url.utf8))
    }

    /// Our reader refuses lone surrogates, which a URL parser replaces by U+FFFD, and U+0000: U+E000 stands for it.
    private func readable(_ json: [UInt8]) -> [UInt8] {
        func unit(at index: Int) -> UInt16? {
            guard index + 6 <= json.count, json[index] == UInt8(ascii: "\\"), json[index + 1] == UInt8(ascii: "u"),
                index == 0 || json[index - 1] != UInt8(ascii: "\\")
            else {
                return nil
            }
            return UInt16(String(decoding: json[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
        }
        var output: [UInt8] = []
        var index = 0
        while index < json.count {
            let first = unit(at: index)
            if first == 0 {
                output.append(contentsOf: "\\uE000".utf8)
                index += 6
                continue
            }
            guard let first, (0xD800...0xDFFF).contains(first) else {
                output.append(json[index])
                index += 1
                continue
            }
            let isPair = first < 0xDC00 && unit(at: index + 6).map { (0xDC00...0xDFFF).contains($0) } == true
            output.append(contentsOf: isPair ? json[index..<(index + 12)] : Array("\\uFFFD".utf8)[...])
            index += isPair ? 12 : 6
        }
        return output
    }

    @Test(
        "B4: every address of the WHATWG's own test data has the host it says, or does not parse",
        .enabled(if: Corpora.areExpected)
    )
    func agreesWithWHATWG() throws {
        let document = try JSONDocument(readable(try Corpora.read("url/urltestdata.json")))
        var count = 0
        for example in document.root.elements {
            guard let input = example["input"]?.string, example["base"]?.isNull ?? true else {
                continue
            }
            count += 1
            let text = input.text.unicodeScalars.map { $0 == "\u{E000}" ? "\u{0}" : String($0) }.joined()
            let parsed = URLHost.parse(Array(text.utf8))
            if example["failure"]?.boolean == true {
                #expect(parsed == nil, "\(input.text) parses as \(String(describing: parsed))")
            } else {
                let expected = try #require(example["hostname"]?.string, "\(input.text)")
                #expect(parsed?.hostname == expected.bytes, "\(input.text)")
            }
        }
        #expect(count > 500)
    }

    @Test(
        "B4: userinfo, ports, backslashes, escapes and look-alikes do not hide the host",
        arguments: [
            ("https://example.com@evil.test/", "evil.test"),
            ("http://good.com\\@evil.com/", "good.com"),
            ("https://user:pass@a@EXAMPLE.com:443/x", "example.com"),
            ("https:/\\\\example.com", "example.com"),
            ("https:example.com", "example.com"),
            ("  ht\ntps://exam\tple.com  ", "example.com"),
            ("https://ex%61mple.com/", "example.com"),
            ("https://ｅxample。com/", "example.com"),
            ("https://example.com?@evil.test", "example.com"),
            ("https://example.com#@evil.test", "example.com"),
            ("https://[::ffff:127.0.0.1]/", "[::ffff:7f00:1]"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("http://0177.0.0.01/", "127.0.0.1"),
            ("http://127.1./", "127.0.0.1"),
            ("file://localhost/etc", ""),
            ("mailto:someone@example.com", ""),
            ("redis://CACHE:6379", "CACHE"),
        ]
    )
    func hosts(url: String, expected: String) {
        #expect(host(url).map { String(decoding: $0.hostname, as: UTF8.self) } == expected)
    }

    @Test(
        "B4: what does not parse has no host",
        arguments: [
            "", "example.com", "/x", "//example.com", "https://", "https://@", "https://a b/", "https://a:99999/",
            "https://a:1x/", "http://1.2.3.256/", "http://1.2.3.4.5/", "http://a.09/", "http://[::1",
            "http://[::1%25eth0]/",
            "http://exa%00mple/", "http://a<b", "http://%ff/", "http://a%2fb/", "https://\u{AD}/", "foo://a b/",
            "http://[1:2:3:4:5:6:7:8:9]/", "http://[::1.2.3]/", "http://[1::2::3]/", "http://[::01.2.3.4]/",
        ]
    )
    func refuses(url: String) {
        #expect(host(url) == nil)
    }

    @Test("bytes that are not UTF-8 in a host do not parse")
    func refusesInvalidUTF8() {
        #expect(URLHost.parse(Array("http://".utf8) + [0xFF, 0x61]) == nil)
    }
}

@Suite struct HostEntryTests {
    private func matches(_ url: String, _ entry: String) throws -> Bool {
        let entry = try #require(HostEntry(parsing: Array(entry.utf8)))
        let host = try #require(URLHost.parse(Array(url.utf8)))
        return host.matches(entry: entry)
    }

    @Test(
        "an entry is the host itself, or with *. any host below it",
        arguments: [
            ("https://example.com/", "example.com", true),
            ("https://example.com./", "example.com", true),
            ("https://example.com/", "EXAMPLE.com.", true),
            ("https://example.com../", "example.com", false),
            ("https://bücher.example/", "xn--bcher-kva.example", true),
            ("https://xn--bcher-kva.example/", "bücher.example", true),
            ("https://sub.example.com/", "example.com", false),
            ("https://sub.example.com/", "*.example.com", true),
            ("https://a.b.example.com./", "*.example.com", true),
            ("https://example.com/", "*.example.com", false),
            ("https://badexample.com/", "*.example.com", false),
            ("https://.example.com/", "*.example.com", false),
            ("https://example.com.evil.test/", "*.example.com", false),
            ("http://127.1/", "127.0.0.1", true),
            ("http://[0:0::1]/", "[::1]", true),
            ("http://[::ffff:127.0.0.1]/", "127.0.0.1", false),
            ("ssh://git@EXAMPLE.com:22/x", "example.com", true),
            ("mailto:a@example.com", "example.com", false),
            ("file:///x", "example.com", false),
            ("https://example.com:8443/", "example.com", true),
        ]
    )
    func matches(url: String, entry: String, expected: Bool) throws {
        #expect(try matches(url, entry) == expected)
    }

    @Test(
        "an entry that is no host is refused",
        arguments: [
            "", "*", "*.", "*.*.com", "a*.com", "example.com:443", "[::1]:80", "https://example.com", "example.com/x",
            "user@example.com", "*.127.0.0.1", "*.[::1]", "::1", "exa mple.com", " example.com", "1.2.3.400", ".", "..",
        ]
    )
    func refuses(entry: String) {
        #expect(HostEntry(parsing: Array(entry.utf8)) == nil)
    }
}

@Suite struct PrivateHostTests {
    @Test(
        "B4: private places are private in every notation",
        arguments: [
            "http://0.0.0.0", "http://10.255.255.255", "http://100.64.0.1", "http://100.127.255.255",
            "http://127.8.9.1",
            "http://169.254.169.254/latest/meta-data", "http://172.16.0.1", "http://172.31.255.255", "http://192.0.0.8",
            "http://192.168.0.1", "http://198.18.0.1", "http://198.19.255.255", "http://224.0.0.1", "http://240.0.0.1",
            "http://255.255.255.255", "http://2130706433", "http://0x7f000001", "http://017700000001", "http://127.1",
            "http://0", "http://１２７.０.０.１", "http://127.0.0.1.", "http://%31%32%37.1",
            "http://[::]", "http://[::1]", "http://[::127.0.0.1]", "http://[::ffff:10.0.0.1]", "http://[::ffff:a00:1]",
            "http://[fc00::1]", "http://[fdff::1]", "http://[fe80::1]", "http://[febf::1]", "http://[fec0::1]",
            "http://[feff::1]", "http://[ff02::1]", "http://[64:ff9b:1::1]", "http://[64:ff9b:1:ffff::]",
            "http://[64:ff9b::10.0.0.1]", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]",
            "http://[2002:c0a8:1::5]",
            "http://localhost", "http://LOCALHOST.", "http://a.localhost:3000", "http://printer.local",
            "http://db.internal",
            "http://metadata.google.internal./", "redis://LOCALHOST:6379", "redis://127.0.0.1", "redis://[::1]",
            "http://user@localhost", "http://ⓛocalhost",
        ]
    )
    func isPrivate(url: String) throws {
        #expect(try #require(URLHost.parse(Array(url.utf8))).isPrivate)
    }

    @Test(
        "public places are not private",
        arguments: [
            "http://1.1.1.1", "http://9.255.255.255", "http://11.0.0.0", "http://100.63.255.255", "http://100.128.0.0",
            "http://172.15.0.1", "http://172.32.0.1", "http://192.0.1.0", "http://192.167.0.1", "http://198.17.255.255",
            "http://198.20.0.0", "http://223.255.255.255", "http://[2606:4700::1111]", "http://[::ffff:1.1.1.1]",
            "http://[64:ff9b::1.1.1.1]", "http://[64:ff9b:2::1]", "http://[2002:101:101::]", "http://[fbff::1]",
            "http://[fe00::1]", "http://[64:ff9b::1:7f00:1]", "http://[0:0:0:0:1::7f00:1]", "http://example.com",
            "http://localhost.example.com", "http://notlocalhost", "http://local", "http://internal",
            "http://xlocal.de",
            "mailto:root@localhost", "data:text/plain,localhost", "foo://a%20b",
        ]
    )
    func isPublic(url: String) throws {
        #expect(try !#require(URLHost.parse(Array(url.utf8))).isPrivate)
    }
}
