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
    /// a few words each; encoding happens outside them. Safe on any thread; for one that serves nobody.
    public func takeChanges(atMost limit: Int = .max, clocks: ClockReading) -> [CounterState] {
        var states: [CounterState] = []
        for shard in shards where states.count < limit {
            for (key, totals) in shard.takeChanged(atMost: limit - states.count) {
                states.append(StateCoding.state(of: key, totals, clocks))
            }
        }
        return states
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
            guard let (key, entries) = StateCoding.read(state) else {
                unreadable += 1
                continue
            }
            for entry in entries {
                restore(entry, of: key, clocks)
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

/// A bucket in wall-clock milliseconds.
struct StoredEntry {
    /// A calendar window's beginning; 0 of sliding ones.
    let start: Int64
    let expires: Int64
    let sum: ExactDecimal
}

/// The bytes of counters: fields of fixed order, each text behind its length, so that no two counters have the same.
private enum StateCoding {
    private static let version: UInt8 = 1

    static func state(of key: CounterKey, _ totals: WindowTotals, _ clocks: ClockReading) -> CounterState {
        CounterState(counter: counter(key), windows: windows(totals, key.identity.window, clocks))
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

    private static func windows(_ totals: WindowTotals, _ window: CounterWindow, _ clocks: ClockReading) -> [UInt8] {
        let entries = totals.entries.map { entry in
            guard case .sliding = window else {
                return entry
            }
            // Rounded up to the millisecond: too long, never too short.
            let left = (entry.expires - clocks.now.nanoseconds) / 1_000_000 + 1
            return StoredEntry(start: 0, expires: clocks.wall.milliseconds + left, sum: entry.sum)
        }
        guard !entries.isEmpty else {
            return []
        }
        var output = FieldWriter()
        output.append(version)
        for entry in entries {
            output.append(number: entry.start)
            output.append(number: entry.expires)
            output.append(run: Array(entry.sum.description.utf8))
        }
        return output.bytes
    }

    static func read(_ state: CounterState) -> (CounterKey, [StoredEntry])? {
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
        guard let entries = entries(state.windows) else {
            return nil
        }
        return (key, entries)
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

    private static func entries(_ windows: [UInt8]) -> [StoredEntry]? {
        guard !windows.isEmpty else {
            return []
        }
        var fields = FieldReader(windows)
        guard fields.byte() == version else {
            return nil
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
        return entries
    }
}
