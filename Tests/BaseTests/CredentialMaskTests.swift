import Base
import Testing

@Suite("Credential mask")
struct CredentialMaskTests {
    private let mask = CredentialMask([Array("Bearer s3cr3t/va+lue\"x".utf8)])

    private func masked(_ text: String, _ mask: CredentialMask? = nil) -> String {
        String(decoding: (mask ?? self.mask).masking(Array(text.utf8)), as: UTF8.self)
    }

    private static func base64(_ text: String) -> String {
        String(decoding: TextCoding.base64(Array(text.utf8)), as: UTF8.self)
    }

    private static func base64URL(_ text: String) -> String {
        String(decoding: TextCoding.base64URL(Array(text.utf8)), as: UTF8.self)
    }

    @Test(
        "E11: a credential is masked in every form an upstream may echo it in",
        arguments: [
            "Bearer s3cr3t/va+lue\"x", "s3cr3t/va+lue\"x", "s3cr3t/va+lue\\\"x", "s3cr3t%2Fva%2Blue%22x",
            "s3cr3t%2fva%2blue%22x", "%73%33cr3t/va+lue%22x",
            #"s3cr3t\/va+lue\"x"#, #"s3cr3t\u002fva\u002Blue\u0022x"#, #"\u0073\u0033cr3t/va+lue\"x"#,
            #"s3cr3t/va+lue\\\"x"#, #"\\u0073\\\\u0033cr3t\/va+lue\\\"x"#, #"\x733cr3t\x2fva+lue\x22x"#,
            base64("s3cr3t/va+lue\"x"), base64URL("Bearer s3cr3t/va+lue\"x"),
            String(decoding: TextCoding.hexadecimal(Array("s3cr3t/va+lue\"x".utf8)), as: UTF8.self),
            String(decoding: TextCoding.hexadecimal(Array("s3cr3t/va+lue\"x".utf8)), as: UTF8.self).uppercased(),
        ]
    )
    func forms(_ form: String) {
        let text = "you sent \(form)!"
        #expect(masked(text) == "you sent •••!")
        #expect(mask.finds(in: Array(text.utf8)))
    }

    @Test(
        "E11: base64 of a text that holds a credential anywhere keeps none of its whole groups",
        arguments: ["", "x", "xx", "xxx", "user:", "Authorization: Basic "],
        ["", ".", "..", "@host/"]
    )
    func alignments(_ before: String, _ after: String) throws {
        let secret = "s3cr3t/va+lue?>x"
        let mask = CredentialMask([Array(secret.utf8)])
        for text in [Self.base64(before + secret + after), Self.base64URL(before + secret + after)] {
            let output = masked(text, mask)
            let parts = output.split(separator: "•••", omittingEmptySubsequences: false)
            try #require(parts.count == 2, "\(text) became \(output)")
            // What stands before and behind, with at most one character that holds bits of the secret.
            #expect(parts[0].count <= (before.utf8.count * 8 + 5) / 6)
            #expect(parts[1].count <= (after.utf8.count + 2) / 3 * 4 + 4)
            let lost = text.utf8.count - parts[0].utf8.count - parts[1].utf8.count
            #expect(lost >= (secret.utf8.count * 8 - 10) / 6)
        }
    }

    @Test(
        "E11: a credential with letters beyond ASCII is masked however JSON escapes them",
        arguments: [
            "clé-d'été-😀-ö", #"cl\u00e9-d'\u00E9t\u00e9-\ud83d\ude00-\u00f6"#, #"clé-d'\u00e9té-\uD83D\uDE00-ö"#,
            #"cl\\u00e9-d'\\u00e9t\\u00e9-\\ud83d\\ude00-\\u00f6"#, "cl%C3%A9-d%27%c3%a9t%C3%A9-%F0%9F%98%80-%C3%B6",
            #"cl\xc3\xa9-d'\xc3\xa9t\xc3\xa9-\xf0\x9f\x98\x80-\xc3\xb6"#,
            // As servers write it that take headers for ISO 8859-1.
            #"cl\u00c3\u00a9-d'\u00c3\u00a9t\u00c3\u00a9-\u00f0\u009f\u0098\u0080-\u00c3\u00b6"#,
        ]
    )
    func letters(_ form: String) {
        let mask = CredentialMask([Array("clé-d'été-😀-ö".utf8)])
        #expect(masked(#"{"you sent":"\#(form)"}"#, mask) == #"{"you sent":"•••"}"#)
    }

    @Test("E11: of Basic credentials the pair and the password are masked as well")
    func basic() {
        let mask = CredentialMask([Array("Basic \(Self.base64("gateway:pa55word"))".utf8)])
        #expect(masked("gateway:pa55word or pa55word for gateway", mask) == "••• or ••• for gateway")
        #expect(masked("Basic \(Self.base64("gateway:pa55word"))", mask) == "•••")
    }

    @Test("E11: backslashes, quotes and line ends of a credential do not hide it")
    func quoting() {
        let mask = CredentialMask([Array("a\\b\"c\nd\te/f".utf8)])
        #expect(masked(#"{"v":"a\\b\"c\nd\te\/f"}"#, mask) == #"{"v":"•••"}"#)
        #expect(masked(#"{"v":"{\"w\":\"a\\\\b\\\"c\\nd\\te/f\"}"}"#, mask) == #"{"v":"{\"w\":\"•••\"}"}"#)
        #expect(masked("a\\b\"c\nd\te/f", mask) == "•••")
        #expect(masked(#"a%5Cb%22c%0Ad%09e%2ff"#, mask) == "•••")
        #expect(masked(#"{"v":"a\u005cb\"c\nd\te/f"}"#, mask) == #"{"v":"•••"}"#)
    }

    @Test("what stands before and behind a credential keeps its escapes")
    func neighbours() {
        let mask = CredentialMask([Array("npm_0123456789".utf8)])
        #expect(masked(#"{"v":"line\nnpm_0123456789\nline"}"#, mask) == #"{"v":"line\n•••\nline"}"#)
        #expect(masked(#"{"v":"\"npm_0123456789\""}"#, mask) == #"{"v":"\"•••\""}"#)
        let quoted = CredentialMask([Array(#""0123456789""#.utf8)])
        #expect(masked(#"{"v":"\"0123456789\""}"#, quoted) == #"{"v":"•••"}"#)
    }

    @Test("text without a credential comes back as it was")
    func untouched() {
        for text in [
            "nothing to see: s3cr3 and Bearer", #"\u0073\u0033cr3"#, #"s3cr3t\ud83d"#, #"s3cr3t\u00"#, "s3cr3t%2", "\\",
            "%",
            String(repeating: "\\", count: 100), "",
        ] {
            #expect(masked(text) == text)
            #expect(!mask.finds(in: Array(text.utf8)))
        }
        #expect(CredentialMask([Array("😀secret".utf8)]).finds(in: Array(#"\ud83d\ude00secret"#.utf8)))
        #expect(!CredentialMask([Array("😀secret".utf8)]).finds(in: Array(#"\ud83d\ud83dsecret"#.utf8)))
    }

    @Test("a value too short to be a secret masks nothing, in no form")
    func short() {
        #expect(CredentialMask([Array("1".utf8)]).isEmpty)
        #expect(CredentialMask([Array("12345".utf8)]).isEmpty)
        #expect(!CredentialMask([]).finds(in: Array("anything".utf8)))
        #expect(CredentialMask([Array("1234".utf8)], shortest: 4).finds(in: Array("12345".utf8)))
        let description = "\(CredentialMask([Array("s3cr3t-value".utf8)]))"
        #expect(description == "CredentialMask(6 forms)")
    }

    @Test("the longer of two credentials goes first, and the sign is the caller's")
    func longest() {
        let mask = CredentialMask([Array("secret".utf8), Array("secret-and-more".utf8)])
        #expect(masked("secret-and-more secret", mask) == "••• •••")
        #expect(mask.masking(Array("a secret!".utf8), with: "***") == Array("a ***!".utf8))
    }
}
