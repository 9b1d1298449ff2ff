import Base
import JSONText
import Testing

@testable import AdminModel

@Suite("Finding the operation of a request")
struct RouterTests {
    private let router = Router()

    private func target(_ text: String) throws -> Target? {
        let bytes = Array(text.utf8)
        let cut = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        return try Target(path: bytes[..<cut], query: cut < bytes.endIndex ? bytes[(cut + 1)...] : nil)
    }

    private func match(_ method: AdminMethod?, _ text: String) throws -> Router.Match {
        try router.match(method, try #require(try target(text)))
    }

    private func problem(_ method: AdminMethod?, _ text: String) throws -> Problem? {
        do {
            _ = try match(method, text)
            return nil
        } catch {
            return error as? Problem
        }
    }

    @Test("every operation is found at its own path, by its own method")
    func every() throws {
        for operation in Operations.all {
            let path = operation.path.map { segment in
                switch segment {
                case .literal(let text): text
                case .parameter("id"): "00000000-0000-4000-8000-000000000000"
                case .parameter("version"): "7"
                case .parameter: "a"
                }
            }
            let found = try match(operation.method, "/api/v1/" + path.joined(separator: "/"))
            #expect(found.operation.id == operation.id)
        }
        #expect(Set(Operations.all.map(\.id)).count == Operations.all.count)
        #expect(Set(Operations.all.map(\.id)) == Set(OperationID.allCases), "an operation has no place in the table")
    }

    @Test(
        "K5: a path that is spelled otherwise is no path",
        arguments: [
            "/api/v1/%73ervers", "/api/v1/servers/", "/api/v1//servers", "/api/v1/servers/a/", "/api/v1/./servers",
            "/api/v1/x/../servers", "/api/v1/SERVERS", "/api/v1/servers%2f", "/api/v1/servers/a%2ftools",
            "/api/v1/servers/%00", "/api/v1/servers/%ff", "/api/v1/servers/%2", "/api/v1/servers/%zz",
            "/api/v1/servers/%2e%2e", "/api/v1/servers/A", "/api/v1/policies/p/versions/0",
            "/api/v1/policies/p/versions/01", "/api/v1/policies/p/versions/+1",
        ]
    )
    func otherSpellings(path: String) throws {
        #expect(try problem(.get, path)?.code == .notFound)
    }

    @Test("what is not below the root is none of the API's")
    func elsewhere() throws {
        for path in ["/", "/api/v1", "/api/v1x/servers", "/api/v2/servers", "/index.html"] {
            #expect(try target(path) == nil, "\(path)")
        }
    }

    @Test("another method is refused with those there are, HEAD among them")
    func methods() throws {
        let refusal = try #require(try problem(.delete, "/api/v1/openapi.json"))
        #expect(refusal.code == .methodNotAllowed)
        #expect(refusal.allow == ["GET", "HEAD"])
        #expect(try problem(nil, "/api/v1/openapi.json")?.code == .methodNotAllowed)
    }

    @Test("a tool's name may have slashes and percent signs, written as they must be")
    func encodedNames() throws {
        let found = try match(.get, "/api/v1/grants/a%2Fb%25%20c")
        #expect(found.parameters["label"] == "a/b% c")
    }

    @Test(
        "a query is read strictly",
        arguments: ["limit=0", "limit=201", "limit=+5", "limit=5&limit=5", "limti=5", "limit=%zz", "cursor=", "a"]
    )
    func queries(query: String) throws {
        #expect(throws: Problem.self) {
            let target = try #require(try target("/api/v1/servers?\(query)"))
            _ = try Router.query(target, of: try router.match(.get, target).operation)
        }
    }

    @Test("H2: a query of a thousand parameters is refused before it is looked at")
    func longQuery() throws {
        #expect(throws: Problem.self) { try target("/api/v1/servers?" + String(repeating: "a=b&", count: 1_000)) }
    }
}

@Suite("Bodies against shapes")
struct ShapeTests {
    private let shape = Shape.record(
        .needed("label", .text(TextRule(.label, length: 1...128))),
        .free("count", .whole(0...9)),
        .free("server", .text(TextRule(.name, length: 1...63))),
        .free("mail", .text(TextRule(.email, length: 3...254))),
        .free("when", .optional(.time)),
        .free("role", .word(["a", "b"])),
        .free("any", .document),
        .free("list", .list(.flag, count: 1...2))
    )

    private func pointers(_ text: String) throws -> [String] {
        BodyCheck.errors(in: try JSONDocument(Array(text.utf8)), shape).map(\.pointer)
    }

    @Test("what fits has no mistakes")
    func fits() throws {
        let body =
            #"{"label":"Ana's laptop","count":9,"server":"a-1","mail":"a@b","when":null,"role":"b","any":[{}],"list":[true]}"#
        #expect(try pointers(body) == [])
        #expect(try pointers(#"{"label":"é","when":"2027-01-31T00:00:00Z"}"#) == [])
    }

    @Test(
        "every mistake is told at its place",
        arguments: [
            (#"{}"#, [""]), (#"[]"#, [""]), (#"{"label":""}"#, ["/label"]), (#"{"label":1}"#, ["/label"]),
            (#"{"label":"a\nb"}"#, ["/label"]), (#"{"label":"a","count":10}"#, ["/count"]),
            (#"{"label":"a","count":1.5}"#, ["/count"]), (#"{"label":"a","count":1e99}"#, ["/count"]),
            (#"{"label":"a","x/y":1}"#, ["/x~1y"]), (#"{"label":"a","server":"-a"}"#, ["/server"]),
            (#"{"label":"a","server":"A"}"#, ["/server"]), (#"{"label":"a","mail":"@"}"#, ["/mail"]),
            (#"{"label":"a","when":"soon"}"#, ["/when"]), (#"{"label":"a","role":"c"}"#, ["/role"]),
            (#"{"label":"a","list":[]}"#, ["/list"]), (#"{"label":"a","list":[1,"x"]}"#, ["/list/0", "/list/1"]),
            (#"{"count":-1,"role":1}"#, ["", "/count", "/role"]),
        ]
    )
    func mistakes(body: String, expected: [String]) throws {
        #expect(try pointers(body) == expected)
    }

    @Test("H2: a body of a hundred thousand mistakes is told some of them")
    func manyMistakes() throws {
        let body = "{" + (0..<100_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try pointers(body).count == ShapeCheck.maximumErrors)
    }

    @Test("a label has bytes, not characters")
    func labelBytes() throws {
        #expect(try pointers("{\"label\":\"\(String(repeating: "é", count: 64))\"}") == [])
        #expect(try pointers("{\"label\":\"\(String(repeating: "é", count: 65))\"}") == ["/label"])
    }
}

@Suite("Cursors, tags, problems and the document")
struct PartsTests {
    @Test("a cursor is read back, by its own list only")
    func cursors() {
        for parts in [["a"], [""], ["a\u{0}b", "\u{1}\u{2}"], ["é", "", "x"]] {
            let cursor = Cursor(list: "grants", parts.map { ByteString($0) })
            #expect(Cursor(Array(cursor.text.utf8), list: "grants", parts: parts.count) == cursor)
            #expect(Cursor(Array(cursor.text.utf8), list: "servers", parts: parts.count) == nil)
            #expect(Cursor(Array(cursor.text.utf8), list: "grants", parts: parts.count + 1) == nil)
        }
        for text in ["", "!", "AA==", "Z3JhbnRz", "Z3JhbnRzAAE"] {
            #expect(Cursor(Array(text.utf8), list: "grants", parts: 1) == nil, "\(text)")
        }
    }

    @Test(
        "only one strong tag is a tag",
        arguments: ["W/\"a\"", "\"a\", \"b\"", "*", "a", "\"\"", "\"a b\"", "\"", ""]
    )
    func tags(field: String) {
        #expect(EntityTag(field: Array(field.utf8)) == nil)
        #expect(EntityTag(field: Array("\"abc\"".utf8))?.field == Array("\"abc\"".utf8))
    }

    @Test("a problem says what RFC 9457 asks for")
    func problems() throws {
        for code in Problem.Code.allCases {
            let problem = Problem(
                code,
                "d",
                remedy: "r",
                errors: [FieldError(pointer: "/a", message: "m", place: (line: 1, column: 2))]
            )
            let root = try JSONDocument(problem.json).root
            #expect(root["type"]?.string?.text == "urn:toolgate:problem:\(code.rawValue)")
            #expect(root["status"]?.number?.int == code.status)
            #expect(root["errors"]?.element(at: 0)?["column"]?.number?.int == 2)
            #expect((400...599).contains(code.status))
        }
    }

    @Test("K5: the OpenAPI document has every operation of the table, its access and its parameters, and nothing else")
    func document() throws {
        let root = try JSONDocument(OpenAPI.document(version: "1")).root
        #expect(root["openapi"]?.string?.text == "3.1.0")
        var found: Set<String> = []
        for path in try #require(root["paths"]).members {
            for method in path.value.members {
                let id = try #require(method.value["operationId"]?.string?.text)
                let operation = try #require(Operations.all.first { $0.id.rawValue == id })
                #expect(operation.template == path.key.text)
                #expect(operation.method.rawValue.lowercased() == method.key.text)
                #expect(method.value["x-access"]?.string?.text == operation.access.word)
                #expect((method.value["security"]?.count == 0) == (operation.access == .open))
                found.insert(id)
            }
        }
        #expect(found == Set(OperationID.allCases.map(\.rawValue)))
    }

    @Test("every reference of a shape leads to a component")
    func references() throws {
        let text = String(decoding: OpenAPI.document(version: "1"), as: UTF8.self)
        for piece in text.split(separator: "#/components/schemas/").dropFirst() {
            let name = String(piece.prefix { $0 != "\"" })
            #expect(Components.all[name] != nil, "\(name)")
        }
    }
}
