/// What a description says: the verbs that open it, and words that weigh wherever they stand.
struct DescriptionReading: Sendable {
    // LIMIT: a description is read this far; the longest of the public data have 40 kB of examples.
    private static let mostBytes = 3_072
    private static let mostWords = 400
    // LIMIT: sentences whose opening is looked at.
    private static let mostOpenings = 4

    /// The verbs of the opening; several when it joins them.
    private(set) var sightings: [Sighting] = []
    /// Whether it opens with what a read gives back instead of a verb.
    private(set) var isAnswer = false
    /// Words of any sentence: for good, read only, overwrites.
    private(set) var things: Things = []
    /// Where the words of `things` stand, for quoting: for good, read only, overwrites.
    private(set) var places: [(thing: Things, start: Int32, end: Int32)] = []
    /// Verbs anywhere in plain or third form that are not nouns, by act; only for tools whose own verb is vague.
    private(set) var everywhere: [Sighting] = []
    /// Where the first sentence ends.
    private(set) var firstSentenceEnd: Int32 = 0

    private let words: [Word]
    private let facts: [WordFacts?]

    init(_ text: ArraySlice<UInt8>, server: [UInt64], place: Sighting.Place = .description) {
        words = WordReader.words(of: text, bytes: Self.mostBytes, limit: Self.mostWords)
        facts = words.map { $0.sign == 0 ? Lexicon.shared($0.hash) : nil }
        guard !words.isEmpty else {
            return
        }
        weigh(text)
        var start = 0
        for _ in 0..<Self.mostOpenings where start < words.count {
            let end = sentenceEnd(from: start)
            if firstSentenceEnd == 0 {
                firstSentenceEnd = words[end - 1].end
            }
            open(start..<end, server, place, isFirst: start == 0)
            if !sightings.isEmpty {
                break
            }
            start = end
        }
    }

    private func sentenceEnd(from start: Int) -> Int {
        var end = start + 1
        while end < words.count, words[end].before != .sentence {
            end += 1
        }
        return end
    }

    // MARK: - openings

    private mutating func open(_ range: Range<Int>, _ server: [UInt64], _ place: Sighting.Place, isFirst: Bool) {
        if range.contains(where: { words[$0].sign != 0 }) {
            let reading = SignReading(words[range])
            if let (fact, word) = reading.best {
                sightings = [Sighting(fact, word, things: thingsOf(range), strength: .firm, place: place)]
                for (other, at) in reading.found where other.act.weight > Act.make.weight {
                    everywhere.append(Sighting(other, at, things: [], strength: .weak, place: place))
                    guard fact.act == .make, other.act == .add else {
                        continue
                    }
                    sightings.append(Sighting(other, at, things: [], strength: .firm, place: place))
                }
                return
            }
        }
        var index = range.lowerBound
        var skipped = 0
        while index < range.upperBound {
            let word = words[index]
            let fact = facts[index]
            if let pair = pairAt(index, in: range) {
                take(pair, index, range, place)
                return
            }
            if let fact, fact.act != .none, isLead(fact, index, range) {
                if fact.isNoise || fact.isVague, fact.act != .send, let better = laterLead(after: index, in: range) {
                    take(facts[better], better, range, place)
                    return
                }
                take(fact, index, range, place)
                return
            }
            let isSkipped = fact?.isNoise ?? false || server.contains(word.hash) || word.isShouted
            guard isSkipped, skipped < 14 else {
                break
            }
            skipped += 1
            index += 1
        }
        afterSubject(range, place, isFirst: isFirst)
    }

    private func pairAt(_ index: Int, in range: Range<Int>) -> WordFacts? {
        guard index + 1 < range.upperBound else {
            return nil
        }
        let pair = WordHash.pair(words[index].hash, words[index + 1].hash)
        return Lexicon.shared(pair)
    }

    /// Whether a verb at this place opens its sentence, and is not a noun there.
    private func isLead(_ fact: WordFacts, _ index: Int, _ range: Range<Int>) -> Bool {
        let next = index + 1 < range.upperBound ? facts[index + 1] : nil
        if fact.verb == .set, next?.things.contains(.from) ?? false {
            return false
        }
        if fact.isNounish {
            // `Order of …`, `Set of …`, `Order book`, `Trade history`.
            if let next,
                next.things.contains(.from) && fact.act != .read || fact.act != .read && next.things.contains(.answer)
            {
                return false
            }
            if fact.form == .plain, index > range.lowerBound, !(facts[index - 1]?.things.contains(.to) ?? false),
                !(facts[index - 1]?.isNoise ?? false)
            {
                return false
            }
        }
        if fact.form == .gerund {
            return index == range.lowerBound || facts[index - 1]?.isNoise ?? false
        }
        return true
    }

    /// After `Perform a …`, `Use this to …`, `Manage …`: the verb that says more.
    private func laterLead(after index: Int, in range: Range<Int>) -> Int? {
        var later = index + 1
        while later < min(index + 6, range.upperBound) {
            // `Performs a comprehensive compatibility check`: words that say nothing may stand between.
            if let fact = facts[later], fact.act != .none, !fact.isVague, fact.form == .plain {
                return later
            }
            guard words[later].before == .space else {
                return nil
            }
            later += 1
        }
        return nil
    }

    /// Takes the verb at `index`, and those joined to it.
    private mutating func take(_ fact: WordFacts?, _ index: Int, _ range: Range<Int>, _ place: Sighting.Place) {
        guard let fact else {
            return
        }
        let strength: Sighting.Strength = .firm
        let reach = fact.act == .make ? 4 : 7
        sightings.append(
            Sighting(
                fact,
                words[index],
                things: thingsOf(index + 1..<min(index + reach, range.upperBound)),
                strength: strength,
                place: place
            )
        )
        var other = index + 1
        while other < min(index + 12, range.upperBound) {
            defer { other += 1 }
            guard let joined = facts[other], joined.act != .none, !joined.isVague else {
                continue
            }
            let isNext =
                other <= index + 3
                && (facts[other - 1]?.things.contains(.and) ?? false || words[other].before == .comma)
            guard !joined.isNounish || isNext else {
                continue
            }
            let isJoined = words[other].before == .comma || (facts[other - 1]?.things.contains(.and) ?? false)
            let agrees = joined.form == fact.form || joined.isForeign
            guard isJoined, agrees else {
                continue
            }
            var things = thingsOf(other + 1..<min(other + 6, range.upperBound))
            if joined.verb == .remove, fact.act == .add || fact.act == .change {
                // `Add or remove`, `set or remove`: what was set is taken off again.
                things.insert(.link)
            }
            sightings.append(Sighting(joined, words[other], things: things, strength: .firm, place: place))
        }
    }

    /// The sentence opens with a noun: `Tool that creates …`, `Weather of …`, `Wrapper to delete …`.
    private mutating func afterSubject(_ range: Range<Int>, _ place: Sighting.Place, isFirst: Bool) {
        var isAnswered = false
        var plain: Int?
        for index in range {
            guard let fact = facts[index] else {
                continue
            }
            isAnswered = isAnswered || fact.things.contains(.answer) && index < range.lowerBound + 10
            guard fact.act != .none, !fact.isNounish, !fact.isVague || fact.isForeign else {
                continue
            }
            let isAfterTo = index > range.lowerBound && (facts[index - 1]?.things.contains(.to) ?? false)
            if fact.form == .third && index > range.lowerBound || fact.isForeign || isAfterTo && fact.form == .plain {
                take(fact, index, range, place)
                if isAnswered, fact.act == .look || fact.act == .read || fact.act == .make {
                    isAnswer = true
                }
                if !fact.isForeign, isAfterTo || index > range.lowerBound + 6 {
                    for position in sightings.indices {
                        sightings[position].strength = .weak
                    }
                }
                return
            }
            if fact.form != .third, plain == nil {
                plain = index
            }
        }
        if isFirst {
            isAnswer = isAnswered
        }
        if let plain, isFirst {
            take(facts[plain], plain, range, place)
            for position in sightings.indices {
                sightings[position].strength = .weak
            }
        }
    }

    private func thingsOf(_ range: Range<Int>) -> Things {
        var things: Things = []
        for index in range where index < facts.count {
            things.formUnion(facts[index]?.things ?? [])
        }
        return things
    }

    // MARK: - words anywhere

    private static let weighed: Things = [.forGood, .readOnly, .overwrite, .soft, .paper, .market]
    private static let readOnlyPair = WordHash.pair(WordHash.of("read"), WordHash.of("only"))

    private mutating func weigh(_ text: ArraySlice<UInt8>) {
        for index in words.indices {
            guard let fact = facts[index] else {
                continue
            }
            let found = fact.things.intersection(Self.weighed)
            if !found.isEmpty, !isNegated(index, found) {
                things.formUnion(found)
                note(found, index, index)
            }
            if fact.verb == .get, index + 1 < words.count,
                WordHash.pair(words[index].hash, words[index + 1].hash) == Self.readOnlyPair
            {
                things.insert(.readOnly)
                note(.readOnly, index, index + 1)
            }
            if fact.act.weight > Act.look.weight, !fact.isNounish, !fact.isVague, fact.form != .gerund,
                everywhere.count < 32
            {
                everywhere.append(
                    Sighting(
                        fact,
                        words[index],
                        things: thingsOf(index + 1..<min(index + 4, words.count)),
                        strength: .weak,
                        place: .description
                    )
                )
            }
        }
    }

    private mutating func note(_ thing: Things, _ first: Int, _ last: Int) {
        if places.count < 8 {
            places.append((thing, words[first].start, words[last].end))
        }
    }

    /// `does not overwrite`, `without permanently`; `cannot be undone` is not a negation.
    private func isNegated(_ index: Int, _ found: Things) -> Bool {
        guard found.contains(.overwrite) || found.contains(.forGood) else {
            return false
        }
        let before = facts[max(0, index - 3)..<index].contains { $0?.things.contains(.negation) ?? false }
        let isUndone = WordHash.of("undone") == words[index].hash
        return isUndone ? !before : before
    }
}
