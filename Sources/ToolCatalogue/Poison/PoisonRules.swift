/// Words of one kind, for the scanner.
struct Concept: OptionSet, Sendable {
    let rawValue: UInt64

    /// In the order of the first bits; the table's lines name them.
    static let names = [
        "override", "overrule", "prior", "instruction", "negation", "tell", "user", "aware", "hide", "from", "covert",
        "read", "send", "pass", "into", "hardsecret", "softsecret", "talk", "outside", "cond", "tool", "othertool",
        "called", "force", "change", "recipient", "rank", "trust", "approved", "already", "ask", "permission", "role",
        "file", "dest", "model", "behave", "run", "personal", "every", "step", "this", "please",
    ]

    static func named(_ name: String) -> Concept {
        guard let place = names.firstIndex(of: name) else {
            return []
        }
        return Concept(rawValue: 1 << UInt64(place))
    }
}

/// Kinds of words that stand near each other.
struct PoisonRule: Sendable {
    let code: PoisonFinding.Code
    /// Each is one kind or any of several; the first anchors, the others follow it in this order.
    let parts: [Concept]
    /// How many words they may span.
    let span: Int
    /// How many words may lie between one part and the next.
    let gap: Int
    /// Whether it may reach over the end of a sentence.
    let crosses: Bool

    init(_ code: PoisonFinding.Code, _ parts: String, within span: Int, gap: Int? = nil, crosses: Bool = false) {
        self.code = code
        self.span = span
        self.gap = gap ?? span
        self.crosses = crosses
        self.parts = parts.split(separator: " ").map { part in
            part.split(separator: "|").reduce(into: Concept()) { $0.formUnion(.named(String($1))) }
        }
    }

    /// In the order in which they are tried; one finding of each code is enough.
    static let all: [PoisonRule] = [
        PoisonRule(.overridesInstructions, "override prior instruction", within: 8),
        PoisonRule(.overridesInstructions, "override instruction prior", within: 7),
        PoisonRule(.overridesInstructions, "overrule prior instruction", within: 6),
        PoisonRule(.secrecy, "negation tell user", within: 8),
        PoisonRule(.secrecy, "negation tell this", within: 4),
        PoisonRule(.secrecy, "user negation aware", within: 7, gap: 3),
        PoisonRule(.secrecy, "negation user aware", within: 7, gap: 3),
        PoisonRule(.secrecy, "hide from user", within: 9),
        PoisonRule(.secrecy, "covert send|read", within: 4),
        PoisonRule(.secrecy, "send|read covert", within: 6),
        PoisonRule(.credentialPath, "read|pass|send hardsecret", within: 14, crosses: true),
        PoisonRule(.credentialPath, "hardsecret pass|send|read", within: 12, crosses: true),
        PoisonRule(.exfiltration, "read softsecret pass into", within: 18, crosses: true),
        PoisonRule(.exfiltration, "send talk|softsecret outside|dest", within: 16),
        PoisonRule(.exfiltration, "send|pass talk into", within: 12),
        PoisonRule(.exfiltration, "send every dest", within: 12),
        PoisonRule(.otherTools, "cond tool|called change|recipient|send dest", within: 20),
        PoisonRule(.exfiltration, "change recipient dest", within: 10),
        PoisonRule(.otherTools, "rank othertool", within: 6),
        PoisonRule(.otherTools, "overrule othertool", within: 5),
        PoisonRule(.otherTools, "negation called|trust othertool", within: 5, gap: 3),
        PoisonRule(.otherTools, "othertool trust", within: 4),
        PoisonRule(.roleChange, "role", within: 4),
        PoisonRule(.consent, "user already approved", within: 6),
        PoisonRule(.consent, "negation ask user permission", within: 9),
        PoisonRule(.consent, "negation ask permission", within: 6),
    ]
}

/// Kinds of words by hash, of single words and of two or three in sequence.
struct ConceptLexicon: Sendable {
    static let shared = ConceptLexicon()

    // Set on words that end a sequence: only then the words before are asked.
    private static let ending = Concept(rawValue: 1 << 63)

    private let mask: Int
    private let keys: [UInt64]
    private let concepts: [Concept]

    private init() {
        var table: [UInt64: Concept] = [:]
        for line in PoisonTables.concepts.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                continue
            }
            let concept = Concept.named(String(parts[0]))
            for entry in parts[1].split(separator: " ") {
                let joined = entry.split(separator: "+").map { WordHash.of(String($0)) }
                guard joined.count > 1, let last = joined.last else {
                    table[joined[0], default: []].formUnion(concept)
                    continue
                }
                table[last, default: []].formUnion(Self.ending)
                let front = joined.count == 2 ? joined[0] : WordHash.pair(joined[0], joined[1])
                table[WordHash.pair(front, last), default: []].formUnion(concept)
            }
        }
        var size = 1
        while size < table.count * 4 {
            size *= 2
        }
        var keys = [UInt64](repeating: 0, count: size)
        var concepts = [Concept](repeating: [], count: size)
        for (hash, concept) in table {
            var slot = Int(truncatingIfNeeded: hash) & (size - 1)
            while keys[slot] != 0 {
                slot = (slot + 1) & (size - 1)
            }
            keys[slot] = hash
            concepts[slot] = concept
        }
        mask = size - 1
        self.keys = keys
        self.concepts = concepts
    }

    @inline(__always)
    private func look(_ hash: UInt64) -> Concept {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while keys[slot] != 0 {
            if keys[slot] == hash {
                return concepts[slot]
            }
            slot = (slot + 1) & mask
        }
        return []
    }

    /// What a word is, with the two before it.
    @inline(__always)
    func concept(of word: UInt64, after previous: UInt64, _ beforeThat: UInt64) -> Concept {
        var concept = look(word)
        if concept.contains(Self.ending) {
            concept.remove(Self.ending)
            concept.formUnion(look(WordHash.pair(previous, word)))
            concept.formUnion(look(WordHash.pair(WordHash.pair(beforeThat, previous), word)))
        }
        return concept
    }
}
