internal import Cryptography
internal import Glibc

extension KeyFile {
    // LIMIT: hundreds of key versions fit.
    private static let maximumBytes = 64 << 10

    /// Reads the keys at `path`, or makes new ones there when there is no such file; `wasCreated` says which.
    ///
    /// A new file has mode 0600 from its first moment, is complete before it has its name, and is on disk before this
    /// returns. Of several processes that start at once, one makes the file and all read it. Blocks on the disk.
    public static func loadOrCreate(path: String) throws(KeyFileError) -> (keys: KeyFile, wasCreated: Bool) {
        do throws(KeyFileError) {
            return (try load(path: path), false)
        } catch {
            guard error.reason == .missing else {
                throw error
            }
        }
        let wasCreated = try create(path: path, text: generate().text)
        // Read back what is there now, ours or that of whoever was faster.
        return (try load(path: path), wasCreated)
    }

    /// Reads the keys at `path`.
    ///
    /// Blocks on the disk.
    ///
    /// - Throws: ``KeyFileError`` when it is missing, open to others, another user's, or not a key file.
    public static func load(path: String) throws(KeyFileError) -> KeyFile {
        do throws(KeyFileError.Reason) {
            return try KeyFile(parsing: try read(path: path))
        } catch {
            throw KeyFileError(error, path: path)
        }
    }

    private static func read(path: String) throws(KeyFileError.Reason) -> [UInt8] {
        // Not blocking on a FIFO that was put in its place.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .missing : .failed("open")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .failed("examine")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notRegular
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .tooOpen(mode: status.st_mode & 0o7777)
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .foreignOwner(user: status.st_uid)
        }
        guard status.st_size <= maximumBytes else {
            throw .tooLarge
        }
        return try contents(of: descriptor)
    }

    private static func contents(of descriptor: Int32) throws(KeyFileError.Reason) -> [UInt8] {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while text.count <= maximumBytes {
            // SAFETY: the kernel writes within the buffer's length.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw .failed("read")
            }
            if count == 0 {
                return text
            }
            text.append(contentsOf: chunk[..<count])
        }
        throw .tooLarge
    }

    /// Gives a complete file its name unless somebody else has been faster.
    private static func create(path: String, text: [UInt8]) throws(KeyFileError) -> Bool {
        try withTemporary(path: path, text: text) { temporary throws(KeyFileError.Reason) in
            let hasName = unsafe link(temporary, path) == 0
            // ENOENT: whoever was faster has changed the file since and cleaned up; what is there now is read.
            guard hasName || errno == EEXIST || errno == ENOENT else {
                throw .failed("name")
            }
            return hasName
        }
    }

    /// Puts a complete file in the place of the one that has the name, in one step.
    ///
    /// What writers that were killed left beside it, keys like those in it, goes with the old file.
    static func replace(path: String, text: [UInt8]) throws(KeyFileError) {
        removeLeftovers(of: path)
        try withTemporary(path: path, text: text) { temporary throws(KeyFileError.Reason) in
            guard unsafe rename(temporary, path) == 0 else {
                throw .failed("replace")
            }
        }
    }

    /// Writes a complete file, on disk, under another name beside `path`; `publish` gives it its own, which is on disk
    /// as well when this returns.
    private static func withTemporary<Value>(
        path: String,
        text: [UInt8],
        publish: (String) throws(KeyFileError.Reason) -> Value
    ) throws(KeyFileError) -> Value {
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(path)\(temporaryMark)\(suffix)"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw KeyFileError(.failed("create"), path: path)
        }
        defer { unsafe unlink(temporary) }
        do throws(KeyFileError.Reason) {
            defer { close(descriptor) }
            try write(text, to: descriptor)
            let value = try publish(temporary)
            try synchroniseDirectory(of: path)
            return value
        } catch {
            throw KeyFileError(error, path: path)
        }
    }

    /// What stands between the file's name and a random number in the names of files that are being written.
    private static let temporaryMark = ".new-"

    /// Removes files that a killed writer left; the caller holds the lock, so nobody else is writing one.
    ///
    /// What cannot be removed stays: the write it is done for is worth more.
    private static func removeLeftovers(of path: String) {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
        let folder = end == path.startIndex ? "." : String(path[..<end])
        let start = path[end...] + temporaryMark
        guard let directory = unsafe opendir(folder) else {
            return
        }
        // SAFETY: closed once, here.
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            // SAFETY: `d_name` is a NUL-terminated buffer inside the entry, valid until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            let suffix = name.dropFirst(start.count)
            if name.hasPrefix(start), (1...13).contains(suffix.count), UInt64(suffix, radix: 36) != nil {
                _ = unsafe unlink("\(folder)/\(name)")
            }
        }
    }

    private static func write(_ text: [UInt8], to descriptor: Int32) throws(KeyFileError.Reason) {
        var rest = text[...]
        while !rest.isEmpty {
            // SAFETY: the kernel reads within the buffer's length.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR {
                continue
            }
            guard count > 0 else {
                throw .failed("write")
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else {
            throw .failed("flush")
        }
    }

    /// Without this a power cut could take the new name away again.
    private static func synchroniseDirectory(of path: String) throws(KeyFileError.Reason) {
        let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else {
            throw .failed("open the directory of")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .failed("flush the directory of")
        }
    }
}

extension KeyFileError.Reason {
    /// What the system has just refused; reads `errno`.
    static func failed(_ operation: String) -> Self {
        let code = errno
        // SAFETY: the text is NUL-terminated and copied before this thread asks for another one.
        let problem = unsafe strerror(code).map { unsafe String(cString: $0) }
        return .system(operation: operation, problem: problem ?? "error \(code)")
    }
}
