import Base

/// How often the processes that one owner has of a server have ended by themselves, and what follows from it.
///
/// The first time the next call starts it again at once; after that each start waits twice as long as the one before,
/// up to ``longestPause``. A process that ran for ``steadyAfter`` starts the count anew.
struct CrashRecord {
    /// How long a process has to run for its end to be no part of a loop.
    static let steadyAfter = Duration.seconds(60)
    /// The longest wait before another start.
    static let longestPause = Duration.seconds(60)
    /// So many ends in a row are a loop.
    static let loopLength = 5
    private static let firstPause = Duration.milliseconds(500)

    /// Ends in a row, failed starts included.
    private(set) var failures = 0
    /// When the next start is allowed.
    private(set) var nextStart: Instant?

    /// Whether it keeps ending.
    var isLooping: Bool { failures >= Self.loopLength }

    /// A process ended by itself, or could not be started.
    mutating func ended(at now: Instant, after running: Duration) {
        if running >= Self.steadyAfter {
            failures = 0
        }
        failures += 1
        guard failures > 1 else {
            nextStart = nil
            return
        }
        let pause = Self.firstPause * (1 << min(failures - 2, 16))
        nextStart = now.advanced(by: min(pause, Self.longestPause))
    }

    /// How long a start has to wait still; `nil` when it need not.
    func pause(at now: Instant) -> Duration? {
        guard let nextStart, now < nextStart else {
            return nil
        }
        return nextStart.elapsed(since: now)
    }
}

/// The records of everybody who has processes of a server: whose process keeps ending waits, and nobody else does.
struct CrashBook {
    // LIMIT: owners whose ends are remembered; beyond it those of the one whose last end is the oldest are forgotten.
    private static let maximumRecords = 1_024

    private struct Entry {
        var record = CrashRecord()
        var reason: String
        var endedAt: Instant
    }

    private var entries: [ProcessOwner: Entry] = [:]

    /// The most ends in a row of one owner.
    var failures: Int { entries.values.lazy.map(\.record.failures).max() ?? 0 }

    /// Whether a process of somebody's keeps ending.
    var isLooping: Bool { failures >= CrashRecord.loopLength }

    /// Whether an owner's process keeps ending.
    func isLooping(_ owner: ProcessOwner) -> Bool { entries[owner]?.record.isLooping ?? false }

    /// How long a start for an owner has to wait still, and how its last process ended; `nil` when it need not.
    func pause(of owner: ProcessOwner, at now: Instant) -> (pause: Duration, reason: String)? {
        guard let entry = entries[owner], let pause = entry.record.pause(at: now) else {
            return nil
        }
        return (pause, entry.reason)
    }

    /// A process of an owner's ended by itself, or could not be started.
    mutating func ended(_ owner: ProcessOwner, _ reason: String, at now: Instant, after running: Duration) {
        if entries[owner] == nil, entries.count >= Self.maximumRecords,
            let oldest = entries.min(by: { $0.value.endedAt < $1.value.endedAt })
        {
            entries[oldest.key] = nil
        }
        var entry = entries[owner] ?? Entry(reason: reason, endedAt: now)
        entry.record.ended(at: now, after: running)
        (entry.reason, entry.endedAt) = (reason, now)
        entries[owner] = entry
    }
}
