import Base
import Settings
import Testing
import YAMLText

@Suite struct PolicySettingsTests {
    private func result(_ document: String) -> SettingsResult {
        read(
            """
            version: 1
            servers: [{name: s, upstream: {url: "https://a.example"}}]
            policies:
              - name: p
                server: s
                document: \(document)
            """
        )
    }

    private func json(_ document: String) -> String? {
        result(document).configuration.map { String(decoding: $0.policies[0].document, as: UTF8.self) }
    }

    @Test(
        "an inline document means what JSON's spellings say, and text otherwise",
        arguments: [
            ("{a: null, b: true, c: false}", #"{"a":null,"b":true,"c":false}"#),
            (
                "{a: 1, b: -0.50, c: 1e3, d: 19.99, e: 123456789012345678901234567890}",
                #"{"a":1,"b":-0.50,"c":1e3,"d":19.99,"e":123456789012345678901234567890}"#
            ),
            (#"{a: "1", b: 'true', c: "null", d: ""}"#, #"{"a":"1","b":"true","c":"null","d":""}"#),
            (
                "{a: no, b: NO, c: yes, d: on, e: 2026-11-21, f: 1:30, g: 90s, h: 1.2.3, i: e1, j: -, k: 1_000}",
                #"{"a":"no","b":"NO","c":"yes","d":"on","e":"2026-11-21","f":"1:30","g":"90s","h":"1.2.3","i":"e1","j":"-","k":"1_000"}"#
            ),
            ("{1: [a, [], {}], true: x}", #"{"1":["a",[],{}],"true":"x"}"#),
            (#"{a: "x\"\\\n\u00e9"}"#, #"{"a":"x\"\\\né"}"#),
        ]
    )
    func means(document: String, expected: String) {
        #expect(json(document) == expected)
    }

    @Test(
        "B9: a scalar that YAML would read as something else is refused",
        arguments: [
            "~", "Null", "NULL", "True", "TRUE", "False", "0x1F", "0o17", "+1", "01", "-01", ".5", "1.", "1.e3", ".inf",
            "-.INF", ".nan", "+.5",
        ]
    )
    func refusesAmbiguous(scalar: String) {
        let result = result("{a: [\(scalar)]}")
        #expect(places(result) == ["6:20 bad-value"])
        #expect(json("{a: ['\(scalar)']}") == #"{"a":[""# + scalar + #""]}"#)
    }

    @Test("B9: an empty value is refused, and so are duplicate keys")
    func refusesEmpty() {
        #expect(result("{a: }").problems.map(\.code) == [.badValue])
        #expect(result("{a: 1, a: 2}").problems.map(\.code) == [.syntax])
    }

    @Test("a document that is no mapping and no readable JSON file is refused")
    func refusesDocuments() {
        #expect(result("[a]").problems.map(\.code) == [.wrongType])
        #expect(result("missing.json").problems.map(\.code) == [.unreadable])
        #expect(result("p.yaml").problems.map(\.code) == [.badValue])
        #expect(result("\"\"").problems.map(\.code) == [.badValue])
        #expect(json("p.json") == #"{"version":"1","default":"deny"}"#)
    }

    @Test(
        "a finding in an inline document is shown where it stands in the configuration",
        arguments: [
            ("", 6, 15), ("/tools", 6, 30), ("/tools/x~1y/limits", 6, 46), ("/tools/x~1y/limits/0/max", 6, 56),
            ("/tools/nope/limits", 6, 30), ("/version", 6, 16),
        ]
    )
    func positions(pointer: String, line: Int, column: Int) throws {
        let configuration = try #require(
            result(#"{version: "1", tools: {"x/y": {limits: [{max: 1}]}}}"#).configuration
        )
        #expect(configuration.policies[0].position(ofPointer: pointer) == YAMLPosition(line: line, column: column))
        let file = try #require(result("p.json").configuration)
        #expect(file.policies[0].position(ofPointer: pointer) == nil)
    }
}
