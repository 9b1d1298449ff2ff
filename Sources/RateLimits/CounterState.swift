public import Base

/// One counter as it may outlive the process: what it counts, and what still counts in it.
///
/// Times are of the wall clock, because the monotonic one begins anew with every boot.
public struct CounterState: Hashable, Sendable {
    /// Names the counter among all others of the gateway, the same in every process.
    public let counter: [UInt8]
    /// Its windows; empty when nothing counts any more and the counter may be forgotten.
    public let windows: [UInt8]

    /// A state from what was kept of it; nothing is checked until it is restored.
    public init(counter: [UInt8], windows: [UInt8]) {
        self.counter = counter
        self.windows = windows
    }
}

/// What the two clocks show at one moment.
public struct ClockReading: Sendable {
    /// The clock of sliding windows.
    public let now: Instant
    /// The clock of calendar windows.
    public let wall: WallTime

    /// A reading from its parts.
    public init(now: Instant, wall: WallTime) {
        self.now = now
        self.wall = wall
    }
}

extension LimitTable {
    /// The counters that changed since they were last taken, as they are now; at most `limit`.
    ///
    /// Whoever takes a state keeps it: it is not given again until the counter changes again. Locks are held for copying
    /// a few words each; encoding happens outside them. Safe on any thread; for one that serves nobody, and that is done
    /// with what it took before it takes again.
    public func takeChanges(atMost limit: Int = .max, clocks: ClockReading) -> CounterChanges {
        var changes = CounterChanges()
        for shard in shards where changes.states.count < limit {
            for taken in shard.takeChanged(atMost: limit - changes.states.count, at: clocks.now) {
                changes.states.append(StateCoding.state(of: taken, clocks))
                if let counter = taken.counter, let offer = taken.offer, offer.adds {
                    changes.leases.append(CounterLease(counter: counter, offer: offer))
                }
            }
        }
        return changes
    }

    /// Lets counters use what is kept ahead of them.
    ///
    /// Only once the states that were taken together with the leases are on the disk.
    public func use(_ leases: [CounterLease]) {
        for lease in leases {
            shard(of: lease.counter.key.scopeKey).grant(lease.offer, to: lease.counter)
        }
    }

    /// Keeps nothing ahead any more: the states that can be taken now are exact.
    ///
    /// For a table that admits nothing any more.
    public func endLeases() {
        for shard in shards {
            shard.endAllowances()
        }
    }

    /// Adds what was kept of counters to what is there.
    ///
    /// For a table that admits nothing yet. What has expired meanwhile is left out; a wall clock that was set back makes
    /// an entry count longer, at most one whole window from now, and never shorter.
    ///
    /// - Returns: how many states could not be read; each of them is left out.
    public func restore(_ states: [CounterState], clocks: ClockReading) -> Int {
        var unreadable = 0
        for state in states {
            guard let read = StateCoding.read(state) else {
                unreadable += 1
                continue
            }
            for entry in read.entries + [read.ahead(at: clocks.wall)].compactMap(\.self) {
                restore(entry, of: read.key, clocks)
            }
        }
        return unreadable
    }

    /// Counts a charge that was admitted at `made` by a process that has ended and whose state does not have it yet.
    ///
    /// Nothing is tested: it was admitted.
    public func replay(_ charge: Charge, made: WallTime, clocks: ClockReading) {
        guard !charge.amount.isZero else {
            return
        }
        let expires: Int64
        let start: Int64
        switch charge.identity.window {
        case .sliding(let length):
            let milliseconds = length / 1_000_000 + 1
            expires = made.milliseconds.addingReportingOverflow(milliseconds).partialValue
            start = 0
        case .calendar:
            expires = charge.calendarWindow.upperBound.milliseconds
            start = charge.calendarWindow.lowerBound.milliseconds
        }
        restore(StoredEntry(start: start, expires: expires, sum: charge.amount), of: charge.key, clocks)
    }

    private func restore(_ entry: StoredEntry, of key: CounterKey, _ clocks: ClockReading) {
        let shard = shard(of: key.scopeKey)
        switch key.identity.window {
        case .sliding(let length):
            let left = (entry.expires - clocks.wall.milliseconds).multipliedReportingOverflow(by: 1_000_000)
            let wait = left.overflow ? (left.partialValue < 0 ? length : -1) : Swift.min(left.partialValue, length)
            guard entry.expires > clocks.wall.milliseconds, wait > 0 else {
                return
            }
            let expires = clocks.now.nanoseconds &+ wait
            let width = Swift.max((length - 1) / WindowMoment.divisions + 1, 1)
            let bucket = (expires &- length).flooredDivision(by: width).quotient
            shard.restore(entry.sum, to: key, bucket: bucket, expires: expires, isSliding: true)
        case .calendar:
            guard entry.expires > clocks.wall.milliseconds else {
                return
            }
            shard.restore(entry.sum, to: key, bucket: entry.start, expires: entry.expires, isSliding: false)
        }
    }
}

/// What changed of a table's counters since it was last taken.
public struct CounterChanges: Sendable {
    /// The counters as they are, each with what is kept ahead of it.
    public fileprivate(set) var states: [CounterState] = []
    /// What may be used once the states are on the disk.
    ///
    /// When there is any, they should be put there at once.
    public fileprivate(set) var leases: [CounterLease] = []
}

/// Leave to add to a counter, up to a bound, before the additions are on the disk.
public struct CounterLease: Sendable {
    fileprivate let counter: Counter
    fileprivate let offer: Allowance.Offer
}

/// A bucket in wall-clock milliseconds.
struct StoredEntry {
    /// A calendar window's beginning; 0 of sliding ones.
    let start: Int64
    let expires: Int64
    let sum: ExactDecimal
}

/// A state that was read.
private struct StoredCounter {
    let key: CounterKey
    let entries: [StoredEntry]
    /// What may have been added since without a trace, and until when, in wall-clock milliseconds.
    let lease: (until: Int64, amount: ExactDecimal)?

    /// What was kept ahead, as if all of it had been used: the process did not come to its end.
    ///
    /// In a sliding window at the last moment at which it can have been; in a calendar window in the youngest, which is
    /// what it was good for.
    func ahead(at wall: WallTime) -> StoredEntry? {
        guard let lease, !lease.amount.isZero else {
            return nil
        }
        switch key.identity.window {
        case .sliding(let length):
            let (expires, overflow) = Swift.min(lease.until, wall.milliseconds)
                .addingReportingOverflow(length / 1_000_000 + 1)
            return StoredEntry(start: 0, expires: overflow ? .max : expires, sum: lease.amount)
        case .calendar:
            return entries.last.map { StoredEntry(start: $0.start, expires: $0.expires, sum: lease.amount) }
        }
    }
}

/// The bytes of counters: fields of fixed order, each text behind its length, so that no two counters have the same.
private enum StateCoding {
    private static let version: UInt8 = 1
    /// Windows with something kept ahead of them.
    private static let versionAhead: UInt8 = 2

    static func state(of taken: LimitShard.Taken, _ clocks: ClockReading) -> CounterState {
        CounterState(counter: counter(taken.key), windows: windows(taken, clocks))
    }

    private static func counter(_ key: CounterKey) -> [UInt8] {
        var output = FieldWriter()
        output.append(version)
        switch key.identity.window {
        case .sliding(let nanoseconds):
            output.append(0)
            output.append(number: nanoseconds)
        case .calendar(let unit):
            output.append(1)
            output.append(unit.rawValue)
        }
        output.append(key.identity.scope.rawValue)
        output.append(run: key.identity.name.bytes)
        output.append(key.identity.keyPath == nil ? 0 : 1)
        output.append(run: key.identity.keyPath?.bytes ?? [])
        output.append(key.scopeKey.kind.rawValue)
        output.append(run: key.scopeKey.bytes.bytes)
        let (tag, value): (UInt8, [UInt8]) =
            switch key.keyValue {
            case .none: (0, [])
            case .text(let text): (1, text.bytes)
            case .digest(let digest): (2, digest.bytes)
            case .number(let number): (3, Array(number.description.utf8))
            case .boolean(let isTrue): (4, [isTrue ? 1 : 0])
            }
        output.append(tag)
        output.append(run: value)
        return output.bytes
    }

    private static func windows(_ taken: LimitShard.Taken, _ clocks: ClockReading) -> [UInt8] {
        // Rounded up to the millisecond: too long, never too short.
        func wall(_ nanoseconds: Int64) -> Int64 {
            clocks.wall.milliseconds + (nanoseconds - clocks.now.nanoseconds) / 1_000_000 + 1
        }
        let entries = taken.totals.entries.map { entry in
            guard case .sliding = taken.key.identity.window else {
                return entry
            }
            return StoredEntry(start: 0, expires: wall(entry.expires), sum: entry.sum)
        }
        guard !entries.isEmpty else {
            return []
        }
        var output = FieldWriter()
        if let offer = taken.offer, !offer.ahead.isZero {
            output.append(versionAhead)
            output.append(number: wall(offer.ends))
            output.append(run: Array(offer.ahead.description.utf8))
        } else {
            output.append(version)
        }
        for entry in entries {
            output.append(number: entry.start)
            output.append(number: entry.expires)
            output.append(run: Array(entry.sum.description.utf8))
        }
        return output.bytes
    }

    static func read(_ state: CounterState) -> StoredCounter? {
        var fields = FieldReader(state.counter)
        guard fields.byte() == version, let window = window(&fields), let scope = fields.byte(),
            let scope = CounterScope(rawValue: scope), let name = fields.run(), let hasPath = fields.byte(),
            hasPath < 2,
            let path = fields.run(), let kind = fields.byte(), let kind = ScopeKey.Kind(rawValue: kind),
            let holder = fields.run(), let value = keyValue(&fields), fields.isAtEnd
        else {
            return nil
        }
        let identity = CounterIdentity(
            name: ByteString(name),
            window: window,
            scope: scope,
            keyPath: hasPath == 1 ? ByteString(path) : nil
        )
        let key = CounterKey(identity: identity, scopeKey: ScopeKey(kind, ByteString(holder)), keyValue: value)
        return read(state.windows, of: key)
    }

    private static func window(_ fields: inout FieldReader) -> CounterWindow? {
        switch fields.byte() {
        case 0: fields.number().flatMap { $0 > 0 ? .sliding(nanoseconds: $0) : nil }
        case 1: fields.byte().flatMap { WindowUnit(rawValue: $0) }.map { .calendar($0) }
        default: nil
        }
    }

    private static func keyValue(_ fields: inout FieldReader) -> CounterKeyValue? {
        guard let tag = fields.byte(), let value = fields.run() else {
            return nil
        }
        switch tag {
        case 0: return value.isEmpty ? CounterKeyValue.none : nil
        case 1: return .text(ByteString(value))
        case 2: return .digest(ByteString(value))
        case 3: return ExactDecimal(lexeme: value.span).map { .number($0) }
        case 4: return value.count == 1 ? .boolean(value[0] == 1) : nil
        default: return nil
        }
    }

    private static func read(_ windows: [UInt8], of key: CounterKey) -> StoredCounter? {
        guard !windows.isEmpty else {
            return StoredCounter(key: key, entries: [], lease: nil)
        }
        var fields = FieldReader(windows)
        var lease: (until: Int64, amount: ExactDecimal)?
        switch fields.byte() {
        case version: break
        case versionAhead:
            guard let until = fields.number(), let text = fields.run(), let amount = ExactDecimal(lexeme: text.span),
                !amount.isNegative
            else {
                return nil
            }
            lease = (until, amount)
        default: return nil
        }
        var entries: [StoredEntry] = []
        while !fields.isAtEnd {
            guard let start = fields.number(), let expires = fields.number(), let text = fields.run(),
                let sum = ExactDecimal(lexeme: text.span), !sum.isNegative
            else {
                return nil
            }
            entries.append(StoredEntry(start: start, expires: expires, sum: sum))
        }
        return StoredCounter(key: key, entries: entries, lease: lease)
    }
}
