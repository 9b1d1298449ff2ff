import Base
import JSONText
import Testing

/// What a search for a member named `key`, which folds to itself, comes to.
private enum Found: Equatable {
    case missing, ambiguous
    case value(String)
}

/// The answer, and the keys that were asked about.
private func lookUp(_ key: String, in text: String, isTwin: Bool = true) throws -> (found: Found, asked: [String]) {
    let document = try JSONDocument(Array(text.utf8))
    let name = Array(key.utf8)
    var asked: [String] = []
    let found = document.root.withCursor { cursor -> Found in
        let search = cursor.search(name.span, folded: name.span) { other in
            let text = other.hasEscapes ? other.resolvedText : [UInt8](other.rawText)
            asked.append(String(decoding: text, as: UTF8.self))
            return isTwin
        }
        switch search {
        case .missing: return .missing
        case .ambiguous: return .ambiguous
        case .found(let value): return .value(String(decoding: value.value(in: document).rawBytes, as: UTF8.self))
        }
    }
    return (found, asked)
}

@Suite("Values looked at where they stand")
struct JSONCursorTests {
    @Test("a member is found by its exact bytes, and keys that cannot fold to its name are not asked about")
    func search() throws {
        let result = try lookUp("path", in: #"{"other":1,"pat":[2],"path":{"a":[3,4]},"x":5}"#)
        #expect(result.found == .value(#"{"a":[3,4]}"#))
        #expect(result.asked.isEmpty)
        #expect(try lookUp("path", in: "{}").found == .missing)
        #expect(try lookUp("path", in: #"["path"]"#).found == .missing)
    }

    @Test("a name written with escapes is the name", arguments: [#"{"\u0070ath":7}"#, #"{"pa\u0074h":7}"#])
    func escapedName(text: String) throws {
        #expect(try lookUp("path", in: text).found == .value("7"))
    }

    @Test("keys that may fold to the name are asked about", arguments: ["PATH", "Path", #"p\u0041th"#, "påth"])
    func twins(key: String) throws {
        let text = "{\"path\":1,\"\(key)\":2}"
        #expect(try lookUp("path", in: text).found == .ambiguous)
        let result = try lookUp("path", in: text, isTwin: false)
        #expect(result.found == .value("1"))
        #expect(result.asked.count == 1)
    }

    @Test("walking by what follows visits every element and member in order")
    func following() throws {
        let document = try JSONDocument(Array(#"[1,[2,{"a":3}],"four",true]"#.utf8))
        let kinds = document.root.withCursor { array -> [JSONKind] in
            var kinds: [JSONKind] = []
            var element = array.first
            for _ in 0..<array.count {
                kinds.append(element.kind)
                element = element.following
            }
            return kinds
        }
        #expect(kinds == [.number, .array, .string, .boolean])
    }

    @Test("elements are found by place, and nowhere else")
    func element() throws {
        let document = try JSONDocument(Array(#"[10,[20],30]"#.utf8))
        let numbers = document.root.withCursor { array -> [Int?] in
            var numbers: [Int?] = []
            for place in -1...3 {
                if let element = array.element(at: place) {
                    numbers.append(element.decimal.int)
                } else {
                    numbers.append(nil)
                }
            }
            return numbers
        }
        #expect(numbers == [nil, 10, 0, 30, nil])
    }

    @Test("a scalar tells its value, and nothing of what it is not")
    func scalars() throws {
        let text = try JSONDocument(Array(#""a\u00e9\n€""#.utf8)).root
        #expect(text.withCursor { $0.hasEscapes && $0.scalarCount == 4 && $0.resolvedText == Array("aé\n€".utf8) })
        #expect(text.withCursor { $0.decimal == .zero && !$0.isTrue && $0.count == 0 })
        let number = try JSONDocument(Array("12.50".utf8)).root
        #expect(number.withCursor { $0.decimal.description == "12.5" && $0.rawText.count == 0 && $0.scalarCount == 0 })
        #expect(try JSONDocument(Array("true".utf8)).root.withCursor { $0.isTrue })
        #expect(try JSONDocument(Array("false".utf8)).root.withCursor { !$0.isTrue && $0.count == 0 })
    }
}
