import Base

/// Names one counter of one holder for one value of its key.
struct CounterKey: Hashable, Sendable {
    let identity: CounterIdentity
    let scopeKey: ScopeKey
    let keyValue: CounterKeyValue
    /// Made of hashes that are there already; all of them are keyed by the process's secret seed.
    private let precomputedHash: Int

    init(identity: CounterIdentity, scopeKey: ScopeKey, keyValue: CounterKeyValue) {
        self.identity = identity
        self.scopeKey = scopeKey
        self.keyValue = keyValue
        // Multiplied by an odd number, so that the same two hashes the other way round are another hash; wrapping is meant.
        var hash = identity.precomputedHash &* 31 &+ scopeKey.precomputedHash
        if keyValue != .none {
            hash = hash &* 31 &+ keyValue.hashValue
        }
        precomputedHash = hash
    }

    /// What the bound on live values applies to.
    var group: CounterGroup { CounterGroup(identity: identity, scopeKey: scopeKey) }

    static func == (left: CounterKey, right: CounterKey) -> Bool {
        left.precomputedHash == right.precomputedHash && left.identity == right.identity
            && left.scopeKey == right.scopeKey && left.keyValue == right.keyValue
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(precomputedHash)
    }
}

/// A counter of one holder, over all values of its key.
struct CounterGroup: Hashable, Sendable {
    let identity: CounterIdentity
    let scopeKey: ScopeKey
}

/// One counter with its total.
///
/// A class, so that a call looks for it once: what was tested is what is added to, and later given back to.
final class Counter: @unchecked Sendable {
    // ISOLATION: the `var`s are touched only while the lock of the holder's shard is held.
    let key: CounterKey
    var totals = WindowTotals()
    /// Whether the table has it still; when it was cleared away, what is added to it counts nowhere.
    var isKept = true
    /// Whether its shard has it on the list of those that changed since their states were last taken.
    var isChanged = false
    /// What may be added before it is on the disk; `nil` for short windows and where nothing is kept ahead.
    var allowance: Allowance?

    init(key: CounterKey) {
        self.key = key
    }
}
