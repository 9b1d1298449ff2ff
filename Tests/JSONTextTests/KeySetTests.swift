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
        #expect(document.root.members.map { Self.keys.position(of: $0.key) } == expected)
        let table = JSONMemberTable(document.root, keys: Self.keys)
        let others = table.otherCount
        #expect(others == expected.count { $0 == nil })
        for position in 0..<5 {
            let place = expected.firstIndex(of: position)
            let value = place.map { Array(document.root.members)[$0].value }
            let range = table[position]?.range
            #expect(range == value?.range)
            // The macro would copy the table.
            let (isThere, kind) = (table.contains(position), table.kind(position))
            #expect(isThere == (value != nil))
            #expect(kind == value?.kind)
        }
    }

    @Test("an object that is not there has no members")
    func absent() throws {
        let document = try JSONDocument(Array(#"{"id":1}"#.utf8))
        let table = JSONMemberTable(nil, of: document, keys: Self.keys)
        let (isThere, others) = (table.contains(0), table.otherCount)
        #expect(!isThere)
        #expect(others == 0)
    }

    @Test("members go on but those of a set, keys and values as they were written")
    func members() throws {
        let text = #"{ "x" : [1, 2],"id":1,"m\u0065thod":2,"é\"\u0041":"\u0041" ,"y":{} }"#
        let document = try JSONDocument(Array(text.utf8))
        var writer = JSONWriter()
        writer.beginObject()
        writer.members(of: document.root, except: Self.keys)
        writer.members(of: document.root["x"] ?? document.root, except: Self.keys)
        writer.endObject()
        #expect(String(decoding: writer.output, as: UTF8.self) == #"{"x":[1, 2],"é\"A":"\u0041","y":{}}"#)
    }

    @Test("pieces get the commas that are due around them")
    func pieces() {
        var writer = JSONWriter()
        writer.piece(#"{"a":"#)
        writer.number(1)
        writer.piece(#""b":{"c":["#)
        writer.piece("2")
        writer.piece(Array(#"3"#.utf8))
        writer.piece("]}")
        writer.key("d")
        writer.null()
        writer.piece("")
        writer.piece("}")
        #expect(String(decoding: writer.output, as: UTF8.self) == #"{"a":1,"b":{"c":[2,3]},"d":null}"#)
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
