import Base

/// How often the processes of a server have ended by themselves, and what follows from it.
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
