import Testing
import YAMLText

@Suite struct YAMLDocumentTests {
    private func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws -> YAMLNode {
        try YAMLDocument.parse(Array(text.utf8), limits: limits)
    }

    /// A short form of a tree: quoted text in quotes, plain text bare.
    private func show(_ node: YAMLNode) -> String {
        switch node.content {
        case .scalar(let bytes, let isPlain):
            let text = String(decoding: bytes, as: UTF8.self)
            return isPlain ? text : "\"\(text)\""
        case .sequence(let nodes): return "[" + nodes.map(show).joined(separator: ", ") + "]"
        case .mapping(let entries):
            let shown = entries.map { String(decoding: $0.key, as: UTF8.self) + ": " + show($0.value) }
            return "{" + shown.joined(separator: ", ") + "}"
        }
    }

    @Test(
        "block, flow, quoted and folded forms come to the same nodes",
        arguments: [
            ("a: 1\nb: [x, 'y', \"z\"]\n", "{a: 1, b: [x, \"y\", \"z\"]}"),
            ("- {a: no, b: ~}\n-\n", "[{a: no, b: ~}, ]"),
            ("text: |\n  one\n  two\n", "{text: \"one\ntwo\n\"}"),
            ("text: >-\n  one\n  two\n", "{text: \"one two\"}"),
            ("# only a comment\nkey: 'it''s' # more", "{key: \"it's\"}"),
            ("\"a\\u00e9\\n\": \"\\x41\"", "{aé\n: \"A\"}"),
            ("just text", "just text"),
            ("---\na: 1\n...\n", "{a: 1}"),
            ("1: a\n01: b\n", "{1: a, 01: b}"),
            ("{\"json\": [1, {\"deep\": null}]}", "{json: [1, {deep: null}]}"),
        ]
    )
    func reads(text: String, expected: String) throws {
        #expect(show(try parse(text)) == expected)
    }

    @Test("nodes and keys know where they stand")
    func positions() throws {
        let root = try parse("version: 1\nservers:\n  - name: é: x\n".replacing("é: x", with: "'é'"))
        let servers = try #require(root.entries?.last)
        #expect(servers.keyPosition == YAMLPosition(line: 2, column: 1))
        let name = try #require(servers.value.elements?.first?.entries?.first)
        #expect(name.keyPosition == YAMLPosition(line: 3, column: 5))
        #expect((name.value.line, name.value.column) == (3, 11))
    }

    @Test(
        "B9: what surprises in YAML is refused, with its place",
        arguments: [
            ("a: 1\nb: 2\na: 3\n", .duplicateKey("a"), 3, 1),
            ("{a: 1, \"a\": 2}", .duplicateKey("a"), 1, 8),
            ("x:\n  - {k: 1, k: 2}\n", .duplicateKey("k"), 2, 12),
            ("a: &x 1\n", .anchor, 1, 4),
            ("a: *x\n", .alias, 1, 4),
            ("a: !!str 1\n", .tag, 1, 4),
            ("a: ! 1\n", .tag, 1, 4),
            ("a: !ruby/object {}\n", .tag, 1, 4),
            ("%YAML 1.1\n---\na: 1\n", .directive, 1, 1),
            ("%TAG ! tag:x,2000:\n---\na: 1\n", .directive, 1, 1),
            ("a: 1\n---\nb: 2\n", .severalDocuments, 2, 1),
            ("? [a]\n: 1\n", .keyNotScalar, 1, 3),
            ("{{a: b}: c}", .keyNotScalar, 1, 2),
            ("", .empty, 1, 1),
            ("# nothing\n", .empty, 1, 1),
        ] as [(String, YAMLError.Reason, Int, Int)]
    )
    func refuses(text: String, reason: YAMLError.Reason, line: Int, column: Int) {
        #expect(throws: YAMLError(reason, at: YAMLPosition(line: line, column: column))) { try parse(text) }
    }

    @Test(
        "what is not YAML is refused",
        arguments: [
            "a: b: c", "a: [1", "a: \"x", "\ta: 1", "a:\n  - x\n b: 1", "a: @x", "{a: 1", "a: 'x\u{0}'", "a: \"\\q\"",
        ]
    )
    func refusesSyntax(text: String) {
        #expect {
            try parse(text)
        } throws: { error in
            if case .syntax(let problem)? = (error as? YAMLError)?.reason { !problem.isEmpty } else { false }
        }
    }

    @Test("H2: size, depth and number of nodes are bounded")
    func bounds() throws {
        let deep = String(repeating: "[", count: 100_000)
        let limits = YAMLLimits(maximumBytes: 200_000, maximumDepth: 4, maximumNodes: 5)
        #expect(throws: YAMLError(.tooDeep(maximum: 4), at: YAMLPosition(line: 1, column: 5))) {
            try parse(deep, limits: limits)
        }
        #expect(throws: YAMLError(.tooDeep(maximum: 80), at: YAMLPosition(line: 1, column: 161))) {
            try parse(String(repeating: "- ", count: 1_000) + "x")
        }
        #expect(show(try parse("[[[[]]]]", limits: limits)) == "[[[[]]]]")
        #expect(throws: YAMLError(.tooManyNodes(maximum: 5), at: YAMLPosition(line: 1, column: 17))) {
            try parse("[1, 2, 3, 4, 5, 6]", limits: limits)
        }
        #expect(throws: YAMLError(.tooLarge(maximum: 200_000), at: YAMLPosition(line: 1, column: 1))) {
            try parse(String(repeating: " ", count: 200_001), limits: limits)
        }
        #expect(throws: YAMLError(.notUTF8, at: YAMLPosition(line: 1, column: 1))) {
            try YAMLDocument.parse([0x61, 0xFF])
        }
        #expect(throws: YAMLError.self) { try YAMLDocument.parse([0xFF, 0xFE, 0x61, 0x00]) }
    }

    @Test("H4: cut and damaged texts are refused or read, never more")
    func damaged() throws {
        let text = Array(
            "version: 1\nservers:\n  - name: kommo # x\n    headers: {A: \"b\\n\"}\n    t: |\n      u\n".utf8
        )
        for index in text.indices {
            _ = try? YAMLDocument.parse(Array(text[..<index]))
            for byte: UInt8 in [0x00, 0x09, 0x0A, 0x22, 0x26, 0x2A, 0x3A, 0x5B, 0x7B, 0x85, 0xC3, 0xFF] {
                var changed = text
                changed[index] = byte
                _ = try? YAMLDocument.parse(changed)
            }
        }
    }
}
