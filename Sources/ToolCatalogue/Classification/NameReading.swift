/// A verb that was seen, and what it acts on.
struct Sighting: Sendable {
    enum Place: UInt8, Sendable {
        case name, title, description, choice, context
    }

    /// How much it counts.
    enum Strength: UInt8, Sendable, Comparable {
        case weak, firm
        static func < (left: Strength, right: Strength) -> Bool { left.rawValue < right.rawValue }
    }

    var act: Act
    var verb: Verb
    var things: Things
    var strength: Strength
    var isVague: Bool
    var isFirm: Bool
    var isNounish: Bool
    var place: Place
    /// The verb's own place in its text.
    var start: Int32
    var end: Int32

    init(_ facts: WordFacts, _ word: Word, things: Things, strength: Strength, place: Place) {
        act = facts.act
        verb = facts.verb
        isVague = facts.isVague
        isFirm = facts.isFirm
        isNounish = facts.isNounish
        self.things = things
        self.strength = strength
        self.place = place
        start = word.start
        end = word.end
    }
}

/// What a name says: its verbs, and what they act on.
struct NameReading: Sendable {
    // LIMIT: words of a name that are looked at.
    private static let mostWords = 24

    /// The verbs that govern; several when the name joins them.
    private(set) var sightings: [Sighting] = []
    /// Whether its last word is what a read gives back.
    private(set) var isAnswer = false
    /// Whether it asks: `can_i_deploy`, `is_valid`.
    private(set) var isQuestion = false
    /// Whether it is a single word.
    private(set) var isOneWord = false
    /// All things the name speaks of.
    private(set) var things: Things = []
    /// The words besides the verb, for looking them up in the server's description.
    private(set) var objects: [UInt64] = []

    /// The most severe.
    var strongest: Sighting? { sightings.max { $0.act.weight < $1.act.weight } }

    init(name: ArraySlice<UInt8>, server: [UInt64], source: Sighting.Place = .name) {
        let words = WordReader.words(of: name, bytes: 256, limit: Self.mostWords, splitsCase: true)
        guard !words.isEmpty else {
            return
        }
        let facts = words.map { word in word.sign == 0 ? Lexicon.shared(word.hash) : nil }
        var first = 0
        while first < words.count - 1, !(facts[first]?.isVerb ?? false), server.contains(words[first].hash) {
            first += 1
        }
        isOneWord = words.count == 1
        isQuestion = facts[first]?.things.contains(.question) ?? false
        for fact in facts {
            things.formUnion(fact?.things ?? [])
        }
        if let asked = facts.indices.first(where: { facts[$0]?.things.contains(.question) ?? false }),
            facts[first...asked].allSatisfy({ !($0?.isVerb ?? false) || $0?.isNounish ?? true })
        {
            isQuestion = true
            return
        }
        isAnswer = facts.last??.things.contains(.answer) ?? false
        choose(words, facts, first, server, source)
        for (word, fact) in zip(words, facts) where !(fact?.isVerb ?? false) && word.end - word.start > 2 {
            objects.append(word.hash)
        }
        if sightings.isEmpty {
            signs(words, source)
        }
    }

    private mutating func choose(
        _ words: [Word],
        _ facts: [WordFacts?],
        _ first: Int,
        _ server: [UInt64],
        _ place: Sighting.Place
    ) {
        var pair: WordFacts?
        for index in first..<max(first, words.count - 1) {
            if let fact = Lexicon.shared(WordHash.pair(words[index].hash, words[index + 1].hash)) {
                pair = pair ?? fact
                if index == first || index == words.count - 2 {
                    sightings = [Sighting(fact, words[index], things: things, strength: .firm, place: place)]
                    return
                }
            }
        }
        func isVerb(_ index: Int) -> Bool {
            guard let fact = facts[index] else {
                return false
            }
            return fact.act != .none
                && (fact.form == .plain || fact.form == .third && index == first && !fact.isNounish)
        }
        func isPlainVerb(_ index: Int) -> Bool { isVerb(index) && !(facts[index]?.isNounish ?? true) }
        func isJoined(_ index: Int) -> Bool {
            index > 0 && (facts[index - 1]?.things.contains(.and) ?? false)
        }
        func sight(_ index: Int, _ strength: Sighting.Strength) {
            guard let fact = facts[index] else {
                return
            }
            var around: Things = []
            for other in facts.indices where other != index {
                around.formUnion(facts[other]?.things ?? [])
            }
            sightings.append(Sighting(fact, words[index], things: around, strength: strength, place: place))
        }
        let last = words.indices.last { !(facts[$0]?.isModifier ?? false) } ?? words.count - 1
        // `storage_blob_get`, `monitor_start`: the server's own word, or a group's, before the verb.
        let isGroup = last > first && server.contains(words[first].hash) && isVerb(first)
        if isGroup || last > first && facts[last]?.verb == .get && facts[first]?.act != .read && isPlainVerb(first) {
            sight(first, .weak)
            if let verb = words.indices.dropFirst(first + 1).first(where: isPlainVerb) {
                sight(facts[last]?.verb == .get ? last : verb, .firm)
                sightings.removeFirst()
            }
        } else if isPlainVerb(first) {
            sight(first, .firm)
            // `execute_delete`, `confirm_payment_create`: a verb of doing before the real one.
            let next = first + 1
            if next < words.count, isPlainVerb(next), facts[first]?.act != .read {
                sight(next, .firm)
            }
        } else if last > first, isPlainVerb(last), isVerb(last) {
            sight(last, .firm)
        } else if isVerb(first) {
            let isAnswered = last > first && (facts[last]?.things.contains(.answer) ?? false)
            sight(first, isAnswered ? .weak : .firm)
            if !isAnswered, last > first, isVerb(last), facts[last]?.act != facts[first]?.act {
                sightings[0].strength = .weak
                sight(last, .weak)
            }
        } else if let index = words.indices.dropFirst(first).first(where: isPlainVerb) {
            sight(index, .firm)
        } else if let index = words.indices.dropFirst(first).first(where: isVerb) {
            let isAnswered = last > index && (facts[last]?.things.contains(.answer) ?? false)
            sight(index, isAnswered ? .weak : .firm)
            if index != first {
                sightings[0].strength = .weak
            }
        }
        for index in words.indices where index > first && isJoined(index) && isVerb(index) {
            sight(index, isPlainVerb(index) ? .firm : .weak)
        }
    }

    /// Names in a script without spaces.
    private mutating func signs(_ words: [Word], _ place: Sighting.Place) {
        guard words.contains(where: { $0.sign != 0 }) else {
            return
        }
        let reading = SignReading(words[...])
        if let (fact, word) = reading.best {
            sightings.append(Sighting(fact, word, things: things, strength: .firm, place: place))
        }
    }
}

extension Act {
    /// How severe, before objects are asked.
    var weight: Int {
        switch self {
        case .none: 0
        case .look: 1
        case .read: 2
        case .make: 3
        case .add: 4
        case .send: 5
        case .change: 6
        case .run: 7
        case .erase: 8
        case .pay: 9
        }
    }
}

/// Verbs among signs that write no spaces: the longest match at each place.
struct SignReading {
    private(set) var found: [(WordFacts, Word)] = []
    private var isJapaneseOrKorean = false

    init(_ words: ArraySlice<Word>) {
        var index = words.startIndex
        while index < words.endIndex {
            let word = words[index]
            guard word.sign != 0 else {
                index += 1
                continue
            }
            if (0x3040...0x30ff).contains(word.sign) || word.sign >= 0xac00 && word.sign <= 0xd7a3 {
                isJapaneseOrKorean = true
            }
            let (fact, length) = Self.longest(words, at: index)
            if let fact, fact.act != .none {
                var whole = word
                whole.end = words[index + length - 1].end
                found.append((fact, whole))
            }
            index += length
        }
    }

    private static func longest(_ words: ArraySlice<Word>, at start: Int) -> (WordFacts?, Int) {
        var hash = WordHash.start
        var best: WordFacts?
        var length = 1
        for index in start..<min(start + 8, words.endIndex) {
            let word = words[index]
            guard word.sign != 0, index == start || word.start == words[index - 1].end else {
                break
            }
            hash = WordHash.add(scalar: word.sign, to: hash)
            if let fact = Lexicon.shared(hash), fact.act != .none {
                best = fact
                length = index - start + 1
            }
        }
        return (best, length)
    }

    /// The verb that governs: Chinese puts it first, Japanese and Korean last.
    var best: (WordFacts, Word)? { isJapaneseOrKorean ? found.last : found.first }
}
