public import Base

/// How fast an API lets itself be asked.
public enum ConnectorPace: Hashable, Sendable {
    /// As fast as one likes.
    case free
    /// So many requests in any stretch of time.
    case window(maximum: Int, per: Duration)
    /// A bucket that each request fills by one and that drains by the second.
    case leaky(capacity: Int, drainPerSecond: Int)
}

/// When the next request may go out: arithmetic only, one value per API.
public struct ConnectorThrottle: Sendable {
    /// What asking came to.
    public enum Admission: Hashable, Sendable {
        /// The place is taken; send after so long, which may be zero.
        case after(Duration)
        /// It would take longer than anybody should wait; nothing was taken.
        case tooLong(Duration)
    }

    /// The pace.
    public let pace: ConnectorPace
    /// When the last requests went out or will, oldest first; at most the window's maximum.
    private var sent: [Instant] = []
    /// Leaky: the level at ``levelAt``, in millionths.
    private var level: Int64 = 0
    private var levelAt: Instant?

    /// Nothing sent yet.
    public init(_ pace: ConnectorPace) {
        self.pace = pace
    }

    /// Takes the next place if it comes within `patience`.
    public mutating func admit(at now: Instant, patience: Duration) -> Admission {
        switch pace {
        case .free: return .after(.zero)
        case .window(let maximum, let per):
            let start = sent.count < maximum ? now : max(now, sent[0].advanced(by: per))
            let wait = start.elapsed(since: now)
            guard wait <= patience else {
                return .tooLong(wait)
            }
            sent.append(start)
            if sent.count > maximum {
                sent.removeFirst()
            }
            return .after(wait)
        case .leaky(let capacity, let drain): return admitLeaky(at: now, patience, capacity, drain)
        }
    }

    private mutating func admitLeaky(
        at now: Instant,
        _ patience: Duration,
        _ capacity: Int,
        _ drain: Int
    ) -> Admission {
        let unit: Int64 = 1_000_000
        let passed = levelAt.map { now.elapsed(since: $0).nanoseconds } ?? 0
        // Drained millionths: nanoseconds × drain / 1,000; capped before multiplying, a day empties every bucket.
        let drained = min(max(passed, 0), 86_400_000_000_000) / 1_000 * Int64(drain)
        let current = max(level - drained, 0)
        let excess = max(current + unit - Int64(capacity) * unit, 0)
        let wait = Duration.microseconds((excess + Int64(drain) - 1) / Int64(drain))
        guard wait <= patience else {
            return .tooLong(wait)
        }
        level = current + unit
        levelAt = now
        return .after(wait)
    }
}
