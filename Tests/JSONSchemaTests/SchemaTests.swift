import JSONSchema
import JSONText
import TestSupport
import Testing

private func value(_ text: String) throws -> JSONValue {
    try JSONDocument(Array(text.utf8)).root
}

private func schema(_ text: String, limits: SchemaLimits = .default) throws -> Schema {
    try Schema(value(text), limits: limits)
}

private func refusal(_ text: String, limits: SchemaLimits = .default) throws -> SchemaError? {
    let source = try value(text)
    do throws(SchemaError) {
        _ = try Schema(source, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite("violations")
struct ViolationTests {
    @Test(
        "the first violation tells path and keyword, never a value",
        arguments: [
            (#"{"type":"object","properties":{"a":{"type":"integer"}}}"#, #"{"a":"x"}"#, "/a", "type"),
            (#"{"properties":{"a":{"items":{"maxLength":2}}}}"#, #"{"a":["ok","long"]}"#, "/a/1", "maxLength"),
            (#"{"additionalProperties":false}"#, #"{"a/b~c":1}"#, "/a~1b~0c", "additionalProperties"),
            (#"{"required":["a","b"]}"#, #"{"a":1,"c":2}"#, "", "required"),
            (
                ##"{"allOf":[{"$ref":"#/$defs/x"}],"$defs":{"x":{"properties":{"n":{"minimum":3}}}}}"##, ##"{"n":2}"##,
                "/n", "minimum"
            ),
            (#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, "1", "", "anyOf"),
            (#"{"oneOf":[{"type":"integer"},{"minimum":5}]}"#, "7", "", "oneOf"),
            (#"{"not":{"type":"null"}}"#, "null", "", "not"),
            (#"{"propertyNames":{"pattern":"^[a-z]+$"}}"#, #"{"aB":1}"#, "/aB", "propertyNames"),
            (#"{"properties":{"a":{"enum":[1,2]}}}"#, #"{"a":3}"#, "/a", "enum"),
            (#"{"items":{"const":{"k":[1]}}}"#, #"[{"k":[1.0]},{"k":[2]}]"#, "/1", "const"),
            (#"{"uniqueItems":true}"#, "[1,2,1.0]", "", "uniqueItems"),
            (#"{"if":{"required":["a"]},"then":{"required":["b"]}}"#, #"{"a":1}"#, "", "required"),
            (
                #"{"unevaluatedProperties":false,"anyOf":[{"properties":{"a":true}}]}"#, #"{"a":1,"b":2}"#, "/b",
                "unevaluatedProperties"
            ),
            (#"{"dependentRequired":{"a":["b"]}}"#, #"{"a":1}"#, "", "dependentRequired"),
            (#"{"contains":{"type":"string"},"minContains":2}"#, #"["a",1]"#, "", "minContains"),
            ("false", "1", "", "false"), (#"{"properties":{"x":false}}"#, #"{"x":1}"#, "/x", "properties"),
        ]
    )
    func paths(source: String, instance: String, path: String, keyword: String) throws {
        let violation = try schema(source).validate(value(instance))
        #expect(violation?.instancePath == path)
        #expect(violation?.keyword == keyword)
    }

    @Test("A6: numbers are judged by their exact decimal value")
    func exactNumbers() throws {
        #expect(try schema(#"{"maximum":9007199254740992}"#).validate(value("9007199254740993")) != nil)
        #expect(try schema(#"{"const":0.1}"#).validate(value("0.1000000000000000055")) != nil)
        #expect(try schema(#"{"multipleOf":0.01}"#).validate(value("19.99")) == nil)
        #expect(try schema(#"{"multipleOf":0.1}"#).validate(value("123456789012345678901234567890.1")) == nil)
        #expect(try schema(#"{"multipleOf":3}"#).validate(value("1e400")) != nil)
        #expect(try schema(#"{"type":"integer"}"#).validate(value("1e400")) == nil)
        #expect(try schema(#"{"type":"integer"}"#).validate(value("1.0")) == nil)
        #expect(try schema(#"{"uniqueItems":true}"#).validate(value("[9007199254740993,9007199254740992]")) == nil)
    }

    @Test("lengths count Unicode scalars, escapes resolved")
    func lengths() throws {
        #expect(try schema(#"{"maxLength":2}"#).validate(value(#""\ud83d\ude00é""#)) == nil)
        #expect(try schema(#"{"minLength":3}"#).validate(value(#""\ud83d\ude00é""#)) != nil)
    }

    @Test("what the gateway's own dialect names mean without any registry")
    func dialects() throws {
        for name in [
            "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#",
            "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft/2019-09/schema#",
        ] {
            #expect(try refusal("{\"$schema\":\"\(name)\",\"type\":\"object\"}") == nil, "\(name)")
        }
        #expect(try refusal(#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#)?.reason == .unknownDialect)
        #expect(try refusal(#"{"$schema":7}"#)?.reason == .invalidKeyword("$schema"))
        // The same words, two meanings.
        let list = #""items":[{"type":"string"}]}"#
        #expect(try refusal(#"{"$schema":"http://json-schema.org/draft-07/schema#","# + list) == nil)
        #expect(try refusal("{" + list)?.reason == .notASchema)
    }
}

@Suite("hostile schemas")
struct HostileSchemaTests {
    @Test(
        "E7: references that lead outside are refused, reached or not, and nothing is fetched",
        arguments: [
            #"{"$ref":"http://127.0.0.1:1/x.json"}"#, #"{"$defs":{"unused":{"$ref":"https://example.com/s"}}}"#,
            ##"{"$ref":"other.json"}"##, ##"{"$ref":"#/$defs/missing"}"##, ##"{"$ref":"#nowhere"}"##,
            ##"{"$ref":"file:///etc/passwd"}"##,
            ##"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"##, ##"{"$dynamicRef":"#nowhere"}"##,
            ##"{"$ref":"#/%"}"##,
            ##"{"properties":{"a":{"items":{"$ref":"#/properties/a/item"}}}}"##,
            ##"{"$ref":"#/$defs/~2","$defs":{"~2":true}}"##,
        ]
    )
    func outside(source: String) throws {
        #expect(try refusal(source)?.reason == .unresolvedReference)
    }

    @Test(
        "E7: references that never reach a value are refused",
        arguments: [
            ##"{"$ref":"#"}"##, ##"{"allOf":[{"$ref":"#"}]}"##,
            ##"{"anyOf":[{"type":"string"},{"not":{"$ref":"#"}}]}"##,
            ##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"if":true,"then":{"$ref":"#/$defs/a"}}}}"##,
            ##"{"$dynamicAnchor":"x","oneOf":[{"$dynamicRef":"#x"}]}"##,
        ]
    )
    func endless(source: String) throws {
        #expect(try refusal(source)?.reason == .endlessReference)
    }

    @Test("E7: a schema that refers to itself one level deeper is as deep as the value")
    func recursion() throws {
        let tree = try schema(##"{"type":"object","additionalProperties":{"$ref":"#"}}"##)
        #expect(try tree.validate(value(#"{"a":{"b":{"c":{}}}}"#)) == nil)
        #expect(try tree.validate(value(#"{"a":{"b":{"c":1}}}"#))?.instancePath == "/a/b/c")
    }

    @Test("E7: a fan-out of allOf ends at the step limit, and the value is refused")
    func fanOut() throws {
        for applicator in ["allOf", "anyOf", "oneOf"] {
            let levels = (0..<40).map {
                "\"l\($0)\":{\"\(applicator)\":[{\"$ref\":\"#/$defs/l\($0 + 1)\"},{\"$ref\":\"#/$defs/l\($0 + 1)\"}]}"
            }
            let leaf = applicator == "allOf" ? "true" : "false"
            let source = "{\"$ref\":\"#/$defs/l0\",\"$defs\":{\(levels.joined(separator: ",")),\"l40\":\(leaf)}}"
            #expect(try schema(source).validate(value("1"))?.keyword == "(limit)", "\(applicator)")
            // Running out is a refusal also where a failure would have been a success.
            let negated =
                "{\"not\":{\"$ref\":\"#/$defs/l0\"},\"$defs\":{\(levels.joined(separator: ",")),\"l40\":\(leaf)}}"
            #expect(try schema(negated).validate(value("1"))?.keyword == "(limit)", "\(applicator)")
        }
    }

    @Test("E7: looking at many members many times counts as work")
    func manyMembers() throws {
        let object = try value("{" + (0..<5_000).map { "\"m\($0)\":0" }.joined(separator: ",") + "}")
        let cheap = [
            #"{"properties":{"a":true}}"#, #"{"required":["a"]}"#, #"{"unevaluatedProperties":true}"#,
            #"{"patternProperties":{"z":true}}"#, #"{"dependentRequired":{"a":["b"]}}"#,
        ]
        for branch in cheap {
            let branches = [String](repeating: branch, count: 2_000).joined(separator: ",")
            let source = try schema(#"{"allOf":["# + branches + "]}", limits: SchemaLimits())
            #expect(source.validate(object) != nil, "\(branch)")
        }
        #expect(try schema(cheap[0]).validate(object) == nil)
    }

    @Test("H4: chains of references longer than the depth limit refuse, and do not overflow the stack")
    func chains() throws {
        let chain = { (length: Int) in
            let links = (0..<length).map { "\"l\($0)\":{\"allOf\":[{\"$ref\":\"#/$defs/l\($0 + 1)\"}]}" }
            return
                "{\"$ref\":\"#/$defs/l0\",\"$defs\":{\(links.joined(separator: ",")),\"l\(length)\":{\"type\":\"null\"}}}"
        }
        #expect(try schema(chain(200)).validate(value("null")) == nil)
        #expect(try schema(chain(200)).validate(value("1"))?.keyword == "type")
        #expect(try schema(chain(3_000)).validate(value("null"))?.keyword == "(limit)")
    }

    @Test("H2: subschemas and patterns are bounded at their limits")
    func limits() throws {
        let many = { (count: Int) in
            "{\"properties\":{" + (0..<count).map { "\"p\($0)\":{\"pattern\":\"^\($0)$\"}" }.joined(separator: ",")
                + "}}"
        }
        var limits = SchemaLimits(maximumSubschemas: 11, maximumPatterns: 10)
        #expect(try refusal(many(10), limits: limits) == nil)
        #expect(try refusal(many(11), limits: limits)?.reason == .tooManySubschemas)
        limits.maximumSubschemas = 100
        #expect(try refusal(many(11), limits: limits)?.reason == .tooManyPatterns)
        limits.maximumReferenceSteps = 9
        let reference =
            ##"{"$ref":"#/$defs/j","$defs":{"a":true,"b":true,"c":true,"d":true,"e":true,"f":true,"g":true,"j":true}}"##
        #expect(try refusal(reference, limits: limits)?.reason == .tooManySubschemas)
        limits.maximumReferenceSteps = 10
        #expect(try refusal(reference, limits: limits) == nil)
    }

    @Test("E7: patterns that need more than linear time are refused")
    func patterns() throws {
        for pattern in [
            #"(a)\\1"#, "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", #"\\k<n>"#, "a{5000}", "(", "[z-a]", #"\\p{Nope}"#,
        ] {
            #expect(try refusal("{\"pattern\":\"\(pattern)\"}")?.reason == .unsupportedPattern, "\(pattern)")
        }
        let nested = try schema(#"{"pattern":"^(a+)+$"}"#)
        #expect(try nested.validate(value("\"\(String(repeating: "a", count: 5_000))!\""))?.keyword == "pattern")
    }

    @Test(
        "keywords with values they cannot have are refused, with the place",
        arguments: [
            (#"{"type":"text"}"#, "/type"), (#"{"type":[]}"#, "/type"), (#"{"type":7}"#, "/type"),
            (#"{"properties":{"a":{"required":true}}}"#, "/properties/a/required"),
            (#"{"minLength":-1}"#, "/minLength"),
            (#"{"maxItems":1.5}"#, "/maxItems"), (#"{"multipleOf":0}"#, "/multipleOf"), (#"{"enum":{}}"#, "/enum"),
            (#"{"allOf":[]}"#, "/allOf"), (#"{"properties":[]}"#, "/properties"), (#"{"maximum":"5"}"#, "/maximum"),
            (#"{"pattern":1}"#, "/pattern"), (#"{"uniqueItems":"yes"}"#, "/uniqueItems"), (#"{"$ref":1}"#, "/$ref"),
            (#"{"dependentRequired":{"a":[1]}}"#, "/dependentRequired/a"),
        ]
    )
    func malformed(source: String, pointer: String) throws {
        let error = try #require(try refusal(source))
        #expect(error.pointer == pointer)
        guard case .invalidKeyword = error.reason else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("names given twice are refused")
    func duplicates() throws {
        for source in [
            #"{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}"#, #"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#,
            #"{"$id":"http://h/x","$defs":{"a":{"$id":"http://h/x"}}}"#,
        ] {
            #expect(try refusal(source)?.reason == .duplicateIdentifier)
        }
    }

    @Test("H3: a large array is checked for twins, and large objects for members, in bounded steps")
    func largeValues() throws {
        let numbers = (0..<20_000).map(String.init).joined(separator: ",")
        #expect(try schema(#"{"uniqueItems":true,"items":{"type":"integer"}}"#).validate(value("[\(numbers)]")) == nil)
        #expect(try schema(#"{"uniqueItems":true}"#).validate(value("[\(numbers),19999.0]"))?.keyword == "uniqueItems")
        let members = (0..<20_000).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
        let object = try value("{\(members)}")
        let source =
            #"{"required":["m19999","m0"],"patternProperties":{"^m":{"minimum":0}},"additionalProperties":false}"#
        #expect(try schema(source).validate(object) == nil)
        #expect(try schema(#"{"required":["m0","n"]}"#).validate(object)?.keyword == "required")
    }
}

@Suite("patterns of ECMA-262")
struct ECMAPatternTests {
    @Test(
        "a pattern matches what ECMA-262 says it matches",
        arguments: [
            (#"^\\d+$"#, #"42"#, true), (#"^\\d$"#, "٣", false), (#"^\\w+$"#, "aé", false),
            (#"^\\s+$"#, #"\u00a0\ufeff\u2028\u000b"#, true),
            (#"^\\S$"#, #"\u00a0"#, false), (#"^[^\\s]$"#, #"\u3000"#, false), (#"^[\\S]$"#, #"\u3000"#, false),
            (#"^.$"#, #"\r"#, false),
            (#"^.$"#, #"\u2028"#, false), (#"^.$"#, "😀", true), (#"^ok$"#, #"ok\n"#, false), (#"^[^]$"#, #"\n"#, true),
            (#"[]"#, "a", false),
            (#"^[[:alpha:]]+$"#, "a]", true), (#"^\\/\\-\\_\\:$"#, "/-_:", true),
            (#"^\\u0041\\x42\\u{43}$"#, "ABC", true),
            (#"^\\ud83d\\ude00$"#, "😀", true), (#"^[\\ud83d\\ude00-😂]$"#, "😁", true), (#"^\\cA$"#, #"\u0001"#, true),
            (#"^[\\b]$"#, #"\b"#, true),
            (#"^\\p{L}+\\P{L}$"#, "éπ1", true), (#"^\\p{Script=Greek}$"#, "π", true),
            (#"^[\\p{Lu}\\d_]+$"#, "É7_", true),
            (#"^[^\\p{Lu}\\d]$"#, "É", false), (#"^\\p{ASCII}$"#, "é", false), (#"^(?<year>\\d{4})$"#, "2026", true),
            (#"^{a}$"#, "{a}", true),
            (#"^a{,2}$"#, "a{,2}", true), (#"^a{2,}$"#, "aaa", true), (#"^a{1,2}?$"#, "aa", true),
            (#"^[\\w-.]+$"#, "a-.", true),
            (#"^[a-]$"#, "-", true), (#"^[\\d-x]$"#, "-", true), (#"\\bfoo\\b"#, "a foo b", true),
            (#"^[\\^\\]\\\\]+$"#, #"^]\\"#, true),
            (#"^(?:a|b)*$"#, "abba", true), (#""#, "anything", true), (#"^[\\x00-\\x1f]$"#, #"\u001f"#, true),
            (#"^\\0$"#, "0", false),
        ]
    )
    func matching(pattern: String, text: String, expected: Bool) throws {
        let violation = try schema("{\"pattern\":\"\(pattern)\"}").validate(value("\"\(text)\""))
        #expect((violation == nil) == expected)
    }

    @Test(
        "what ECMA-262 does not know is refused",
        arguments: [
            #"(?i)a"#, #"\\A"#, #"\\z"#, #"\\Qa\\E"#, #"\\01"#, #"\\8"#, #"\\ud800"#, #"\\p{}"#, #"\\pL"#, #"a\\"#,
            "[a", #"(?P<n>a)"#, #"\\u{110000}"#, #"\\cé"#, #"\\x4"#,
        ]
    )
    func refused(pattern: String) throws {
        #expect(try refusal("{\"pattern\":\"\(pattern)\"}")?.reason == .unsupportedPattern)
    }
}

@Suite("published schemas")
struct PublishedSchemaTests {
    @Test("E7: every schema of the labelled tools compiles", .needsCorpora)
    func labelled() throws {
        var count = 0
        for line in try Corpora.read("tools/labelled.jsonl").split(separator: UInt8(ascii: "\n")) {
            guard let source = try JSONDocument(Array(line)).root["inputSchema"] else {
                continue
            }
            count += 1
            #expect(throws: Never.self) { try Schema(source) }
        }
        #expect(count == 391)
    }
}
