import JSONText

/// Puts a verdict into words: evidence, rationale, misuse, and the severity argued for.
struct Wording {
    // LIMIT: a quote; whole words up to here.
    private static let longestQuote = 200

    let tool: DescribedTool
    let judge: Judge
    let verdict: Verdict
    let annotation: StaticString?

    func classification() -> Classification {
        let (argued, why) = argument()
        return Classification(
            category: verdict.category,
            argued: argued,
            isAdditive: verdict.isAdditive,
            confidence: verdict.confidence,
            evidence: evidence(),
            signals: judge.schema.signals,
            rationale: rationale(why),
            misuse: misuse()
        )
    }

    // MARK: - evidence

    private func evidence() -> [Evidence] {
        guard verdict.category != .unclassified else {
            return []
        }
        var evidence: [Evidence] = []
        let general = sentence(of: verdict.reason)
        let nameVerb = judge.name.strongest
        if nameVerb != nil || judge.name.isAnswer || judge.name.isQuestion {
            evidence.append(Evidence(quote: text(tool.name), source: "name", says: nameVerb.map(says(of:)) ?? general))
        }
        if !tool.description.isEmpty, !judge.description.sightings.isEmpty || judge.description.isAnswer {
            let verb = judge.description.sightings.max { $0.act.weight < $1.act.weight }
            let quote = quoted(tool.description, from: verb?.start ?? 0)
            evidence.append(Evidence(quote: quote, source: "description", says: verb.map(says(of:)) ?? general))
        }
        if !judge.title.sightings.isEmpty {
            evidence.append(Evidence(quote: quoted(tool.title, from: 0), source: "title", says: general))
        }
        addMentions(to: &evidence)
        for (sighting, parameter) in judge.schema.choices where sighting.act == verdict.sighting?.act {
            let quote = choice(parameter, sighting)
            evidence.append(
                Evidence(quote: quote, source: "inputSchema.properties.\(parameter)", says: says(of: sighting))
            )
            break
        }
        if verdict.reason == .runsCode,
            let signal = judge.schema.signals.first(where: { [.code, .shell, .query].contains($0.kind) })
        {
            evidence.append(
                Evidence(quote: signal.parameter, source: "inputSchema.properties", says: signal.sentence)
            )
        }
        if let annotation {
            let value = annotation.description == "readOnlyHint" ? "false" : "true"
            evidence.append(
                Evidence(
                    quote: value,
                    source: "annotations.\(annotation)",
                    says: "the server itself says that it writes"
                )
            )
        }
        if evidence.count < 2, let context = serverEvidence() {
            evidence.append(context)
        }
        return evidence
    }

    private func addMentions(to evidence: inout [Evidence]) {
        let wanted: Things =
            switch verdict.category {
            case .destructive: [.forGood, .overwrite]
            case .read: .readOnly
            default: []
            }
        for (thing, start, end) in judge.description.places where !thing.isDisjoint(with: wanted) {
            let quote = text(tool.description.dropFirst(Int(start)).prefix(Int(end - start)))
            let says =
                thing.contains(.readOnly) ? "the server says that it only reads" : "what is gone is gone for good"
            evidence.append(Evidence(quote: quote, source: "description", says: says))
            return
        }
    }

    private func choice(_ parameter: String, _ sighting: Sighting) -> String {
        guard let values = tool.inputSchema?["properties"]?.member(parameter.utf8)?["enum"] else {
            return parameter
        }
        for value in values.elements {
            if let text = value.string, NameReading(name: text.slice, server: []).strongest?.act == sighting.act {
                return text.text
            }
        }
        return parameter
    }

    /// The sentence of the server's own description that speaks of the tool's object, or of what can be done to it.
    private func serverEvidence() -> Evidence? {
        let text = tool.serverDescription
        guard !text.isEmpty else {
            return nil
        }
        let words = WordReader.words(of: text, bytes: 512, limit: 80)
        let objects = Set(judge.name.objects)
        let crud = WordHash.of("crud")
        guard
            let hit = words.first(where: { word in
                word.hash == crud || objects.contains(word.hash)
                    || objects.contains { isPlural(word, of: $0, in: text) }
            })
        else {
            return nil
        }
        let end = words.first { $0.start > hit.start && $0.before == .sentence }?.start ?? Int32(min(512, text.count))
        let start = words.last { $0.start <= hit.start && $0.before == .sentence }?.start ?? 0
        let sentence = text.dropFirst(Int(start)).prefix(Int(end - start))
        return Evidence(
            quote: quoted(sentence, from: 0),
            source: "serverDescription",
            says: "what the server works on"
        )
    }

    private func isPlural(_ word: Word, of object: UInt64, in text: ArraySlice<UInt8>) -> Bool {
        let bytes = text.dropFirst(Int(word.start)).prefix(Int(word.end - word.start))
        guard bytes.last == UInt8(ascii: "s") else {
            return WordHash.add(UInt8(ascii: "s"), to: word.hash) == object
        }
        var hash = WordHash.start
        for byte in bytes.dropLast() {
            hash = WordHash.add(byte | 0x20, to: hash)
        }
        return hash == object
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The whole text when it is short, else from the beginning of what matters, cut between words.
    private func quoted(_ bytes: ArraySlice<UInt8>, from start: Int32) -> String {
        var part = bytes
        while let last = part.last, last <= 0x20 {
            part = part.dropLast()
        }
        guard part.count > Self.longestQuote else {
            return text(part)
        }
        part = part.dropFirst(Int(start) > Self.longestQuote / 2 ? Int(start) : 0).prefix(Self.longestQuote)
        let cut = part.lastIndex { $0 == 0x20 || $0 == 0x0a } ?? part.endIndex
        part = part[..<cut]
        while let last = part.last, last & 0xc0 == 0x80 || last >= 0xc0, cut == part.endIndex, part.count > 1 {
            // Without a blank to cut at, never in the middle of a letter.
            part = part.dropLast()
            if last >= 0xc0 {
                break
            }
        }
        return text(part)
    }

    // MARK: - sentences

    private func says(of sighting: Sighting) -> String {
        switch sighting.act {
        case .none: "says nothing"
        case .read: "the verb fetches"
        case .look: "the verb examines or computes"
        case .add: "the verb adds something new"
        case .change: "the verb changes what is there"
        case .send: "the verb sends something to others"
        case .run: "the verb sets something going"
        case .make: "the verb has something made"
        case .erase: "the verb takes something away"
        case .pay: "the verb moves money"
        }
    }

    private func sentence(of reason: Verdict.Reason) -> String {
        switch reason {
        case .retrieves: "It retrieves data and changes nothing."
        case .computes: "It works out an answer from what it is given and changes nothing."
        case .answers: "It is described by what it gives back, not by anything it changes."
        case .asks: "It answers a question and changes nothing."
        case .onlyReads: "It runs what it is given, but only to read, as the server says."
        case .adds: "It adds new data, which can be corrected or taken out again."
        case .sends:
            "It sends something to others; what is sent is data that was added, but it cannot be"
                + " called back."
        case .changes: "It changes data that is there; the earlier state can be set again."
        case .detaches: "It takes an attachment or a setting away, which can be put back; the thing itself stays."
        case .keepsFile: "It fetches or makes something and keeps it in a file."
        case .permits: "It changes who may do what, which can be set back."
        case .annotated: "Its words only read, but the server itself marks it as writing."
        case .triggers: "It sets something going whose effect depends on the arguments and reaches beyond the call."
        case .runsCode: "It runs code or commands that the caller writes: the effect is whatever they say."
        case .produces: "It has another system make something; what comes out depends on the arguments."
        case .drives: "It operates a program on someone's behalf; the effect depends on what is open there."
        case .erases: "It deletes, and nothing in the definition says that it could be brought back."
        case .overwrites: "It replaces what is there for good."
        case .movesMoney: "It moves money or something that is worth money."
        case .trades: "It changes an order or a position on a market, and so moves money."
        case .nothing: "Neither name, description nor schema say what it does."
        }
    }

    private func rationale(_ why: String) -> String {
        let next =
            switch verdict.category {
            case .read: "Nothing in it writes (would be Write) or sets anything going (would be Execute)."
            case .write:
                verdict.isAdditive
                    ? "Reversible, so not Destructive; it runs nothing (would be Execute) and moves no money"
                        + " (would be Financial)."
                    : "It deletes nothing for good (would be Destructive), runs nothing (would be Execute) and"
                        + " moves no"
                        + " money (would be Financial)."
            case .execute:
                "It deletes nothing by itself (would be Destructive) and moves no money (would be Financial)."
            case .destructive: "Irreversible, so more than Write; it moves no money (would be Financial)."
            case .financial: "No class is above it."
            case .unclassified: "Until a person decides, it counts as the most dangerous class."
            }
        return [sentence(of: verdict.reason), next, why].filter { !$0.isEmpty }.joined(separator: " ")
    }

    // MARK: - severity

    private func argument() -> (RiskSeverity, String) {
        let uses = judge.schema.uses
        let things = judge.name.things.union(verdict.sighting?.things ?? [])
        switch verdict.category {
        case .unclassified: return (.critical, "")
        case .financial: return (.critical, "")
        case .read:
            if things.contains(.secret) {
                return (.high, "Severity is high because it gives out secrets.")
            }
            if uses.contains(.url) {
                return (.medium, "Severity is medium because it goes to any address it is given.")
            }
            if uses.contains(.path) || !uses.isDisjoint(with: [.query, .code]) {
                return (.medium, "Severity is medium because the arguments decide what is read.")
            }
            return (.low, "Severity is low: a misuse learns something, and harms nothing.")
        case .write: return writing(uses, things)
        case .execute:
            if verdict.reason == .runsCode {
                return (.critical, "Severity is critical because the arguments are a program.")
            }
            return (.high, "")
        case .destructive:
            if !things.isDisjoint(with: [.store, .machine]) || uses.contains(.bulk) {
                return (.critical, "Severity is critical because much is lost at once.")
            }
            return (.high, "Severity is argued as high: one thing is lost at a time.")
        }
    }

    private func writing(_ uses: ParameterUse, _ things: Things) -> (RiskSeverity, String) {
        if verdict.reason == .permits || things.contains(.permission) {
            return (.high, "Severity is high because it decides who may do what.")
        }
        if verdict.reason == .sends || things.contains(.outbound) && uses.contains(.recipients) {
            return (.high, "Severity is high because it reaches other people and cannot be called back.")
        }
        if uses.contains(.bulk) {
            return (.high, "Severity is high because one call changes many things.")
        }
        if uses.contains(.path) || uses.contains(.output) {
            return (.high, "Severity is high because the arguments decide which file is written.")
        }
        return (.medium, "Severity is medium: wrong data does harm, but can be corrected.")
    }

    private func misuse() -> String {
        switch verdict.category {
        case .read:
            "A misuse reads what the task does not need, and may carry it elsewhere through another tool."
        case .write:
            verdict.reason == .sends
                ? "A misuse speaks to others in your name, or carries data out in a message."
                : "A misuse fills the system with wrong data, or alters what people rely on."
        case .execute:
            verdict.reason == .runsCode
                ? "A misuse runs whatever an attacker wrote, with the rights of the server."
                : "A misuse starts things nobody asked for, again and again if an agent loops."
        case .destructive: "A misuse loses data that only a backup brings back."
        case .financial: "A misuse spends or moves money that may never come back."
        case .unclassified: "Unknown: it may do anything the server can."
        }
    }
}
