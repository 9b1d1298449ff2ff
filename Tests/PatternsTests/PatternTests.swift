import Patterns
import Testing

@Suite struct PatternTests {
    private func matches(_ pattern: String, _ text: String, ignoreCase: Bool = false) throws -> Bool {
        try Pattern(Array(pattern.utf8), ignoreCase: ignoreCase).matches(Array(text.utf8))
    }

    @Test(
        "a pattern is searched for anywhere and means what RE2 means",
        arguments: [
            ("prod", "not-prod;rm", true),
            ("^prod$", "not-prod", false),
            ("^ok$", "ok\n", false),
            ("^ok$", "ok", true),
            ("^$", "", true),
            ("", "", true),
            ("^\\d+$", "١٢٣", false),
            ("^\\d+$", "123", true),
            ("^\\w$", "é", false),
            ("^\\s$", "\u{A0}", false),
            ("^.$", "é", true),
            ("^.$", "\n", false),
            ("a\\x00b", "a\u{0}b", true),
            ("(?m)^b$", "a\nb\nc", true),
            ("\\p{Greek}", "α", true),
        ]
    )
    func means(pattern: String, text: String, expected: Bool) throws {
        #expect(try matches(pattern, text) == expected)
    }

    @Test("ignoring case folds as RE2 does, with the Kelvin sign beside k")
    func ignoresCase() throws {
        #expect(try matches("^delete$", "DELETE", ignoreCase: true))
        #expect(try matches("^k$", "\u{212A}", ignoreCase: true))
        #expect(try !matches("^k$", "\u{212A}"))
    }

    @Test(
        "what RE2 does not know is refused with its reason",
        arguments: ["(", "a{1001}", "(?=a)", "(a)\\1", "[z-a]", "*", "\\Z"]
    )
    func refuses(pattern: String) {
        #expect {
            try Pattern(Array(pattern.utf8))
        } throws: { error in
            if case .refused(let reason) = error as? PatternError { !reason.isEmpty } else { false }
        }
    }

    @Test("a pattern that is not UTF-8 is refused")
    func refusesInvalidUTF8() {
        #expect(throws: PatternError.self) { try Pattern([0x61, 0xFF]) }
    }

    @Test("H2: a pattern that is too long or compiles too large is refused")
    func boundsSize() {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: Pattern.maximumSourceBytes + 1)
        #expect(throws: PatternError.tooLong(maximum: Pattern.maximumSourceBytes)) { try Pattern(long) }
        #expect(throws: PatternError.tooLarge) { try Pattern(Array("\\pL{900}".utf8)) }
        #expect(throws: PatternError.self) { try Pattern(Array("((a{100}){100}){100}".utf8)) }
    }

    @Test("bytes that are not UTF-8 match nothing and harm nothing")
    func invalidText() throws {
        #expect(try !Pattern(Array("^.+$".utf8)).matches([0xFF, 0xFE]))
        #expect(try Pattern(Array("b".utf8)).matches([0xFF, 0x62]))
    }
}
