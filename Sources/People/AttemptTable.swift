internal import Base

/// How many attempts there may be, over which time.
public struct AttemptLimit: Hashable, Sendable {
    /// Attempts at once; at least 1.
    public let count: Int64
    /// Over how long they come back, in milliseconds.
    public let period: Int64

    /// A limit from its parts; a count below 1 is 1.
    public init(_ count: Int64, in period: Duration) {
        self.count = max(1, count)
        self.period = max(1, period.components.seconds * 1_000)
    }

    fileprivate var cost: Int64 { period / count }
}

/// The limits of signing in.
public struct AttemptLimits: Hashable, Sendable {
    /// For one account from one address.
    public let pair: AttemptLimit
    /// From one address, whatever the account.
    public let address: AttemptLimit
    /// For one account, from wherever: many addresses together guess no faster.
    public let account: AttemptLimit
    /// Wrong codes for one account, whose password was right.
    public let code: AttemptLimit
    /// What is remembered at most, in entries of about 100 bytes.
    public let maximumEntries: Int

    /// Limits from their parts.
    public init(
        pair: AttemptLimit = AttemptLimit(5, in: .seconds(60)),
        address: AttemptLimit = AttemptLimit(30, in: .seconds(60)),
        account: AttemptLimit = AttemptLimit(100, in: .seconds(3_600)),
        code: AttemptLimit = AttemptLimit(10, in: .seconds(3_600)),
        maximumEntries: Int = 20_000
    ) {
        self.pair = pair
        self.address = address
        self.account = account
        self.code = code
        self.maximumEntries = max(8, maximumEntries)
    }
}

/// Counts attempts to sign in, in bounded memory.
///
/// Pure: the time comes in. Each key has one number, the time until which it is in debt; an attempt adds its share of the
/// period, a successful one takes it back. An attempt is counted when it begins, so that many at once get no further than
/// one after the other. When the table is full, whoever owes least is forgotten.
public struct AttemptTable: Sendable {
    /// What attempts are counted for.
    enum Key: Hashable {
        case pair(account: ByteString, address: ByteString)
        case address(ByteString)
        case account(ByteString)
        case code(account: ByteString)
    }

    private let limits: AttemptLimits
    private var debts: [Key: Int64] = [:]

    /// An empty table.
    public init(_ limits: AttemptLimits = AttemptLimits()) {
        self.limits = limits
    }

    /// How many keys are remembered.
    public var count: Int { debts.count }

    /// Counts an attempt; the milliseconds to wait when there were too many, and then nothing is counted.
    mutating func begin(account: ByteString, address: ByteString, now: Int64) -> Int64? {
        count(Self.keys(account, address), now: now)
    }

    /// Takes an attempt back that succeeded.
    mutating func succeeded(account: ByteString, address: ByteString, now: Int64) {
        for key in Self.keys(account, address) {
            giveBack(key, now: now)
        }
    }

    /// Counts a code that is about to be checked.
    mutating func beginCode(account: ByteString, now: Int64) -> Int64? {
        count([.code(account: account)], now: now)
    }

    /// Takes a code back that was right.
    mutating func codeSucceeded(account: ByteString, now: Int64) {
        giveBack(.code(account: account), now: now)
    }

    private static func keys(_ account: ByteString, _ address: ByteString) -> [Key] {
        [.pair(account: account, address: address), .address(address), .account(account)]
    }

    private func limit(of key: Key) -> AttemptLimit {
        switch key {
        case .pair: limits.pair
        case .address: limits.address
        case .account: limits.account
        case .code: limits.code
        }
    }

    private mutating func count(_ keys: [Key], now: Int64) -> Int64? {
        var wait: Int64 = 0
        for key in keys {
            let limit = limit(of: key)
            let after = max(debts[key] ?? now, now) + limit.cost
            wait = max(wait, after - limit.period - now)
        }
        guard wait <= 0 else {
            return wait
        }
        for key in keys {
            makeRoom(for: key, now: now)
            debts[key] = max(debts[key] ?? now, now) + limit(of: key).cost
        }
        return nil
    }

    private mutating func giveBack(_ key: Key, now: Int64) {
        guard let debt = debts[key] else {
            return
        }
        let rest = debt - limit(of: key).cost
        debts[key] = rest > now ? rest : nil
    }

    private mutating func makeRoom(for key: Key, now: Int64) {
        guard debts.count >= limits.maximumEntries, debts[key] == nil else {
            return
        }
        debts = debts.filter { $0.value > now }
        guard debts.count >= limits.maximumEntries, let least = debts.min(by: { $0.value < $1.value }) else {
            return
        }
        debts[least.key] = nil
    }
}
