public import Base

/// One addition to one counter, and the bound it must respect.
public struct Charge: Sendable {
    /// Which counter.
    public let identity: CounterIdentity
    /// Whose.
    public let scopeKey: ScopeKey
    /// For which value of the key.
    public let keyValue: CounterKeyValue
    /// The highest total admitted inside one window.
    public let maximum: ExactDecimal
    /// What to add; never negative.
    ///
    /// Zero adds nothing and is admitted even when the counter is full.
    public let amount: ExactDecimal
    /// The half-open calendar window the call falls into; ignored by sliding counters.
    public let calendarWindow: Range<WallTime>
    /// Whether a refusal is only recorded.
    public let isShadow: Bool
    /// The caller's own number for the limit this came from.
    public let tag: Int
    /// The counter it was tested by, once it was and there is one.
    var counter: Counter?
    /// Where it was added; `nil` when it was not.
    var bucket: Int64?

    var key: CounterKey { CounterKey(identity: identity, scopeKey: scopeKey, keyValue: keyValue) }

    /// A charge.
    ///
    /// A negative `amount` counts as zero: nothing a caller passes can lower a counter.
    public init(
        identity: CounterIdentity,
        scopeKey: ScopeKey,
        keyValue: CounterKeyValue = .none,
        maximum: ExactDecimal,
        amount: ExactDecimal,
        calendarWindow: Range<WallTime> = WallTime(milliseconds: 0)..<WallTime(milliseconds: 0),
        isShadow: Bool = false,
        tag: Int = 0
    ) {
        self.identity = identity
        self.scopeKey = scopeKey
        self.keyValue = keyValue
        self.maximum = maximum
        self.amount = amount.isNegative ? .zero : amount
        self.calendarWindow = calendarWindow
        self.isShadow = isShadow
        self.tag = tag
    }
}

/// One place among the calls a grant may have in flight.
public struct SlotClaim: Sendable {
    /// Whose calls are counted.
    public let scopeKey: ScopeKey
    /// The tool whose calls are counted, `nil` for all of them together.
    public let tool: ByteString?
    /// How many may be in flight, this one included.
    public let maximum: Int
    /// The caller's own number for the rule this came from.
    public let tag: Int

    /// A claim.
    public init(scopeKey: ScopeKey, tool: ByteString?, maximum: Int, tag: Int = 0) {
        self.scopeKey = scopeKey
        self.tool = tool
        self.maximum = maximum
        self.tag = tag
    }
}

/// Everything one call has to reserve, all of it or nothing.
public struct ReservationPlan: Sendable {
    /// Places in flight, asked first.
    public var slots: [SlotClaim]
    /// Additions to counters, asked together.
    public var charges: [Charge]

    /// A plan.
    public init(slots: [SlotClaim] = [], charges: [Charge] = []) {
        self.slots = slots
        self.charges = charges
    }

    /// Whether there is nothing to reserve.
    public var isEmpty: Bool { slots.isEmpty && charges.isEmpty }
}

/// Why a plan was refused.
public struct LimitRefusal: Sendable, Equatable {
    /// Which kind of bound refused first.
    public enum Source: Sendable, Equatable {
        /// Too many calls in flight; the claim's tag.
        case slot(tag: Int)
        /// A counter is full; the charge's tag.
        case charge(tag: Int)
    }

    /// The first refusing bound, in the order of the plan.
    public let source: Source
    /// The longest wait over all refusing counters; `nil` when one of them never admits the call, when a counter has
    /// too many live values, and for places in flight.
    public let retryAfter: Duration?
    /// The tags of all refusing charges, in order (for traces).
    public let refusedCharges: [Int]
}

/// What became of a plan.
public enum ReservationResult: Sendable {
    /// Everything is reserved.
    ///
    /// `shadowRefusal` is the tag of the first shadow charge that would have refused.
    case admitted(Reservation, shadowRefusals: [Int])
    /// Nothing is reserved.
    case refused(LimitRefusal)
}
