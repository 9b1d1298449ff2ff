import JSONText

/// Looks for definitions that speak to a model behind the user's back (security.md, table E: E1, E3, E4, E7).
///
/// Deterministic and linear in the definition, which is bounded. It finds plain attacks; who paraphrases well enough gets
/// past it, as docs/classification.md measures.
public enum PoisonScanner {
    // LIMIT: values of one definition that are looked at; the largest of the public data has 3,000.
    private static let mostValues = 20_000
    // LIMIT: findings of one definition.
    private static let mostFindings = 16

    /// What is suspect in one tool's definition: the whole of it, keys included.
    public static func scan(_ tool: DescribedTool) -> [PoisonFinding] {
        var scan = DefinitionScan()
        guard let definition = tool.definition else {
            scan.read(Array(tool.name), at: "/name", isName: true)
            scan.read(Array(tool.description), at: "/description", isName: false)
            return scan.findings
        }
        var left = mostValues
        walk(definition, "", 0, &left, &scan)
        scan.schema(tool.inputSchema, at: "/inputSchema")
        scan.schema(tool.outputSchema, at: "/outputSchema")
        return Array(scan.findings.prefix(mostFindings))
    }

    /// Tools of one list whose names look like each other's: the name, and the one it looks like.
    ///
    /// Only names of at least six letters that differ by one letter alike to the eye, such as `l` and `1`.
    public static func lookAlikes(_ names: [String]) -> [(name: String, like: String)] {
        var seen: [String: String] = [:]
        var found: [(name: String, like: String)] = []
        for name in names where name.utf8.count >= 6 {
            let shape = Eyes.shape(name)
            if let other = seen[shape], other != name {
                found.append((name, other))
            } else {
                seen[shape] = name
            }
        }
        return found
    }

    private static func walk(
        _ value: JSONValue,
        _ path: String,
        _ depth: Int,
        _ left: inout Int,
        _ scan: inout DefinitionScan
    ) {
        left -= 1
        guard left > 0, depth < 64 else {
            scan.add(.schemaBomb, "too many values, or nested too deep", path)
            return
        }
        switch value.kind {
        case .string:
            if let text = value.string {
                scan.read(text.bytes, at: path, isName: depth == 1 && path == "/name")
            }
        case .array:
            for (index, element) in value.elements.enumerated() {
                walk(element, "\(path)/\(index)", depth + 1, &left, &scan)
            }
        case .object:
            for member in value.members where depth > 0 || !isForeign(member.key) {
                let key = member.key.bytes
                let inside = path + "/" + pointer(key)
                if depth > 0 {
                    scan.read(key, at: inside, isName: false)
                }
                walk(member.value, inside, depth + 1, &left, &scan)
            }
        default:
            break
        }
    }

    /// What is not the tool's: facts of a catalogue about it.
    private static func isForeign(_ key: JSONString) -> Bool {
        key.isEqual(to: "server") || key.isEqual(to: "serverDescription") || key.isEqual(to: "source")
            || key.isEqual(to: "licence") || key.isEqual(to: "label")
    }

    private static func pointer(_ key: [UInt8]) -> String {
        var token = ""
        for scalar in String(decoding: key.prefix(64), as: UTF8.self).unicodeScalars {
            switch scalar {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.unicodeScalars.append(scalar)
            }
        }
        return token
    }
}

/// What one definition turned out to have.
struct DefinitionScan {
    // LIMIT: one text is read this far, in bytes and words.
    private static let mostBytes = 64 << 10
    private static let mostWords = 12_000

    private(set) var findings: [PoisonFinding] = []

    mutating func add(_ code: PoisonFinding.Code, _ quote: String, _ source: String) {
        guard !findings.contains(where: { $0.code == code }) else {
            return
        }
        findings.append(PoisonFinding(code: code, quote: quote, source: source))
    }

    mutating func read(_ text: [UInt8], at source: String, isName: Bool) {
        characters(text, source, isName)
        guard text.count >= 12 else {
            return
        }
        shapes(text, source)
        words(text, source)
    }

    // MARK: - words

    private mutating func words(_ text: [UInt8], _ source: String) {
        let words = WordReader.words(of: text[...], bytes: Self.mostBytes, limit: Self.mostWords)
        guard words.count >= 3 else {
            return
        }
        var concepts = [Concept](repeating: [], count: words.count)
        var all: Concept = []
        var previous: UInt64 = 0
        var beforeThat: UInt64 = 0
        for index in words.indices {
            let hash = words[index].hash
            concepts[index] = ConceptLexicon.shared.concept(of: hash, after: previous, beforeThat)
            beforeThat = previous
            previous = hash
        }
        destinations(text, words, &concepts)
        for concept in concepts {
            all.formUnion(concept)
        }
        for rule in PoisonRule.all where rule.parts.allSatisfy({ !$0.isDisjoint(with: all) }) {
            guard !findings.contains(where: { $0.code == rule.code }), let range = match(rule, concepts, words) else {
                continue
            }
            let start = Int(words[range.lowerBound].start)
            let end = Int(words[range.upperBound].end)
            add(rule.code, Eyes.shown(text[start..<end]), source)
        }
    }

    private static let webHashes: Set<UInt64> = [
        WordHash.of("http"), WordHash.of("https"), WordHash.of("ws"), WordHash.of("ftp"),
    ]

    /// Words that begin a URL or an address of mail.
    private func destinations(_ text: [UInt8], _ words: [Word], _ concepts: inout [Concept]) {
        let dest = Concept.named("dest")
        for (index, word) in words.enumerated() {
            let end = Int(word.end)
            guard end + 2 < text.count else {
                break
            }
            let next: [UInt8] = [text[end], text[end + 1], text[end + 2]]
            let isURL = next.elementsEqual("://".utf8) && Self.webHashes.contains(word.hash)
            let isMail = next[0] == UInt8(ascii: "@") && next[1] > 0x2f && next[1] != next[0]
            if isURL || isMail {
                concepts[index].insert(dest)
            }
        }
    }

    /// The first place where the rule's kinds stand in order within its span.
    private func match(_ rule: PoisonRule, _ concepts: [Concept], _ words: [Word]) -> ClosedRange<Int>? {
        let please = Concept.named("please")
        var start = 0
        while start < concepts.count {
            guard !concepts[start].isDisjoint(with: rule.parts[0]) else {
                start += 1
                continue
            }
            var place = start
            var part = 1
            let end = min(start + rule.span, concepts.count - 1)
            var last = start
            while part < rule.parts.count, place < end, place - last < rule.gap {
                place += 1
                if words[place].before == .sentence && !rule.crosses || !concepts[place].isDisjoint(with: please) {
                    break
                }
                if !concepts[place].isDisjoint(with: rule.parts[part]) {
                    part += 1
                    last = place
                }
            }
            if part == rule.parts.count {
                return start...place
            }
            start += 1
        }
        return nil
    }

    // MARK: - characters

    private mutating func characters(_ text: [UInt8], _ source: String, _ isName: Bool) {
        guard text.contains(where: { $0 >= 0x80 || $0 < 0x20 || $0 == 0x7f }) else {
            return
        }
        let scalars = Array(String(decoding: text.prefix(Self.mostBytes), as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            guard let code = Eyes.unseen(scalar, at: index, in: scalars) else {
                continue
            }
            let near = scalars[max(0, index - 12)..<min(scalars.count, index + 24)]
            add(code, Eyes.shown(Array(String(String.UnicodeScalarView(near)).utf8)[...]), source)
        }
        if isName, Eyes.isMixed(scalars) {
            add(.lookAlike, Eyes.shown(text[...]), source)
        }
    }

    // MARK: - shapes

    private static let marks: [(mark: String, needsName: Bool)] = [
        ("<|", false), ("[inst]", false), ("<<sys>>", false), ("<!--", false), ("<script", false), ("<iframe", false),
        ("javascript:", false), ("onerror=", false), ("data:text/html", false), ("[system]", false),
        ("### system", false),
        ("[/inst]", false), ("</s>", false), ("```system", false), ("{{#system", false), ("begin system", false),
    ]
    private static let tags = [
        "important", "system", "secret", "hidden", "instructions", "instruction", "critical", "admin", "priority",
        "assistant", "override", "urgent", "mandatory", "directive", "attention", "prompt", "rules", "note_to_model",
        "note-to-model", "system-prompt",
        "internal", "system_prompt", "s", "policy", "requirement", "for_ai", "ai", "llm", "developer", "sudo",
    ]

    private mutating func shapes(_ text: [UInt8], _ source: String) {
        let small = text.prefix(Self.mostBytes).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        var has = [Bool](repeating: false, count: 256)
        for byte in small {
            has[Int(byte)] = true
        }
        func mayHold(_ mark: String) -> Bool { mark.utf8.allSatisfy { has[Int($0)] } }
        for (mark, _) in Self.marks where mayHold(mark) {
            if let place = Bytes.find(Array(mark.utf8), in: small) {
                add(.markup, Eyes.shown(text[place..<min(text.count, place + 80)]), source)
                break
            }
        }
        if mayHold("<>") {
            tag(text, small, source)
        }
        if mayHold("/") {
            pipe(text, small, source)
        }
        space(text, source)
        encoded(text, source)
        if mayHold("![](?"), let place = Bytes.find(Array("![".utf8), in: small),
            let link = Bytes.find(Array("](http".utf8), in: small, from: place),
            Bytes.find(Array("?".utf8), in: small, from: link) != nil
        {
            add(.markup, Eyes.shown(text[place..<min(text.count, place + 80)]), source)
        }
    }

    private func isTagLetter(_ byte: UInt8) -> Bool {
        byte &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// `<IMPORTANT>` and its like, closed or not, with or without attributes.
    private mutating func tag(_ text: [UInt8], _ small: [UInt8], _ source: String) {
        var place = 0
        while let open = Bytes.find([UInt8(ascii: "<")], in: small, from: place) {
            place = open + 1
            var start = place
            if start < small.count, small[start] == UInt8(ascii: "/") {
                start += 1
            }
            var end = start
            while end < small.count, isTagLetter(small[end]) {
                end += 1
            }
            guard end < small.count, end > start, small[end] == UInt8(ascii: ">") || small[end] == 0x20 else {
                continue
            }
            let name = String(decoding: small[start..<end], as: UTF8.self)
            // `<s>` and `<ai>` are of mark-up only when they are closed at once.
            guard Self.tags.contains(name), small[end] == UInt8(ascii: ">"), name.utf8.count > 2 || name == "ai" else {
                continue
            }
            // A tag that is a placeholder, such as `<prompt>` in an example, has no partner.
            let closing = Array("</\(name)>".utf8)
            let isAlone = [
                "prompt", "rules", "policy", "internal", "assistant", "instruction", "developer", "note", "secret",
                "ai",
            ]
            if isAlone.contains(name), Bytes.find(closing, in: small) == nil {
                continue
            }
            add(.markup, Eyes.shown(text[open..<min(text.count, open + 80)]), source)
            return
        }
    }

    // An example of a request is no order; one that pipes into a shell, or takes files or output along, is.
    private static let shells = [
        "| sh", "|sh", "| bash", "|bash", "| python", "|python", "| sudo", "| iex", "$(cat", "`cat", "$(env", "=@/",
        "=@~",
        "-d @", "-t ~", "-t /",
    ]

    /// `curl … | sh`.
    private mutating func pipe(_ text: [UInt8], _ small: [UInt8], _ source: String) {
        for fetch in ["curl ", "wget ", "base64 -d", "base64 --decode", "iwr "] {
            guard let place = Bytes.find(Array(fetch.utf8), in: small) else {
                continue
            }
            let rest = Array(small[place..<min(small.count, place + 300)])
            for shell in Self.shells {
                guard Bytes.find(Array(shell.utf8), in: rest) != nil else {
                    continue
                }
                add(.runsCommand, Eyes.shown(text[place..<min(text.count, place + 80)]), source)
                return
            }
        }
        for order in ["rm -rf /", "rm -rf ~", "chmod 777 /", ":(){", "nc -e", "/dev/tcp/", "mkfifo "] {
            if let place = Bytes.find(Array(order.utf8), in: small) {
                add(.runsCommand, Eyes.shown(text[place..<min(text.count, place + 80)]), source)
                return
            }
        }
    }

    /// A hundred blanks or thirty empty lines, and text after them.
    private mutating func space(_ text: [UInt8], _ source: String) {
        var blanks = 0
        var lines = 0
        for (index, byte) in text.enumerated() {
            switch byte {
            case 0x20, 0x09: blanks += 1
            case 0x0a, 0x0d:
                lines += byte == 0x0a ? 1 : 0
                blanks = 0
            default:
                if blanks >= 150 || lines >= 30 {
                    add(.farAway, Eyes.shown(text[index..<min(text.count, index + 80)]), source)
                    return
                }
                blanks = 0
                lines = 0
            }
        }
    }

    /// A run of base64 or of `\x41` that is no example of an id or a key.
    private mutating func encoded(_ text: [UInt8], _ source: String) {
        var start = 0
        var kinds: UInt8 = 0
        for index in 0...text.count {
            let byte = index < text.count ? text[index] : 0
            let isSmall = byte &- 0x61 < 26
            let isCapital = byte &- 0x41 < 26
            let isDigit = byte &- 0x30 < 10
            if isSmall || isCapital || isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "=") {
                kinds |= (isSmall ? 1 : 0) | (isCapital ? 2 : 0) | (isDigit ? 4 : 0)
                continue
            }
            if index - start >= 100, kinds & 3 == 3 {
                add(.encoded, Eyes.shown(text[start..<min(index, start + 80)]), source)
                return
            }
            start = index + 1
            kinds = 0
        }
    }

    // MARK: - schemas

    /// What a reader of schemas would choke on, though JSON itself is fine.
    mutating func schema(_ schema: JSONValue?, at source: String) {
        guard let schema, schema.kind == .object else {
            return
        }
        if schema.rawBytes.count > 262_144 {
            add(.schemaBomb, "\(schema.rawBytes.count) bytes", source)
        }
        if schema.depth > 24 {
            add(.schemaBomb, "\(schema.depth) levels", source)
        }
        var left = 20_000
        bombs(schema, source, &left, 0)
    }

    private mutating func bombs(_ value: JSONValue, _ path: String, _ left: inout Int, _ depth: Int) {
        left -= 1
        guard left > 0, depth < 64 else {
            return
        }
        if let reference = value["$ref"]?.string?.text, !reference.hasPrefix("#") {
            add(.schemaBomb, "$ref \(Eyes.shown(Array(reference.utf8)[...]))", path)
        }
        if value["$ref"]?.string?.isEqual(to: "#") ?? false, depth > 0 {
            add(.schemaBomb, "$ref #", path)
        }
        if let pattern = value["pattern"]?.string, pattern.rawCount > 1_000 || Bytes.isNested(pattern.bytes) {
            add(.schemaBomb, "pattern \(Eyes.shown(pattern.slice.prefix(80)))", path)
        }
        for key in ["allOf", "anyOf", "oneOf", "enum"] {
            if let list = value.member(key.utf8), list.count > (key == "enum" ? 5_000 : 200) {
                add(.schemaBomb, "\(key) of \(list.count)", path)
            }
        }
        if let properties = value["properties"], properties.count > 1_000 {
            add(.schemaBomb, "\(properties.count) properties", path)
        }
        for member in value.members {
            bombs(member.value, path, &left, depth + 1)
        }
        for element in value.elements {
            bombs(element, path, &left, depth + 1)
        }
    }
}
