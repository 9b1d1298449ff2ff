import Base
import JSONSchema
import JSONText
import TestSupport
import Testing

/// The JSON-Schema-Test-Suite, its remotes and the meta-schemas, from the corpora.
enum PublicSuite {
    struct Tally {
        var groups = 0
        var tests = 0
        var failures: [String] = []
    }

    static func document(_ bytes: [UInt8]) throws -> JSONValue {
        // Some tests are about U+0000, which no request may hold.
        var limits = JSONLimits.default
        limits.isGrammarOnly = true
        return try JSONDocument(bytes, limits: limits).root
    }

    /// What a reference of the suite may lead to.
    static func registry() throws -> SchemaRegistry {
        var documents: [ByteString: JSONValue] = [:]
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try Corpora.list("jsonschema/remotes\(folder)") {
                let path = "\(folder)/\(name)"
                if name.hasSuffix(".json") {
                    let uri = ByteString("http://localhost:1234\(path)")
                    documents[uri] = try document(Corpora.read("jsonschema/remotes\(path)"))
                } else {
                    folders.append(path)
                }
            }
        }
        for dialect in ["draft2020-12", "draft2019-09", "draft7"] {
            let folder = "jsonschema/metaschemas/\(dialect)"
            var files = ["\(folder)/schema.json"]
            if dialect != "draft7" {
                files += try Corpora.list("\(folder)/meta").map { "\(folder)/meta/\($0)" }
            }
            for file in files {
                let root = try document(Corpora.read(file))
                let id = try #require(root["$id"]?.string?.bytes)
                documents[ByteString(id.last == UInt8(ascii: "#") ? id.dropLast() : id[...])] = root
            }
        }
        return SchemaRegistry(documents)
    }

    static func run(
        _ file: String,
        _ dialect: SchemaDialect,
        _ registry: SchemaRegistry,
        into tally: inout Tally
    ) throws {
        for group in try document(Corpora.read("jsonschema/tests/\(file)")).elements {
            tally.groups += 1
            let name = "\(file): \(group["description"]?.string?.text ?? "")"
            let source = try #require(group["schema"])
            let tests = Array(try #require(group["tests"]).elements)
            tally.tests += tests.count
            do throws(SchemaError) {
                let schema = try Schema(source, registry: registry, dialect: dialect)
                for test in tests {
                    let isValid = test["data"].map { schema.validate($0) == nil }
                    if isValid != test["valid"]?.boolean {
                        tally.failures.append("\(name): \(test["description"]?.string?.text ?? "")")
                    }
                }
            } catch {
                tally.failures += tests.map { _ in "\(name): \(error)" }
            }
        }
    }

    static func files(_ folder: String) throws -> [String] {
        try Corpora.list("jsonschema/tests/\(folder)").filter { $0.hasSuffix(".json") }.map { "\(folder)/\($0)" }
    }
}

@Suite("JSON-Schema-Test-Suite")
struct PublicSuiteTests {
    @Test(
        "Q5: every required test of the three dialects passes",
        .needsCorpora,
        arguments: [
            ("draft2020-12", SchemaDialect.draft202012, 383, 1_299), ("draft2019-09", .draft201909, 372, 1_259),
            ("draft7", .draft7, 257, 927),
        ]
    )
    func required(folder: String, dialect: SchemaDialect, groups: Int, tests: Int) throws {
        let registry = try PublicSuite.registry()
        var tally = PublicSuite.Tally()
        for file in try PublicSuite.files(folder) {
            try PublicSuite.run(file, dialect, registry, into: &tally)
        }
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(20).joined(separator: "\n"))")
        #expect(tally.groups == groups && tally.tests == tests)
    }

    @Test(
        "of the optional tests, which are reported only, most pass",
        .needsCorpora,
        arguments: [("draft2020-12", SchemaDialect.draft202012), ("draft2019-09", .draft201909), ("draft7", .draft7)]
    )
    func optional(folder: String, dialect: SchemaDialect) throws {
        let registry = try PublicSuite.registry()
        var tally = PublicSuite.Tally()
        for file in try PublicSuite.files("\(folder)/optional") {
            try PublicSuite.run(file, dialect, registry, into: &tally)
        }
        print("\(folder)/optional: \(tally.tests - tally.failures.count) of \(tally.tests) pass")
        for failure in tally.failures {
            print("    \(failure)")
        }
        #expect(tally.failures.count < tally.tests / 2)
    }
}
