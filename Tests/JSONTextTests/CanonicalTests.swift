import Base
import JSONText
import Testing

private func rfc8785(_ text: String) throws -> String {
    String(decoding: try JSONCanonical.rfc8785(value(text)), as: UTF8.self)
}

private func exact(_ text: String) throws -> String {
    String(decoding: JSONCanonical.exact(try value(text)), as: UTF8.self)
}

@Suite("canonical forms")
struct CanonicalTests {
    @Test("RFC 8785, sections 3.2.2 and 3.2.4: the document of the RFC comes out as printed there")
    func sample() throws {
        let source = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        #expect(
            try rfc8785(source)
                == #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
                + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        )
    }

    @Test("RFC 8785, section 3.2.3: keys are in the order of their UTF-16 code units")
    func sorting() throws {
        let source = #"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7,"":8,"1\u0001":9}"#
        let order = try JSONDocument(JSONCanonical.rfc8785(value(source))).root.members.map { $0.value.number?.int }
        #expect(order == [8, 2, 4, 9, 6, 7, 1, 5, 3])
        let deep = try exact("{\"x\u{E000}\":0,\"x😀\":{\"\u{FFFD}\":0,\"\u{10FFFF}\":0}}")
        #expect(deep == "{\"x😀\":{\"\u{10FFFF}\":0,\"\u{FFFD}\":0},\"x\u{E000}\":0}")
    }

    @Test(
        "RFC 8785, appendix B: doubles are printed as ECMAScript prints them",
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
            (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xC340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"), (0x44B5_2D02_C7E1_4AF6, "1e+23"),
            (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"), (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
            (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"), (0x444B_1AE4_D6E2_EF50, "1e+21"),
            (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"), (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
            (0x41B3_DE43_5555_5553, "333333333.3333332"), (0x41B3_DE43_5555_5554, "333333333.33333325"),
            (0x41B3_DE43_5555_5555, "333333333.3333333"), (0x41B3_DE43_5555_5556, "333333333.3333334"),
            (0x41B3_DE43_5555_5557, "333333333.33333343"), (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
            (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
        ] as [(UInt64, String)]
    )
    func numbers(bits: UInt64, expected: String) throws {
        #expect(try rfc8785(Double(bitPattern: bits).description) == expected)
        #expect(try rfc8785("[\(expected)]") == "[\(expected)]")
    }

    @Test("A6: the exact form keeps digits that a double would lose, and one spelling a value")
    func exactNumbers() throws {
        let cases = [
            ("9007199254740993", "9007199254740993"), ("0.1000000000000000055", "0.1000000000000000055"),
            ("1e400", "1e+400"), ("1E2", "100"), ("100.00", "100"), ("-0.0", "0"), ("1e21", "1e+21"),
            ("12e-8", "1.2e-7"),
            ("1e20", "100000000000000000000"), ("123456789012345678901234567890", "1.2345678901234567890123456789e+29"),
        ]
        for (source, expected) in cases {
            #expect(try exact(source) == expected)
        }
        #expect(throws: JSONCanonicalError.numberOutOfRange(offset: 1)) { try rfc8785("[1e400]") }
        let huge = "1e" + String(repeating: "9", count: 100)
        #expect(try exact(huge) == huge)
    }

    @Test("both forms agree on everything whose numbers are not ambiguous")
    func agreement() throws {
        for text in [
            "{\"b\":[1.50,-0,1e-7],\"a\":\"\\u00e9\\/\"}", "[0.000001,1e21,123456.789,\"\\u007f\\ud83d\\ude00\"]",
        ] {
            #expect(try exact(text) == rfc8785(text))
        }
    }

    @Test("A15: key order, escapes and spelling do not change the form, any value does")
    func binding() throws {
        let form = try exact(#"{"a":1,"b":{"c":"é","d":[1.5]}}"#)
        #expect(try exact(#"{ "b": {"d":[15e-1], "c":"\u00E9"}, "\u0061": 1.0 }"#) == form)
        #expect(try exact(#"{"a":1,"b":{"c":"e","d":[1.5]}}"#) != form)
        #expect(try exact(#"{"a":"1","b":{"c":"é","d":[1.5]}}"#) != form)
        #expect(try exact(#"{"a":1,"b":{"c":"é","d":1.5}}"#) != form)
    }
}
