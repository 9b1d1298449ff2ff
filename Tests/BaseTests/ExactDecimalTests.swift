import Base
import TestSupport
import Testing

private func read(_ text: String) -> ExactDecimal? {
    ExactDecimal(lexeme: Array(text.utf8).span)
}

private func decimal(_ text: String) throws -> ExactDecimal {
    try #require(read(text), "`\(text)` is a number")
}

@Suite("exact decimals")
struct ExactDecimalTests {
    @Test("the grammar is JSON's", arguments: ["0", "-0", "10", "1.5", "1e5", "1E+5", "1e-05", "0.0", "-1.25E2"])
    func accepted(text: String) {
        #expect(read(text) != nil)
    }

    @Test(
        "what JSON does not call a number is refused",
        arguments: [
            "", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "1e5.0", "0x1", "NaN", "Infinity", " 1",
            "1 ",
            "1,0", "--1", "1.2.3", "1e5e5", "٣",
        ]
    )
    func refused(text: String) {
        #expect(read(text) == nil)
    }

    @Test("A6: numbers agree with Python's decimal module in order, sum, multiples, ambiguity and text")
    func golden() throws {
        let path = "\(Corpora.repository)/Tests/Conformance/decimals.tsv"
        let table = try #require(Corpora.bytes(ofFile: path))
        var count = 0
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: "\t")).map { String(decoding: $0, as: UTF8.self) }
            try #require(fields.count == 7)
            let (left, right) = (try decimal(fields[0]), try decimal(fields[1]))
            let comparison = left < right ? -1 : (left == right ? 0 : 1)
            let canonical = try decimal(fields[6])
            let isRight =
                String(comparison) == fields[2] && (right < left) == (comparison > 0)
                && (left + right).description == fields[3] && (right + left).description == fields[3]
                && left.isMultiple(of: right) == (fields[4] == "1") && left.isAmbiguous == (fields[5] == "1")
                && left.description == fields[6] && (comparison != 0 || left.hashValue == right.hashValue)
                && left - left == .zero && (left + right) - right == left && canonical == left
            if !isRight {
                Issue.record("\(line.map { String(UnicodeScalar($0)) }.joined()): \(comparison) \(left + right)")
            }
            count += 1
        }
        #expect(count >= 5_000)
    }

    @Test(
        "A6: an ambiguous number is told from one that every reader understands alike",
        arguments: [
            ("19.99", false), ("0.1", false), ("1e2", false), ("-0", false), ("0e99999999999999999999", false),
            ("0.1000000000000000055", true), ("1e400", true), ("1e-400", true), ("9007199254740991", false),
            ("9007199254740992", true), ("-9007199254740991.0", false), ("-9007199254740993", true), ("1e16", true),
            ("5e-324", false), ("0.30000000000000004", false), ("9007199254740990.5", true), ("1e15", false),
        ]
    )
    func ambiguity(text: String, expected: Bool) throws {
        #expect(try decimal(text).isAmbiguous == expected)
    }

    @Test("whole numbers are known in any spelling")
    func integers() throws {
        #expect(try decimal("1e3").int == 1_000)
        #expect(try decimal("12.00").int == 12)
        #expect(try decimal("1.5").int == nil)
        #expect(try decimal("9223372036854775807").int == Int.max)
        #expect(try decimal("-9223372036854775808").int == Int.min)
        #expect(try decimal("9223372036854775808").int == nil)
        #expect(try decimal("1e19").int == nil)
        #expect(try decimal("1e3").isInteger && !decimal("1e-1").isInteger && decimal("-0.0").isInteger)
        #expect(ExactDecimal(Int.min).int == Int.min)
        #expect(ExactDecimal(-120).description == "-120")
    }

    @Test("H4: exponents of a thousand digits neither trap nor allocate what they say")
    func hugeExponents() throws {
        let nines = String(repeating: "9", count: 990)
        let huge = try decimal("1e\(nines)")
        let tiny = try decimal("1e-\(nines)")
        #expect(huge.isSaturated && tiny.isSaturated)
        #expect(huge > tiny && tiny > .zero && -huge < -tiny && huge > ExactDecimal(Int.max))
        #expect(huge.isAmbiguous && tiny.isAmbiguous)
        #expect(!huge.isMultiple(of: ExactDecimal(1)) && !ExactDecimal(1).isMultiple(of: tiny))
        #expect(try decimal("0e\(nines)") == .zero)
        #expect(huge + tiny > huge)
        #expect(huge - huge == .zero)
        #expect(try decimal("1e1000000000000").isMultiple(of: ExactDecimal(1_024)))
        #expect(try !decimal("1e1000000000000").isMultiple(of: ExactDecimal(3)))
        #expect(try decimal("1e1000000000000").isMultiple(of: decimal("1" + String(repeating: "0", count: 99) + "e5")))
    }

    @Test("a sum that spans too many digits errs upwards")
    func roundedSums() throws {
        let (large, small) = (try decimal("1e5000"), try decimal("1e-5000"))
        #expect(large + small > large)
        #expect(large - small == large)
        #expect(-large + small > -large)
        #expect(try large + small < decimal("1e5000") + decimal("1e1001"))
    }

    @Test("multiples by divisors of many digits are exact")
    func wideMultiples() throws {
        let divisor = String(repeating: "123456789", count: 8)
        #expect(try decimal(divisor + "e-3").isMultiple(of: decimal(divisor + "e-7")))
        #expect(try !decimal(divisor + "1e-3").isMultiple(of: decimal(divisor + "e-7")))
        #expect(try !decimal(divisor + "e-8").isMultiple(of: decimal(divisor + "e-7")))
    }
}
