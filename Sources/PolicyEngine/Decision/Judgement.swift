/// Why a value could not be judged properly and counts on the safe side.
enum SafeSide: String, Sendable, Hashable {
    case wrongType = "-type"
    case ambiguous = "-ambiguous"
}

/// What one value makes of a condition.
enum Judgement: Sendable, Hashable {
    case holds
    case fails
    case safeSide(SafeSide)

    init(_ holds: Bool) {
        self = holds ? .holds : .fails
    }
}

/// How values and conditions are joined: in `require` all must satisfy and failing is safe, elsewhere any suffices and
/// holding is safe (policy-language.md, section 2).
enum Polarity: Sendable {
    case require
    case other
}

/// What a whole condition or block comes to.
struct ConditionResult: Sendable {
    let isSatisfied: Bool
    /// Why, when it was not decided properly.
    let ground: SafeSide?

    init(isSatisfied: Bool, ground: SafeSide?) {
        self.isSatisfied = isSatisfied
        self.ground = ground
    }

    /// What one value alone comes to.
    init(_ judgement: Judgement, _ polarity: Polarity) {
        switch judgement {
        case .holds: self.init(isSatisfied: true, ground: nil)
        case .fails: self.init(isSatisfied: false, ground: nil)
        case .safeSide(let side): self.init(isSatisfied: polarity == .other, ground: side)
        }
    }
}

/// Joins the judgements of one quantified condition.
///
/// A value that decides properly beats the safe side; else the first value on the safe side gives the ground.
struct JudgementCollector {
    let polarity: Polarity
    private(set) var isDecided = false
    private var ground: SafeSide?

    init(polarity: Polarity) {
        self.polarity = polarity
    }

    mutating func take(_ judgement: Judgement) {
        switch judgement {
        case .holds: isDecided = isDecided || polarity == .other
        case .fails: isDecided = isDecided || polarity == .require
        case .safeSide(let side): ground = ground ?? side
        }
    }

    var result: ConditionResult {
        switch polarity {
        case .require:
            ConditionResult(isSatisfied: !isDecided && ground == nil, ground: isDecided ? nil : ground)
        case .other:
            ConditionResult(isSatisfied: isDecided || ground != nil, ground: isDecided ? nil : ground)
        }
    }
}
