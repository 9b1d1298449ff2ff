import Base
import JSONText
import MCPModel
import Testing

@Suite("near-miss keys")
struct NearMissTests {
    /// Spellings of a key that some reader would take for it: other cases, letters that fold to ASCII, ignorables.
    static func twins(of key: String) -> [String] {
        var twins: Set<String> = [
            key.uppercased(), key.prefix(1).uppercased() + key.dropFirst(), key + "\u{200B}", "\u{FEFF}" + key,
        ]
        let foldings: [Character: [String]] = [
            "s": ["ſ", "ｓ"], "k": ["\u{212A}"], "a": ["ａ", "ª"], "i": ["ｉ", "ⅰ"], "e": ["ｅ"],
        ]
        for (position, character) in zip(key.indices, key) {
            for folding in foldings[character] ?? [] {
                twins.insert(key.replacingCharacter(at: position, with: folding))
            }
            twins.insert(key.replacingCharacter(at: position, with: character.uppercased()))
        }
        twins.remove(key)
        return twins.sorted()
    }

    @Test(
        "A2: a key of the message that folds to a reserved one is refused, beside it or in its place",
        arguments: [
            "jsonrpc", "id", "method", "params", "result", "error",
        ]
    )
    func envelope(key: String) {
        for twin in Self.twins(of: key) {
            let beside = #"{"jsonrpc":"2.0","id":1,"method":"ping","\#(twin)":1}"#
            #expect(Fixture.failure(beside)?.code == -32600, "\(twin)")
            let inPlace = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#
                .replacing("\"\(key)\"", with: "\"\(twin)\"")
            #expect(key == "result" || key == "error" || Fixture.failure(inPlace) != nil, "\(twin)")
        }
    }

    @Test(
        "A2: a key of params that folds to a reserved one is refused",
        arguments: [
            "name", "arguments", "uri", "cursor", "_meta", "task", "requestState", "inputResponses", "level", "ref",
        ]
    )
    func params(key: String) {
        for twin in Self.twins(of: key) where twin != "\(key)" {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","\#(twin)":"x"}}"#
            let failure = Fixture.failure(body)
            #expect(failure?.code == -32600, "\(twin)")
            #expect(failure?.id == RequestID(1))
        }
    }

    @Test(
        "A2: a key of _meta that folds to a reserved one is refused",
        arguments: [
            "progressToken", "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities",
            "dev.toolgate/decision", "traceparent",
        ]
    )
    func meta(key: String) {
        for twin in Self.twins(of: key) {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","_meta":{"\#(twin)":1}}}"#
            #expect(Fixture.failure(body)?.code == -32600, "\(twin)")
        }
    }

    @Test(
        "A2: a key of a completion's ref that folds to a reserved one is refused",
        arguments: ["type", "name", "uri"]
    )
    func reference(key: String) {
        for twin in Self.twins(of: key) {
            let body = """
                {"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p",\
                "\(twin)":"x"},"argument":{"name":"a","value":"b"}}}
                """
            #expect(Fixture.failure(body)?.code == -32600, "\(twin)")
        }
    }

    @Test(
        "A2: escapes do not hide a key, and honest strangers pass",
        arguments: [
            (#"{"n\u0061me":"t"}"#, nil), (#"{"name":"t","N\u0061me":"x"}"#, -32600),
            (#"{"name":"t","names":"x"}"#, nil),
            (#"{"name":"t","x-name":1,"_Name":1}"#, nil), (#"{"name":"t","arguments":{"Name":1,"NAME":2}}"#, nil),
            (#"{"name":"t","имя":1}"#, nil),
        ] as [(String, Int?)]
    )
    func others(params: String, code: Int?) {
        #expect(Fixture.failure(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":\#(params)}"#)?.code == code)
    }
}

extension String {
    func replacingCharacter(at index: Index, with other: String) -> String {
        self[..<index] + other + self[self.index(after: index)...]
    }
}
