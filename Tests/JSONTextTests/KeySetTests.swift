import Base
import JSONText
import Testing

@Suite("telling keys apart in one pass")
struct KeySetTests {
    static let keys = JSONKeySet(["id", "method", "params", "a key of more than eight bytes", ""])

    @Test(
        "every member comes with the position of its key, in the order of the text",
        arguments: [
            (#"{"params":1,"id":2,"x":3,"":4}"#, [2, 0, nil, 4]), (#"{"i\u0064":1,"ID":2,"id ":3}"#, [0, nil, nil]),
            (
                #"{"a key of more than eight bytes":1,"a key of more than eight bytez":2,"b key of more than eight bytes":3}"#,
                [3, nil, nil]
            ),
            ("{}", []), ("[1]", []), (#""id""#, []), (#"{"методы":1,"method":{"id":1},"é":[]}"#, [nil, 1, nil]),
        ] as [(String, [Int?])]
    )
    func positions(text: String, expected: [Int?]) throws {
        let document = try JSONDocument(Array(text.utf8))
        var found: [Int?] = []
        var values: [Range<Int>] = []
        document.root.forEachMember(of: Self.keys) { position, member in
            found.append(position)
            values.append(member.value.range)
        }
        #expect(found == expected)
        #expect(values == document.root.members.map(\.value.range))
    }

    @Test("the writer says the same through every way in")
    func writer() {
        let texts = ["", "plain", "a\"b", "\\", "\u{1}", "é\n", "ends with \"", "\tbegins"]
        for text in texts {
            let bytes = Array(text.utf8)
            var writers = [JSONWriter](repeating: JSONWriter(), count: 4)
            writers[0].string(text)
            writers[1].string(bytes)
            writers[2].string(([0x22] + bytes)[1...])
            writers[3].string(bytes.lazy.map { $0 })
            #expect(Set(writers.map(\.output)).count == 1, "\(text)")
        }
        var one = JSONWriter()
        one.beginObject()
        one.key("k\"")
        one.raw(Array("[1]".utf8))
        one.key(Array("x".utf8)[...])
        one.raw(Array("{}".utf8)[...])
        one.key("s")
        one.string("t\n" as StaticString)
        one.endObject()
        #expect(String(decoding: one.output, as: UTF8.self) == #"{"k\"":[1],"x":{},"s":"t\n"}"#)
    }
}
