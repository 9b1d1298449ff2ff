#if canImport(Glibc)
import Glibc
#endif

/// Processor time of the calling thread: what tests of growth measure, because other load does not show in it.
public enum ProcessorTime {
    /// How many times more processor time `body` takes for `factor * size` than for `size`, at best of three.
    ///
    /// About `factor` for linear work, `factor` squared for quadratic.
    public static func growth(from size: Int, by factor: Int, _ body: (Int) -> Void) -> Double {
        body(size)
        let small = (0..<3).map { _ in cost { body(size) } }.min() ?? 1
        let large = (0..<3).map { _ in cost { body(size * factor) } }.min() ?? 1
        return large / max(small, 1)
    }

    private static func cost(_ body: () -> Void) -> Double {
        let start = now()
        body()
        return now() - start
    }

    /// Nanoseconds.
    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
