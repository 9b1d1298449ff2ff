import TestSupport
import Testing

@testable import UnicodeText

@Suite struct CaseFoldingTests {
    @Test(
        "A2: look-alike spellings fold to the plain word",
        arguments: [
            ("METHOD", "method"),
            ("param\u{17F}", "params"),
            ("\u{212A}ey", "key"),
            ("na\u{200B}me", "name"),
            ("na\u{AD}me", "name"),
            ("ｎａｍｅ", "name"),
            ("name\u{FE0F}", "name"),
            ("Straße", "strasse"),
            ("ﬁle", "file"),
            ("cafe\u{301}", "caf\u{E9}"),
            ("CAF\u{C9}", "caf\u{E9}"),
            ("\u{FDFA}", "صلى الله عليه وسلم"),
            ("Σ", "σ"),
            ("ς", "σ"),
            ("\u{E0041}", ""),
            ("", ""),
            ("a_B-9\u{0}Z", "a_b-9\u{0}z"),
        ]
    )
    func folds(text: String, expected: String) {
        #expect(CaseFolding.folded(Array(text.utf8)) == Array(expected.utf8))
        #expect(CaseFolding.areEqual(Array(text.utf8), Array(expected.utf8)))
    }

    @Test("what differs stays different")
    func keepsDifferences() {
        #expect(!CaseFolding.areEqual(Array("name".utf8), Array("namé".utf8)))
        #expect(!CaseFolding.areEqual(Array("ı".utf8), Array("i".utf8)))
        #expect(!CaseFolding.areEqual(Array("а".utf8), Array("a".utf8)))
    }

    @Test("folding twice changes nothing more")
    func isIdempotent() {
        for scalar in (0x80...0xFFFF).compactMap(Unicode.Scalar.init) {
            let once = CaseFolding.folded(Array(String(scalar).utf8))
            #expect(CaseFolding.folded(once) == once, "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("invalid UTF-8 comes back as it was")
    func keepsInvalid() {
        #expect(CaseFolding.folded([0x41, 0xFF]) == [0x41, 0xFF])
        #expect(CaseFolding.folded([0xED, 0xA0, 0x80]) == [0xED, 0xA0, 0x80])
    }

    @Test("H3: folding alternating combining marks takes no quadratic time")
    func isLinear() {
        let growth = ProcessorTime.growth(from: 2_000, by: 16) { count in
            let text = Array(("a" + String(repeating: "\u{301}\u{316}", count: count)).utf8)
            _ = CaseFolding.folded(text)
        }
        // 16 is linear, 256 quadratic.
        #expect(growth < 64)
    }

    @Test("ordering marks before ICU sees them changes no result")
    func bothWaysAgree() {
        let palette: [Unicode.Scalar] = [
            "a", "E", "\u{301}", "\u{316}", "\u{327}", "\u{344}", "\u{345}", "\u{F73}", "\u{F81}", "\u{FF9E}", "カ",
            "\u{200B}", "\u{34F}", "\u{1100}", "\u{1161}", "\u{11A8}", "\u{AC00}", "ŕ", "ﬁ", "\u{1D15E}", "\u{FDFA}",
        ]
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...12) {
                text.unicodeScalars.append(palette[Int.random(in: 0..<palette.count)])
            }
            let bytes = Array(text.utf8)
            let described = text.unicodeScalars.map { String($0.value, radix: 16) }
            #expect(CaseFolding.folded(bytes, longestRun: 0) == CaseFolding.folded(bytes), "\(described)")
        }
    }
}
