import Base
import JSONText
import Testing

@Suite("values")
struct ValueTests {
    @Test("every kind answers for itself and nothing else")
    func kinds() throws {
        let root = try value(#" {"n":null,"t":true,"f":false,"i":12,"s":"x\ny","a":[1,[2],3],"o":{"k":{}}} "#)
        #expect(root.kind == .object && root.count == 7)
        #expect(root["n"]?.isNull == true && root["n"]?.count == 0)
        #expect(root["t"]?.boolean == true && root["f"]?.boolean == false && root["n"]?.boolean == nil)
        #expect(root["i"]?.number?.int == 12 && root["i"]?.string == nil && root["s"]?.number == nil)
        #expect(root["s"]?.string?.isEqual(to: "x\ny") == true && root["s"]?.string?.text == "x\ny")
        #expect(root["a"]?.element(at: 2)?.number?.int == 3)
        #expect(root["a"]?.element(at: 3) == nil && root["a"]?.element(at: -1) == nil)
        #expect(root["a"]?.elements.map(\.kind) == [.number, .array, .number])
        #expect(root.members.map { $0.key.text } == ["n", "t", "f", "i", "s", "a", "o"])
        #expect(root["o"]?["k"]?.kind == .object && root["a"]?["k"] == nil && root["missing"] == nil)
        #expect(root.member(Array("o".utf8))?.count == 1)
        #expect(root["a"]?.members.map(\.key.text) == [])
    }

    @Test("a value knows its exact bytes")
    func ranges() throws {
        let root = try value(#"  { "a" : [ 1 , 2.50 ] , "b" : "é\u00e9" }  "#)
        let raw = { (value: JSONValue?) in value.map { String(decoding: $0.rawBytes, as: UTF8.self) } }
        #expect(raw(root) == #"{ "a" : [ 1 , 2.50 ] , "b" : "é\u00e9" }"#)
        #expect(raw(root["a"]) == "[ 1 , 2.50 ]")
        #expect(raw(root["a"]?.element(at: 1)) == "2.50")
        #expect(raw(root["b"]) == #""é\u00e9""#)
        #expect(root["b"]?.string?.scalarCount == 2)
        #expect(root["b"]?.position.column == 32)
    }

    @Test("a value knows its JSON Pointer, and a pointer leads to its value")
    func pointers() throws {
        let root = try value(#"{"a/b":[{"m~n":null},[10,{"":1}]],"é":2}"#)
        let inner = root.member(Array("a/b".utf8))?.element(at: 1)?.element(at: 1)?[""]
        #expect(inner?.pointer == "/a~1b/1/1/")
        #expect(root.pointer.isEmpty)
        #expect(root["é"]?.pointer == "/é")
        var found = root
        for token in try #require(JSONPointer.tokens(of: Array("/a~1b/0/m~0n".utf8))) {
            found = try #require(found.child(token))
        }
        #expect(found.isNull)
        for malformed in ["a", "/~2", "/~"] {
            #expect(JSONPointer.tokens(of: Array(malformed.utf8)) == nil)
        }
        let list = try value("[1,2]")
        for token in ["", "-", "01", "2", "1.0", "9999999999999999999999", "-1"] {
            #expect(list.child(Array(token.utf8)) == nil)
        }
    }

    @Test("members are found by exact bytes, escapes resolved, and by nothing that only looks alike")
    func members() throws {
        let root = try value("{\"n\\u0061me\":1,\"Name\":2,\"caf\u{E9}\":3,\"\u{212A}\":4}")
        #expect(root["name"]?.number?.int == 1 && root["Name"]?.number?.int == 2 && root["NAME"] == nil)
        #expect(root.member(Array("caf\u{E9}".utf8)) != nil && root.member(Array("cafe\u{301}".utf8)) == nil)
        #expect(root["K"] == nil && root["k"] == nil)
    }

    @Test("A6: equality takes numbers by value, strings by scalars, arrays in order, objects by key")
    func equality() throws {
        let many = (0..<50).map { "\"k\($0)\":\($0)" }
        let pairs: [(String, String, Bool)] = [
            ("1", "1.0", true), ("-0", "0", true), ("1e2", "100", true),
            ("9007199254740993", "9007199254740992", false),
            ("0.1", "0.1000000000000000055", false), ("1", "\"1\"", false), ("true", "1", false),
            ("null", "false", false),
            (#""a""#, #""\u0061""#, true), ("\"\u{E9}\"", "\"e\u{301}\"", false), ("[1,2]", "[2,1]", false),
            ("[]", "{}", false),
            (#"{"a":1,"b":[{}]}"#, #"{"b":[{}],"\u0061":1.0}"#, true), (#"{"a":1}"#, #"{"a":1,"b":2}"#, false),
            (#"{"a":1}"#, #"{"b":1}"#, false), ("[[]]", "[[[]]]", false),
            ("{\(many.joined(separator: ","))}", "{\(many.reversed().joined(separator: ","))}", true),
            ("{\(many.joined(separator: ","))}", "{\(many.dropLast().joined(separator: ",")),\"k49\":0}", false),
            ("{\(many.joined(separator: ","))}", "{\(many.dropLast().joined(separator: ",")),\"k50\":49}", false),
        ]
        for (left, right, expected) in pairs {
            #expect(try value(left).isEqual(to: value(right)) == expected, "\(left) \(right)")
            #expect(try value(right).isEqual(to: value(left)) == expected, "\(right) \(left)")
        }
    }
}

@Suite("writing")
struct WriterTests {
    @Test("what is written is compact, escaped, and its commas stand between values only")
    func writer() {
        var writer = JSONWriter(reserving: 64)
        writer.beginObject()
        writer.key("a\"b")
        writer.beginArray()
        writer.number(-12)
        writer.boolean(true)
        writer.boolean(false)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        writer.key(Array("k\n".utf8))
        writer.string("\u{1}\u{8}\t\n\u{C}\r\"\\/é😀\u{7F}")
        writer.key("raw")
        writer.raw(Array("{\"x\":1}".utf8))
        writer.key("empty")
        writer.string([] as [UInt8])
        writer.endObject()
        #expect(
            String(decoding: writer.output, as: UTF8.self)
                == #"{"a\"b":[-12,true,false,null,{},[]],"k\n":"\u0001\b\t\n\f\r\"\\/é😀"#
                + "\u{7F}\",\"raw\":{\"x\":1},\"empty\":\"\"}"
        )
    }

    @Test("A15: reading what was written of a thousand random values gives them back")
    func roundTrip() throws {
        var generator = TreeGenerator(seed: 20_261_121)
        for _ in 0..<1_000 {
            var writer = JSONWriter()
            generator.write(to: &writer, depth: 0)
            let first = try JSONDocument(writer.output).root
            let canonical = JSONCanonical.exact(first)
            let second = try JSONDocument(canonical).root
            #expect(first.isEqual(to: second) && second.isEqual(to: first))
            #expect(JSONCanonical.exact(second) == canonical)
            #expect(first.range == 0..<writer.output.count)
        }
    }
}

/// Values of every kind, by a small linear congruence so that failures repeat.
private struct TreeGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func write(to writer: inout JSONWriter, depth: Int) {
        switch next(below: depth > 5 ? 5 : 8) {
        case 0: writer.null()
        case 1: writer.boolean(next(below: 2) == 0)
        case 2: writer.number(next(below: 1 << 30) - 1 << 29)
        case 3: writer.raw(Array("\(next(below: 1_000)).\(next(below: 1_000))e\(next(below: 40) - 20)".utf8))
        case 4: writer.string(text())
        case 5, 6:
            writer.beginArray()
            for _ in 0..<next(below: 6) {
                write(to: &writer, depth: depth + 1)
            }
            writer.endArray()
        default:
            writer.beginObject()
            for index in 0..<next(below: 14) {
                writer.key(Array((text() + "\(index)").utf8))
                write(to: &writer, depth: depth + 1)
            }
            writer.endObject()
        }
    }

    private mutating func text() -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "\"", "\\", "\n", "\u{1}", "é", "\u{301}", "\u{FFFD}", "😀", "/", "\u{E000}", "z",
        ]
        var text = ""
        for _ in 0..<next(below: 9) {
            text.unicodeScalars.append(alphabet[next(below: alphabet.count)])
        }
        return text
    }
}
