/// What the sightings of one tool amount to, before it is put into words.
struct Verdict: Sendable {
    var category: RiskCategory
    var isAdditive: Bool
    /// The sighting it rests on.
    var sighting: Sighting?
    /// Why, as a key of the rationale's sentences.
    var reason: Reason
    var confidence: Double

    /// What made the class.
    enum Reason: Sendable {
        case retrieves, computes, answers, asks, onlyReads
        case adds, sends, changes, detaches, keepsFile, permits, annotated
        case triggers, runsCode, produces, drives
        case erases, overwrites
        case movesMoney, trades
        case nothing
    }
}

/// Weighs what was read of a tool.
struct Judge {
    let name: NameReading
    let title: DescriptionReading
    let description: DescriptionReading
    let schema: SchemaReading
    /// What server and texts speak of.
    let context: Things

    private typealias Outcome = (category: RiskCategory, isAdditive: Bool, reason: Verdict.Reason)

    // MARK: - one verb

    /// What one verb amounts to with its object, the schema and the server's context.
    private func outcome(_ sighting: Sighting) -> Outcome {
        switch sighting.act {
        case .none: return (.unclassified, false, .nothing)
        case .read, .look: return reading(sighting)
        case .add: return adding(sighting)
        case .send:
            return movesMoney(sighting) || sighting.things.contains(.transaction)
                ? (.financial, false, .movesMoney) : (.write, true, .sends)
        case .change: return changing(sighting)
        case .run: return running(sighting)
        case .make:
            return making(sighting)
        case .erase: return erasing(sighting)
        case .pay: return paying(sighting)
        }
    }

    private func making(_ sighting: Sighting) -> Outcome {
        var things = sighting.things
        if sighting.place == .name, let described = description.sightings.first(where: { $0.act == .make }) {
            things.formUnion(described.things)
        }
        if things.contains(.media) && !things.contains(.code) {
            return (.execute, true, .produces)
        }
        if things.contains(.secret) {
            return (.write, true, .permits)
        }
        if schema.uses.contains(.output) || description.things.contains(.local) {
            return (.write, true, .keepsFile)
        }
        return things.isDisjoint(with: [.text, .answer, .code]) ? (.execute, true, .produces) : (.read, true, .computes)
    }

    private func reading(_ sighting: Sighting) -> Outcome {
        let isComputed = sighting.act == .look
        if sighting.verb == .download && description.things.contains(.local)
            || schema.uses.contains(.output) && (sighting.verb == .download || sighting.verb == .convert)
        {
            return (.write, true, .keepsFile)
        }
        if sighting.verb == .evaluate, schema.uses.contains(.code) {
            return (.execute, false, .runsCode)
        }
        let isReadOnly = description.things.contains(.readOnly) || sighting.isFirm && name.strongest?.isFirm ?? false
        if sighting.verb == .query, schema.uses.contains(.query), !isReadOnly,
            name.things.union(sighting.things).contains(.code)
        {
            return (.execute, false, .runsCode)
        }
        return (.read, true, isComputed ? .computes : .retrieves)
    }

    private func adding(_ sighting: Sighting) -> Outcome {
        let things = sighting.things
        if things.contains(.computing), sighting.place == .description, things.isDisjoint(with: [.store, .outbound]) {
            return (.read, true, .computes)
        }
        if sighting.verb == .create, things.contains(.model), things.isDisjoint(with: [.store, .machine, .setting]) {
            return (.read, true, .computes)
        }
        if sighting.verb == .create, movesMoney(sighting) || isTransaction(things),
            things.isDisjoint(with: [.link, .answer, .setting])
        {
            return (.financial, false, .movesMoney)
        }
        if sighting.verb == .create, isDeal(things) {
            return (.financial, false, .trades)
        }
        if things.contains(.permission) {
            return (.write, true, .permits)
        }
        // On a control plane, creating under a name of the caller's choice replaces what has the name.
        let isDeclared = sighting.verb == .create || sighting.verb == .import
        let isReplacing = schema.uses.contains(.overwrites) || isDeclared && schema.uses.contains(.scope)
        return (.write, !isReplacing, .adds)
    }

    private func changing(_ sighting: Sighting) -> Outcome {
        let things = sighting.things
        switch sighting.verb {
        case .transfer:
            let hasPayee = !schema.uses.isDisjoint(with: [.recipientAddress, .recipients])
            if things.contains(.money) || schema.uses.contains(.amount) && (hasPayee || context.contains(.market)) {
                return (.financial, false, .movesMoney)
            }
        case .approve where things.contains(.money) && context.contains(.market):
            return (.financial, false, .movesMoney)
        case .cancel, .close, .update:
            if isDeal(things) {
                return (.financial, false, .trades)
            }
        default:
            break
        }
        if description.things.contains(.forGood), sighting.place == .description || name.sightings.isEmpty {
            return (.destructive, false, .overwrites)
        }
        // A switch overwrites nothing: its opposite is one call away.
        let isSwitch = sighting.verb == .switch
        return (.write, isSwitch, things.contains(.permission) ? .permits : .changes)
    }

    private func running(_ sighting: Sighting) -> Outcome {
        let things = sighting.things
        if sighting.verb == .open, things.contains(.knowledge) {
            return (.read, true, .retrieves)
        }
        if sighting.verb == .execute || sighting.verb == .sign,
            things.contains(.money) || things.contains(.transaction) && context.contains(.market) || isDeal(things)
        {
            return (.financial, false, .trades)
        }
        if sighting.verb == .open || sighting.verb == .start, isDeal(things) {
            return (.financial, false, .trades)
        }
        if !schema.uses.isDisjoint(with: [.code, .shell, .query]) || things.contains(.code) {
            if isReadOnlyQuery {
                return (.read, true, .onlyReads)
            }
            return (.execute, false, .runsCode)
        }
        if sighting.verb == .call, description.things.contains(.readOnly) {
            return (.read, true, .onlyReads)
        }
        // To start or to run adds a run; to stop, to click, to deploy alters what is there.
        let starts = sighting.verb == .start || sighting.verb == .execute || sighting.verb == .call
        return (.execute, starts && !things.contains(.view), things.contains(.view) ? .drives : .triggers)
    }

    /// A query language, and the server says that it only reads.
    private var isReadOnlyQuery: Bool {
        description.things.contains(.readOnly) && !schema.uses.contains(.shell) && !name.things.contains(.readOnly)
            || name.sightings.contains { $0.isFirm }
    }

    private func erasing(_ sighting: Sighting) -> Outcome {
        let things = sighting.things
        if sighting.verb == .terminate, things.contains(.machine), things.isDisjoint(with: .store) {
            return (.execute, false, .triggers)
        }
        if sighting.verb == .remove || sighting.verb == .clear {
            let isDetached = things.contains(.link) || things.contains(.setting)
            if isDetached, !description.things.contains(.forGood) {
                return (.write, false, .detaches)
            }
        }
        return (.destructive, false, .erases)
    }

    private func paying(_ sighting: Sighting) -> Outcome {
        if sighting.strength == .weak || sighting.isNounish {
            let hasMoney =
                sighting.things.contains(.money) || context.contains(.market) || schema.uses.contains(.amount)
            return hasMoney ? (.financial, false, .movesMoney) : (.write, false, .changes)
        }
        return (.financial, false, .movesMoney)
    }

    private func movesMoney(_ sighting: Sighting) -> Bool {
        sighting.things.contains(.money) && sighting.things.isDisjoint(with: .outbound)
    }

    private func isTransaction(_ things: Things) -> Bool {
        things.contains(.transaction) && context.contains(.market)
    }

    /// An order or a position on a market; an order of a shop is data.
    private func isDeal(_ things: Things) -> Bool {
        things.contains(.deal) && context.contains(.market)
    }

    // MARK: - all of them

    /// The class, with the sighting that made it.
    func verdict() -> Verdict {
        var firm: [Sighting] = []
        var weak: [Sighting] = []
        for sighting in name.sightings + description.sightings {
            if sighting.isVague || sighting.strength == .weak {
                weak.append(sighting)
            } else {
                firm.append(sighting)
            }
        }
        let named = firm.filter { $0.place == .name }
        let described = firm.filter { $0.place == .description }
        var chosen = choose(named, described)
        let isManaged = description.sightings.first.map { $0.isVague && $0.act.weight > Act.read.weight } ?? false
        if chosen.isEmpty || isManaged && named.isEmpty {
            chosen += soft(weak)
        }
        chosen += schema.choices.map(\.act)
        if chosen.isEmpty {
            return nothingFirm()
        }
        return strongest(of: chosen, named, described)
    }

    /// The firm sightings that count: a plain word of fetching in the name is not overruled by a verb of doing.
    private func choose(_ named: [Sighting], _ described: [Sighting]) -> [Sighting] {
        guard !named.isEmpty, !described.isEmpty else {
            return named + described
        }
        let isFetch = named.allSatisfy { $0.isFirm } && named.allSatisfy { $0.act == .read || $0.act == .look }
        guard isFetch else {
            return named + described.filter { isHeard($0, beside: named) }
        }
        return named + described.filter { $0.act != .run && $0.act != .make && $0.act != .look }
    }

    /// A description's verb is heard beside a name's unless both are of one kind.
    private func isHeard(_ sighting: Sighting, beside named: [Sighting]) -> Bool {
        true
    }

    /// Verbs that are as often nouns, and vague ones with what the description says besides.
    private func soft(_ weak: [Sighting]) -> [Sighting] {
        let isVague = weak.contains { $0.isVague }
        guard isVague else {
            let described = weak.filter { $0.place == .description }
            if name.isAnswer || description.isAnswer, !described.contains(where: { $0.act.weight > Act.read.weight }) {
                return weak.filter { $0.act == .read || $0.act == .look }
            }
            return weak
        }
        let plain = weak.filter { !$0.isVague }
        let loud = description.everywhere.filter { $0.act.weight > Act.read.weight }
        return plain + (loud.isEmpty ? weak : loud)
    }

    private func nothingFirm() -> Verdict {
        if let sighting = title.sightings.first(where: { $0.strength == .firm && !$0.isVague }) {
            let (category, isAdditive, reason) = outcome(sighting)
            return Verdict(
                category: category,
                isAdditive: isAdditive,
                sighting: sighting,
                reason: reason,
                confidence: 0.6
            )
        }
        if name.isQuestion {
            return Verdict(category: .read, isAdditive: true, sighting: nil, reason: .asks, confidence: 0.6)
        }
        if name.isAnswer || description.isAnswer {
            return Verdict(category: .read, isAdditive: true, sighting: nil, reason: .answers, confidence: 0.55)
        }
        return Verdict(category: .unclassified, isAdditive: false, sighting: nil, reason: .nothing, confidence: 0)
    }

    private func strongest(of chosen: [Sighting], _ named: [Sighting], _ described: [Sighting]) -> Verdict {
        var best: (outcome: Outcome, sighting: Sighting)?
        var isAdditive = true
        for sighting in chosen {
            let outcome = outcome(sighting)
            isAdditive = isAdditive && outcome.isAdditive
            if best == nil || outcome.category > best?.outcome.category ?? .read {
                best = (outcome, sighting)
            }
        }
        guard let best else {
            return nothingFirm()
        }
        var confidence = named.isEmpty ? 0.78 : 0.86
        if !named.isEmpty, !described.isEmpty {
            let agrees =
                described.contains { outcome($0).category == best.outcome.category }
                && named.contains { outcome($0).category == best.outcome.category }
            confidence = agrees ? 0.97 : 0.65
        } else if named.isEmpty, described.isEmpty {
            confidence = 0.55
        }
        var category = best.outcome.category
        var reason = best.outcome.reason
        if category == .write, description.things.contains(.overwrite), best.sighting.verb == .write {
            category = .destructive
            reason = .overwrites
        }
        if category == .write, description.things.contains(.overwrite) {
            isAdditive = false
        }
        if category < .execute, schema.uses.isSuperset(of: [.method, .url]), schema.choosesMethod {
            category = .execute
            reason = .triggers
            isAdditive = false
        }
        return Verdict(
            category: category,
            isAdditive: category == .read || isAdditive,
            sighting: best.sighting,
            reason: reason,
            confidence: confidence
        )
    }
}
