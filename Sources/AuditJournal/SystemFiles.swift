internal import Base
internal import Glibc

/// The system's words for an error number, in lower case.
enum SystemWords {
    static func of(_ number: Int32) -> String {
        guard let pointer = unsafe strerror(number) else {
            return "error \(number)"
        }
        // SAFETY: strerror returns a NUL-terminated string that stays put until the next call on this thread.
        let text = unsafe String(cString: pointer)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

/// An open file, closed when nobody holds it any more.
final class OpenFile: Sendable {
    let path: String
    let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        // What could be lost was synchronised before, or reported.
        _ = close(descriptor)
    }

    /// Opens with the given flags, close-on-exec; new files are for their owner only.
    static func open(_ path: String, _ flags: Int32, _ operation: String) throws(JournalFailure) -> OpenFile {
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .file(path: path, operation: operation, error: errno)
        }
        return OpenFile(path: path, descriptor: descriptor)
    }
}

/// What the journal asks of a disk; tests put faults in its place.
package protocol JournalDisk: Sendable {
    /// Writes bytes at the end of a file in one call; how many were written, or an error number below zero.
    func write(_ descriptor: Int32, _ bytes: Span<UInt8>) -> Int
    /// Puts a file's content on the disk; 0, or an error number. Called on the synchronising thread, and by recovery.
    func synchronise(_ descriptor: Int32) -> Int32
}

/// The machine's own disk.
package struct SystemDisk: JournalDisk {
    package init() {}

    package func write(_ descriptor: Int32, _ bytes: Span<UInt8>) -> Int {
        while true {
            // SAFETY: the kernel reads at most the buffer's bytes during the call.
            let count = unsafe bytes.withUnsafeBufferPointer { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count >= 0 {
                return count
            }
            if errno != EINTR {
                return -Int(errno)
            }
        }
    }

    package func synchronise(_ descriptor: Int32) -> Int32 {
        while fdatasync(descriptor) != 0 {
            if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}

/// Whole files and folders of a journal.
public enum JournalFiles {
    /// The names in a folder, sorted.
    public static func names(in folder: String) throws(JournalFailure) -> [String] {
        guard let directory = unsafe opendir(folder) else {
            throw .file(path: folder, operation: "list", error: errno)
        }
        // SAFETY: closed once, here.
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // SAFETY: `d_name` is a NUL-terminated buffer inside the entry, valid until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// The bytes of a file from `start` on, at most `limit`; none when it is not that long.
    ///
    /// LIMIT: 1 GiB.
    public static func read(
        _ path: String,
        from start: Int = 0,
        atMost limit: Int = .max
    ) throws(JournalFailure) -> [UInt8] {
        let file = try OpenFile.open(path, O_RDONLY, "read")
        var status = stat()
        guard unsafe fstat(file.descriptor, &status) == 0 else {
            throw .file(path: path, operation: "read", error: errno)
        }
        let size = Int(status.st_size)
        guard min(size - start, limit) <= 1 << 30 else {
            throw .file(path: path, operation: "read", error: EFBIG)
        }
        guard start < size, lseek(file.descriptor, start, SEEK_SET) == start else {
            return []
        }
        var bytes = [UInt8](repeating: 0, count: min(size - start, limit))
        var filled = 0
        while filled < bytes.count {
            let offset = filled
            // SAFETY: the kernel writes at most what is left of the buffer.
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(file.descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if count < 0, errno != EINTR {
                throw .file(path: path, operation: "read", error: errno)
            }
            if count == 0 {
                break
            }
            filled += max(0, count)
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Whether a file is there.
    static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Makes a folder for our own use if it is not there (mode 0700), parents included.
    static func makeFolder(_ path: String) throws(JournalFailure) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if unsafe mkdir(made, 0o700) != 0, errno != EEXIST {
                throw .file(path: made, operation: "make", error: errno)
            }
        }
    }

    /// Writes a small file whole and puts it on the disk, in place of one of that name.
    static func replace(_ path: String, with bytes: [UInt8]) throws(JournalFailure) {
        let fresh = path + ".new"
        let file = try OpenFile.open(fresh, O_WRONLY | O_CREAT | O_TRUNC, "write")
        let disk = SystemDisk()
        let written = disk.write(file.descriptor, bytes.span)
        guard written == bytes.count else {
            throw .file(path: fresh, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC)
        }
        let status = disk.synchronise(file.descriptor)
        guard status == 0 else {
            throw .file(path: fresh, operation: "write", error: status)
        }
        guard unsafe rename(fresh, path) == 0 else {
            throw .file(path: path, operation: "replace", error: errno)
        }
        try synchronise(folder: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
    }

    /// Puts on the disk what whoever wrote a file before has not.
    static func synchronise(file path: String, on disk: any JournalDisk) throws(JournalFailure) {
        let file = try OpenFile.open(path, O_WRONLY, "open")
        let status = disk.synchronise(file.descriptor)
        guard status == 0 else {
            throw .file(path: path, operation: "synchronise", error: status)
        }
    }

    /// Puts a folder's list of files on the disk: new names and removed ones last from here on.
    static func synchronise(folder: String) throws(JournalFailure) {
        let file = try OpenFile.open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY, "open")
        guard fsync(file.descriptor) == 0 else {
            throw .file(path: folder, operation: "synchronise", error: errno)
        }
    }
}
