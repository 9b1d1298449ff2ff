/// What a verb does.
enum Act: UInt8, Sendable {
    case none, read, look, add, change, send, run, make, erase, pay
}

/// What the rules know of the thing a verb acts on.
struct Things: OptionSet, Sendable {
    let rawValue: UInt32

    static let money = Things(rawValue: 1)
    static let deal = Things(rawValue: 1 << 1)
    static let market = Things(rawValue: 1 << 2)
    static let link = Things(rawValue: 1 << 3)
    static let setting = Things(rawValue: 1 << 4)
    static let permission = Things(rawValue: 1 << 5)
    static let secret = Things(rawValue: 1 << 6)
    static let media = Things(rawValue: 1 << 7)
    static let code = Things(rawValue: 1 << 8)
    static let outbound = Things(rawValue: 1 << 9)
    static let machine = Things(rawValue: 1 << 10)
    static let view = Things(rawValue: 1 << 11)
    static let store = Things(rawValue: 1 << 12)
    static let text = Things(rawValue: 1 << 13)
    static let from = Things(rawValue: 1 << 14)
    static let answer = Things(rawValue: 1 << 15)
    static let readOnly = Things(rawValue: 1 << 16)
    static let forGood = Things(rawValue: 1 << 17)
    static let overwrite = Things(rawValue: 1 << 18)
    static let and = Things(rawValue: 1 << 19)
    static let to = Things(rawValue: 1 << 20)
    static let question = Things(rawValue: 1 << 21)
    static let soft = Things(rawValue: 1 << 22)
    static let negation = Things(rawValue: 1 << 23)
    static let paper = Things(rawValue: 1 << 24)
    static let computing = Things(rawValue: 1 << 25)
    static let local = Things(rawValue: 1 << 26)
    static let transaction = Things(rawValue: 1 << 27)
    static let knowledge = Things(rawValue: 1 << 28)
    static let model = Things(rawValue: 1 << 29)

    static let names: [String: Things] = [
        "money": .money, "deal": .deal, "market": .market, "link": .link, "setting": .setting,
        "permission": .permission, "secret": .secret, "media": .media, "code": .code, "outbound": .outbound,
        "machine": .machine, "view": .view, "store": .store, "text": .text, "from": .from, "readonly": .readOnly,
        "forgood": .forGood, "overwrite": .overwrite, "and": .and, "to": .to, "question": .question, "soft": .soft,
        "negation": .negation, "paper": .paper, "computing": .computing, "local": .local, "transaction": .transaction,
        "knowledge": .knowledge, "model": .model,
    ]
}

/// The form in which a verb stands.
enum VerbForm: UInt8, Sendable {
    case plain, third, gerund
}

/// All that is known of one word.
struct WordFacts: Sendable {
    var act = Act.none
    var form = VerbForm.plain
    /// Whether it is a verb the rules know.
    var isVerb: Bool { act != Act.none }
    /// As often a noun.
    var isNounish = false
    var isNoise = false
    var isModifier = false
    /// A verb that says nothing by itself: what it does follows from the rest.
    var isVague = false
    /// A plain word of fetching, which other words of a description do not overrule lightly.
    var isFirm = false
    /// Of another language than English.
    var isForeign = false
    var things: Things = []
    /// Which verb, for the few rules that name one.
    var verb = Verb.other
}

/// The verbs that rules name.
enum Verb: UInt8, Sendable {
    case other, create, remove, cancel, close, approve, transfer, query, open, deploy, execute, generate, clear, write
    case sign, `switch`, `import`, download, terminate, get, update, start, test, set, call, evaluate, install, publish,
        share,
        convert
}

/// The table of words: one lookup by hash, built once.
struct Lexicon: Sendable {
    private let mask: Int
    private let keys: [UInt64]
    private let places: [UInt16]
    private let facts: [WordFacts]

    static let shared = Lexicon()

    /// What is known of the word with this hash.
    @inline(__always)
    func callAsFunction(_ hash: UInt64) -> WordFacts? {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let key = keys[slot]
            if key == hash {
                return facts[Int(places[slot])]
            }
            if key == 0 {
                return nil
            }
            slot = (slot + 1) & mask
        }
    }

    private init() {
        var builder = LexiconBuilder()
        builder.build()
        let size = 1 << 15
        var keys = [UInt64](repeating: 0, count: size)
        var places = [UInt16](repeating: 0, count: size)
        var facts: [WordFacts] = []
        for (hash, fact) in builder.facts {
            var slot = Int(truncatingIfNeeded: hash) & (size - 1)
            while keys[slot] != 0 {
                slot = (slot + 1) & (size - 1)
            }
            keys[slot] = hash
            places[slot] = UInt16(truncatingIfNeeded: facts.count)
            facts.append(fact)
        }
        mask = size - 1
        self.keys = keys
        self.places = places
        self.facts = facts
    }
}

/// Reads the tables.
private struct LexiconBuilder {
    var facts: [UInt64: WordFacts] = [:]

    mutating func build() {
        verbs(WordTables.english, expands: true, isForeign: false)
        verbs(WordTables.foreign, expands: false, isForeign: true)
        verbs(WordTables.signs, expands: false, isForeign: true)
        phrases(WordTables.phrases)
        each(WordTables.noise) { $0.isNoise = true }
        each(WordTables.answers) { $0.things.insert(.answer) }
        each(WordTables.modifiers) { $0.isModifier = true }
        each(WordTables.vague) { $0.isVague = true }
        each(WordTables.firm) { $0.isFirm = true }
        lines(WordTables.things) { builder, kind, words in
            guard let thing = Things.names[kind] else {
                return
            }
            builder.each(words) { $0.things.insert(thing) }
        }
        lines(WordTables.named) { builder, kind, words in
            guard let verb = Self.named[kind] else {
                return
            }
            for word in words.split(separator: " ") {
                builder.name(verb, String(word))
            }
        }
    }

    private static let acts: [String: Act] = [
        "read": .read, "look": .look, "add": .add, "change": .change, "send": .send, "run": .run, "make": .make,
        "erase": .erase, "pay": .pay,
    ]

    private static let named: [String: Verb] = [
        "create": .create, "remove": .remove, "cancel": .cancel, "close": .close, "approve": .approve,
        "transfer": .transfer, "query": .query, "open": .open, "deploy": .deploy, "execute": .execute,
        "generate": .generate, "clear": .clear, "write": .write, "download": .download, "terminate": .terminate,
        "get": .get, "update": .update, "start": .start, "test": .test, "set": .set, "call": .call,
        "evaluate": .evaluate, "install": .install, "publish": .publish, "share": .share, "convert": .convert,
        "sign": .sign, "import": .import, "switch": .switch,
    ]

    private func lines(_ table: String) -> [(kind: String, words: String)] {
        table.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
    }

    private mutating func lines(_ table: String, _ body: (inout LexiconBuilder, String, String) -> Void) {
        for (kind, words) in lines(table) {
            body(&self, kind, words)
        }
    }

    private mutating func verbs(_ table: String, expands: Bool, isForeign: Bool) {
        for (kind, words) in lines(table) {
            guard let act = Self.acts[kind] else {
                continue
            }
            for word in words.split(separator: " ") {
                let isNounish = word.hasPrefix("~")
                let plain = isNounish ? String(word.dropFirst()) : String(word)
                var fact = WordFacts()
                fact.act = act
                fact.isNounish = isNounish
                fact.isForeign = isForeign
                addVerb(plain, fact)
                guard expands else {
                    continue
                }
                for (form, spelling) in Self.forms(of: plain) {
                    fact.form = form
                    addVerb(spelling, fact)
                }
            }
        }
    }

    /// What was said first stands: the English meaning before that of another language.
    private mutating func addVerb(_ word: String, _ fact: WordFacts) {
        let hash = WordHash.of(word)
        if facts[hash] == nil {
            facts[hash] = fact
        }
    }

    /// Two words that mean something together.
    private mutating func phrases(_ table: String) {
        for (kind, words) in lines(table) {
            guard let act = Self.acts[kind] else {
                continue
            }
            for pair in words.split(separator: ",") {
                let parts = pair.split(separator: " ")
                guard parts.count == 2 else {
                    continue
                }
                var fact = WordFacts()
                fact.act = act
                facts[WordHash.pair(WordHash.of(String(parts[0])), WordHash.of(String(parts[1])))] = fact
            }
        }
    }

    private mutating func each(_ words: String, _ change: (inout WordFacts) -> Void) {
        for word in words.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            change(&facts[WordHash.of(String(word)), default: WordFacts()])
        }
    }

    private mutating func name(_ verb: Verb, _ word: String) {
        for spelling in [word] + Self.forms(of: word).map(\.spelling) {
            facts[WordHash.of(spelling)]?.verb = verb
        }
    }

    /// `creates` and `creating`, also with the last letter doubled.
    private static func forms(of verb: String) -> [(form: VerbForm, spelling: String)] {
        guard let last = verb.last, verb.count > 1 else {
            return []
        }
        let beforeLast = verb.dropLast().last ?? " "
        var forms: [(VerbForm, String)] = []
        if last == "y", !"aeiou".contains(beforeLast) {
            forms.append((.third, verb.dropLast() + "ies"))
        } else if "sxz".contains(last) || verb.hasSuffix("ch") || verb.hasSuffix("sh") || last == "o" {
            forms.append((.third, verb + "es"))
        } else {
            forms.append((.third, verb + "s"))
        }
        forms.append((.gerund, last == "e" && beforeLast != "e" ? verb.dropLast() + "ing" : verb + "ing"))
        if !"aeiouwxy".contains(last) {
            forms.append((.gerund, verb + String(last) + "ing"))
        }
        return forms
    }
}
