public import Base
internal import CUV
internal import Glibc

/// The machine's own clocks.
public struct SystemTime: TimeSource {
    /// The clocks; holds nothing.
    public init() {}

    /// The monotonic clock; the same as ``EventLoop/now``, but exact and at the cost of a call.
    public var now: Instant {
        Instant(nanoseconds: Int64(clamping: uv_hrtime()))
    }

    /// The civil clock in UTC.
    public var wallTime: WallTime {
        var time = timespec()
        // SAFETY: the call fills the value it is given; CLOCK_REALTIME always exists.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// What the machine offers.
public enum CPU {
    /// How many cores this process may use, at least 1.
    public static var coreCount: Int {
        max(1, Int(uv_available_parallelism()))
    }
}
