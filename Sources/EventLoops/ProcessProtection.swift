internal import CUV
internal import Glibc

/// What a process that holds credentials does to itself before it serves.
public enum ProcessProtection {
    /// Leaves no memory image behind: no core dump, and no other process of the same user may look inside (law 9).
    public static func forbidDumps() {
        _ = toolgate_forbid_dumps()
    }

    /// Raises the bound of open files to what the system allows this process: each stream is one.
    public static func raiseFileLimit() {
        var limit = rlimit()
        // SAFETY: both calls read or fill the value they are given.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
