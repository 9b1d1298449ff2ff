#if canImport(Glibc)
import Glibc
#endif

extension FileAccess {
    /// Puts new content in a file's place, in one step: whoever reads it, a watching gateway too, sees the old or the
    /// new, never a part.
    ///
    /// The file keeps its permissions.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileProblem) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw .last(path)
        }
        let fresh = "\(path).\(getpid()).new"
        let descriptor = unsafe open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .last(fresh)
        }
        let isWritten =
            writeAll(bytes[...], to: descriptor) == nil && fchmod(descriptor, status.st_mode & 0o777) == 0
            && fsync(descriptor) == 0
        let problem = isWritten ? nil : FileProblem.last(fresh)
        close(descriptor)
        if let problem {
            _ = unsafe unlink(fresh)
            throw problem
        }
        guard unsafe rename(fresh, path) == 0 else {
            let problem = FileProblem.last(path)
            _ = unsafe unlink(fresh)
            throw problem
        }
    }
}
