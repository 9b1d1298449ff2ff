internal import Glibc

/// The processes below this one, as the system knows them.
@safe
enum ProcessTree {
    // LIMIT: rounds of ending what is left; each ends a whole generation, so only a fork bomb needs more than a few.
    private static let maximumRounds = 10_000

    /// Ends everything below this process, which must be a subreaper: whoever loses its parent becomes a child of it,
    /// so ending children until there are none ends all.
    ///
    /// Blocks until they are gone. Elsewhere than on Linux only the process group ends.
    static func endDescendants(group: pid_t) {
        if group > 0 {
            _ = Glibc.kill(-group, SIGKILL)
        }
        for _ in 0..<maximumRounds {
            let children = children(of: getpid())
            for child in children {
                _ = Glibc.kill(child, SIGKILL)
            }
            var status: Int32 = 0
            // SAFETY: the status is a local variable. Waits only where something was killed, which cannot take long.
            let ended = unsafe waitpid(-1, &status, children.isEmpty ? WNOHANG : 0)
            if ended < 0 && errno != EINTR || ended == 0 {
                return
            }
            while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
        }
    }

    /// Closes what the process that started this one had open without close-on-exec: nothing of it is a child's (M1).
    static func closeDescriptors(above last: Int32) {
        // That of the folder itself is among them, and closed already.
        for descriptor in numbers(in: "/proc/self/fd") where descriptor > last {
            _ = Glibc.close(descriptor)
        }
    }

    /// The children of a process, from `/proc`; none where that is not mounted.
    private static func children(of parent: pid_t) -> [pid_t] {
        numbers(in: "/proc").filter { self.parent(of: $0) == parent }
    }

    /// The names in a folder that are numbers; none where it is not there.
    private static func numbers(in path: String) -> [Int32] {
        // SAFETY: the stream is closed before this returns, its entries are used before the next one is read.
        guard let folder = unsafe opendir(path) else {
            return []
        }
        defer { _ = unsafe closedir(folder) }
        var found: [Int32] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name) {
                found.append(number)
            }
        }
        return found
    }

    /// The fourth field of `/proc/PID/stat`; the second, a name in parentheses, may hold anything.
    private static func parent(of process: pid_t) -> pid_t? {
        let descriptor = unsafe Glibc.open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return nil
        }
        defer { _ = Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        // SAFETY: the array lives during the call.
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "), maxSplits: 3)
        return fields.count > 1 ? pid_t(String(decoding: fields[1], as: UTF8.self)) : nil
    }
}
