/// A point on the monotonic clock, in nanoseconds since an arbitrary start (the system's boot, usually).
///
/// Differences between instants of one process mean something, nothing else does.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's start.
    public let nanoseconds: Int64

    /// The instant `nanoseconds` after the clock's start.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Which of two instants came first.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; saturates at the ends of time.
    @inlinable
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The time from `earlier` to here; saturates.
    @inlinable
    public func elapsed(since earlier: Instant) -> Duration {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return .nanoseconds(overflow ? Int64.max : difference)
    }
}

extension Duration {
    /// The whole duration in nanoseconds, rounded towards zero, saturating at about ±292 years.
    ///
    /// One division by the machine: `components` takes four of 128 bits, and every deadline asks.
    @inlinable
    public var nanoseconds: Int64 {
        let whole = attoseconds
        let magnitude = whole.magnitude
        let high = UInt64(truncatingIfNeeded: magnitude >> 64)
        // Below half a thousand million the quotient fits in 63 bits.
        guard high < 500_000_000 else {
            return whole < 0 ? .min : .max
        }
        let low = UInt64(truncatingIfNeeded: magnitude)
        let quotient = Int64(UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient)
        return whole < 0 ? -quotient : quotient
    }
}
