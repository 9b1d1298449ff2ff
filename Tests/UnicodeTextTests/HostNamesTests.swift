import Testing
import UnicodeText

@Suite struct HostNamesTests {
    @Test(
        "B4: a domain has one ASCII form however it is written",
        arguments: [
            ("EXAMPLE.com", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("ｅｘａｍｐｌｅ.com", "example.com"),
            ("example。com", "example.com"),
            ("exa\u{AD}mple.com", "example.com"),
            ("faß.de", "xn--fa-hia.de"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("a..b", "a..b"),
            ("example.com.", "example.com."),
            ("-a-.b", "-a-.b"),
            ("a_b.c", "a_b.c"),
            ("ab--cd.e", "ab--cd.e"),
        ]
    )
    func converts(domain: String, expected: String) {
        #expect(HostNames.ascii(Array(domain.utf8)) == Array(expected.utf8))
    }

    @Test(
        "B4: a domain that is not valid has no form",
        arguments: ["", "\u{AD}", "a\u{FFFD}b", "xn--a", "xn--", "\u{301}a.b", "a\u{200D}b", "אa.b", "xn--zn7c.com"]
    )
    func refuses(domain: String) {
        #expect(HostNames.ascii(Array(domain.utf8)) == nil)
    }

    @Test("bytes that are not UTF-8, and endless labels, are refused")
    func bounds() {
        #expect(HostNames.ascii([0xFF]) == nil)
        #expect(HostNames.ascii(Array(String(repeating: "é", count: 5_000).utf8)) == nil)
        #expect(HostNames.ascii(Array(String(repeating: "a", count: 300).utf8))?.count == 300)
    }
}
