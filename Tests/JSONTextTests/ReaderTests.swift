import Base
import JSONText
import Testing

@Suite("reading")
struct ReaderTests {
    @Test("A1: a duplicate key is refused, plain, escaped, empty and at any level")
    func duplicates() {
        #expect(refusal(#"{"name":"safe","name":"evil"}"#) == JSONError(offset: 15, reason: .duplicateKey))
        #expect(refusal(#"{"name":"safe","n\u0061me":"evil"}"#)?.reason == .duplicateKey)
        #expect(refusal(#"{"":1,"":1}"#)?.reason == .duplicateKey)
        #expect(refusal(#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#)?.reason == .duplicateKey)
        #expect(refusal(#"{"😀":1,"\ud83d\ude00":2}"#)?.reason == .duplicateKey)
        #expect(refusal(#"{"a\/b":1,"a/b":2}"#)?.reason == .duplicateKey)
        // Not the same key: another object, another case, another normalisation.
        #expect(refusal(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#) == nil)
        #expect(refusal("{\"a\":1,\"A\":2,\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
    }

    @Test("A1: a duplicate is found at every position of objects of every size up to 40")
    func duplicatePositions() {
        for count in 2...40 {
            let members = (0..<count).map { "\"key\($0)\":\($0)" }
            #expect(refusal("{\(members.joined(separator: ","))}") == nil)
            for position in 0..<count - 1 {
                var twin = members
                twin[count - 1] = #""\u006bey\#(position)":{"x":[]}"#
                #expect(refusal("{\(twin.joined(separator: ","))}")?.reason == .duplicateKey)
            }
        }
    }

    @Test(
        "A5: bytes that are not strict UTF-8 are refused",
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xFF], [0xFE], [0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC3, 0x28], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]]
    )
    func invalidUTF8(sequence: [UInt8]) {
        for text in [[0x22] + sequence + [0x22], [0x22, 0x61] + sequence + [0x62, 0x22], [0x22] + sequence] {
            #expect(refusal(text)?.reason == .invalidUTF8)
            let isValid = UTF8Check.isValid(text.span)
            #expect(!isValid)
        }
        #expect(refusal([0x7B, 0x22] + sequence + [0x22, 0x3A, 0x31, 0x7D])?.reason == .invalidUTF8)
    }

    @Test("A5: every scalar is read as itself, raw and escaped")
    func allScalars() throws {
        for code in stride(from: UInt32(1), through: 0x10FFFF, by: 61) {
            guard let scalar = Unicode.Scalar(code), code >= 0x20, code != 0x22, code != 0x5C else {
                continue
            }
            let text = String(scalar)
            let units = text.utf16.map { "\\u" + String(String(UInt32($0) + 0x10000, radix: 16).dropFirst()) }.joined()
            let raw = try #require(value("\"\(text)\"").string)
            let escaped = try #require(value("\"\(units)\"").string)
            let isEqual = raw.bytes == Array(text.utf8) && escaped.bytes == raw.bytes && raw.scalarCount == 1
            #expect(isEqual && escaped.scalarCount == 1 && escaped.isEqual(to: raw), "U+\(String(code, radix: 16))")
        }
    }

    @Test("A5: lone surrogates and U+0000 are refused in keys and values")
    func surrogates() {
        let cases: [(String, JSONErrorReason)] = [
            (#"\ud800"#, .loneSurrogate), (#"\udc00"#, .loneSurrogate), (#"\ud800\ud800"#, .loneSurrogate),
            (#"\ud800x"#, .loneSurrogate), (#"\ud800\n"#, .loneSurrogate), (#"\udc00\ud800"#, .loneSurrogate),
            (#"\u0000"#, .nullCharacter), (#"a\u0000"#, .nullCharacter), ("\0", .controlCharacter),
            ("\u{1F}", .controlCharacter), ("\n", .controlCharacter), ("\t", .controlCharacter),
            (#"\x"#, .invalidEscape),
            (#"\u12G4"#, .invalidEscape), (#"\U0041"#, .invalidEscape),
        ]
        for (text, reason) in cases {
            #expect(refusal("\"\(text)\"")?.reason == reason, "\(text)")
            #expect(refusal("{\"\(text)\":1}")?.reason == reason, "\(text)")
        }
        #expect(refusal("\"\u{7F}\u{80}\u{2028}\u{FEFF}\u{FFFE}\"") == nil)
    }

    @Test("A5: UTF-16, UTF-32 and byte order marks are refused")
    func encodings() {
        let plain = Array("{\"a\":1}".utf8)
        #expect(refusal([0xEF, 0xBB, 0xBF] + plain)?.reason == .byteOrderMark)
        #expect(refusal([0xFF, 0xFE] + plain.flatMap { [$0, 0] })?.reason == .byteOrderMark)
        #expect(refusal([0xFE, 0xFF] + plain.flatMap { [0, $0] })?.reason == .byteOrderMark)
        #expect(refusal(plain.flatMap { [$0, 0] })?.reason == .unexpectedByte)
        #expect(refusal(plain.flatMap { [0, $0] })?.reason == .unexpectedByte)
        #expect(refusal(plain.flatMap { [0, 0, 0, $0] })?.reason == .unexpectedByte)
        #expect(refusal(plain + [0xEF, 0xBB, 0xBF])?.reason == .trailingContent)
    }

    @Test("A12: every proper prefix of a document is refused, and so is anything after it but white space")
    func prefixes() {
        let text = Array(#" {"a\u00e9":[1,-2.5e+10,true,false,null,{"b":"cé😀\n"}],"d":{}} "#.utf8)
        #expect(refusal(text) == nil)
        for length in 0..<text.count - 1 {
            #expect(refusal(Array(text[..<length])) != nil, "\(length)")
        }
        for byte in UInt8.min...UInt8.max {
            let isSpace = [0x20, 0x09, 0x0A, 0x0D].contains(byte)
            #expect((refusal(text + [byte]) == nil) == isSpace, "\(byte)")
        }
        #expect(refusal("{}{}")?.reason == .trailingContent)
        #expect(refusal("1 2")?.reason == .trailingContent)
        #expect(refusal("")?.reason == .unexpectedEnd)
        #expect(refusal(" \n")?.reason == .unexpectedEnd)
    }

    @Test("H4: no change of one byte of a document makes the reader trap")
    func mutations() {
        let text = Array(#"{"a\u00e9":[1,-2.5e+10,true,null,{"b":"cé😀\ud83d\ude00"}],"a":{}}"#.utf8)
        var accepted = 0
        for index in text.indices {
            for byte in stride(from: UInt8(0), through: 255, by: index % 2 == 0 ? 3 : 5) {
                var mutant = text
                mutant[index] = byte
                accepted += refusal(mutant) == nil ? 1 : 0
            }
        }
        #expect(accepted > text.count)
    }

    @Test("line and column of an error are for people")
    func positions() {
        let text = Array("{\r\n  \"é\": tru\n}".utf8)
        #expect(refusal(text)?.position(in: text) == JSONPosition(ofOffset: 14, in: text))
        let position = JSONPosition(ofOffset: 14, in: text)
        #expect(position.line == 2 && position.column == 11)
    }
}

@Suite("limits of reading")
struct LimitTests {
    @Test("H2: bytes, depth, values, strings and digits are refused at one above the limit, not at it")
    func limits() {
        func check(_ text: String, _ reason: JSONErrorReason, _ set: (inout JSONLimits, Int) -> Void, at limit: Int) {
            var limits = JSONLimits.default
            set(&limits, limit)
            #expect(refusal(text, limits: limits) == nil, "\(text)")
            set(&limits, limit - 1)
            #expect(refusal(text, limits: limits)?.reason == reason, "\(text)")
            set(&limits, 0)
            #expect(refusal(text, limits: limits) != nil, "\(text)")
        }
        check(#"{"a": 1}"#, .tooManyBytes, { $0.maximumBytes = $1 }, at: 8)
        check("[[[1]]]", .tooDeep, { $0.maximumDepth = $1 }, at: 3)
        check(#"[{"a":[1]}]"#, .tooDeep, { $0.maximumDepth = $1 }, at: 3)
        check(#"{"a":[1,2],"b":null}"#, .tooManyNodes, { $0.maximumNodes = $1 }, at: 7)
        check(#"["abc"]"#, .stringTooLong, { $0.maximumStringBytes = $1 }, at: 3)
        check(#"{"abcd":1}"#, .stringTooLong, { $0.maximumStringBytes = $1 }, at: 4)
        check("[-12.5e+07]", .numberTooLong, { $0.maximumNumberDigits = $1 }, at: 5)
    }

    @Test("H2: a number has at most 1,000 digits, those of its exponent included")
    func digits() {
        let nines = { String(repeating: "9", count: $0) }
        #expect(refusal(nines(1_000)) == nil)
        #expect(refusal(nines(1_001))?.reason == .numberTooLong)
        #expect(refusal("-1.\(nines(500))e-\(nines(499))") == nil)
        #expect(refusal("-1.\(nines(500))e-\(nines(500))")?.reason == .numberTooLong)
    }

    @Test("H2: the default depth gives arguments their 64 levels inside a request")
    func depth() throws {
        let nested = { (levels: Int) in
            #"{"params":{"arguments":"# + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
                + "}}"
        }
        #expect(refusal(nested(64)) == nil)
        #expect(refusal(nested(65))?.reason == .tooDeep)
        #expect(try value(nested(64))["params"]?["arguments"]?.depth == 64)
        #expect(try value(#"{"a":[1,{"b":[]}],"c":2}"#).depth == 4)
        #expect(try value("1").depth == 0)
    }

    @Test("H4: a hundred thousand open brackets are refused without recursion")
    func bomb() {
        #expect(refusal([UInt8](repeating: UInt8(ascii: "["), count: 100_000))?.reason == .tooDeep)
        var deep = JSONLimits.default
        deep.maximumDepth = 1_000_000
        #expect(refusal([UInt8](repeating: UInt8(ascii: "["), count: 100_000), limits: deep)?.reason == .tooDeep)
        let text = String(repeating: "{\"a\":", count: 1_000) + "1" + String(repeating: "}", count: 1_000)
        #expect(refusal(text, limits: deep) == nil)
    }

    @Test("H4: a thousand levels are compared, written canonically and measured without overflowing the stack")
    func deepRecursion() throws {
        let limits = JSONLimits(maximumDepth: 1_000)
        for (opening, closing) in [("[", "]"), ("{\"k\":", "}")] {
            let text = String(repeating: opening, count: 1_000) + "1" + String(repeating: closing, count: 1_000)
            if opening == "[" {
                #expect(refusal(text) == JSONError(offset: 66, reason: .tooDeep))
            }
            let (left, right) = (
                try JSONDocument(Array(text.utf8), limits: limits).root,
                try JSONDocument(Array(text.utf8), limits: limits).root
            )
            #expect(left.isEqual(to: right))
            #expect(JSONCanonical.exact(left) == Array(text.utf8))
            #expect(left.depth == 1_000)
        }
    }

    @Test("H3: a megabyte of keys, of combining marks or of escapes costs linear work")
    func linear() throws {
        let keys = (0..<60_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(refusal("{\(keys)}") == nil)
        #expect(refusal("{\(keys),\"k59999\":1}")?.reason == .duplicateKey)
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 200_000)
        #expect(refusal("{\"\(marks)\":\"\(marks)\"}") == nil)
        let escapes = String(repeating: #"\u0301"#, count: 150_000)
        let document = try value("{\"\(escapes)\":1,\"\(escapes)x\":[\"\(escapes)\"]}")
        #expect(document.count == 2)
        #expect(document.isEqual(to: document))
    }
}
