internal import Glibc
package import Stores

/// What has to be done with the database's file beside SQLite.
package enum StoreFile {
    /// Makes the file, mode 0600, when there is none; refuses one that is no file or open to others.
    ///
    /// An existing file is looked at by its name only: closing a descriptor of it would let go of the locks that other
    /// connections of this process hold.
    package static func prepare(_ path: String) throws(StoreError) {
        var status = stat()
        if unsafe lstat(path, &status) != 0 {
            guard errno == ENOENT else {
                throw failed("look at it")
            }
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 || errno == EEXIST else {
                throw failed("make it")
            }
            if descriptor >= 0 {
                close(descriptor)
            }
            guard unsafe lstat(path, &status) == 0 else {
                throw failed("look at it")
            }
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .foreign(detail: "it is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .tooOpen(mode: status.st_mode & 0o7777)
        }
    }

    /// An empty file of a new name beside `destination`, mode 0600.
    static func makeTemporary(beside destination: String) throws(StoreError) -> String {
        let temporary = "\(destination).new-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = unsafe open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw failed("write there")
        }
        close(descriptor)
        return temporary
    }

    /// Gives a complete database its name, and sees both to the disk.
    static func publish(_ temporary: String, as destination: String, overwrites: Bool) throws(StoreError) {
        try synchronise(temporary, O_RDWR)
        if overwrites {
            guard unsafe rename(temporary, destination) == 0 else {
                throw failed("name it")
            }
        } else if unsafe link(temporary, destination) != 0 {
            guard errno == EEXIST else {
                throw failed("name it")
            }
            throw .refused("there is a file `\(destination)` already: choose another name, or say `--overwrite`")
        }
        let slash = destination.utf8.lastIndex(of: UInt8(ascii: "/"))
        try synchronise(slash.map { String(destination[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY)
    }

    /// Removes a database of ours that is not needed, and what SQLite may have left beside it.
    static func removeDatabase(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            unsafe unlink(path + suffix)
        }
    }

    private static func synchronise(_ path: String, _ flags: Int32) throws(StoreError) {
        let descriptor = unsafe open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw failed("flush it")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw failed("flush it")
        }
    }

    /// What the system has just refused; reads `errno`.
    private static func failed(_ operation: String) -> StoreError {
        let code = errno
        // SAFETY: the text is NUL-terminated and copied before this thread asks for another one.
        let problem = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        switch code {
        case ENOSPC, EDQUOT, EFBIG: return .full
        case EACCES, EROFS, EPERM: return .readOnly(detail: problem)
        default: return .unreachable(detail: "cannot \(operation): \(problem)")
        }
    }
}
