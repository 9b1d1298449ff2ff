/// Where a driver takes the time from; tests put a hand-moved one in its place.
public protocol TimeSource: Sendable {
    /// The monotonic clock.
    var now: Instant { get }
    /// The civil clock.
    var wallTime: WallTime { get }
}
