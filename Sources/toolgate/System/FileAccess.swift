import Base

#if canImport(Glibc)
import Glibc
#endif

/// Why a file could not be read or written: the system's own words.
struct FileProblem: Error, Equatable {
    let path: String
    let reason: String

    /// Ready for the terminal.
    var message: String { "cannot use `\(path)`: \(reason)" }

    static func last(_ path: String) -> FileProblem {
        FileProblem(path: path, reason: SystemError.text(errno))
    }
}

/// The system's words for an error number, in lower case.
enum SystemError {
    static func text(_ number: Int32) -> String {
        guard let pointer = unsafe strerror(number) else {
            return "error \(number)"
        }
        // SAFETY: strerror returns a NUL-terminated string that stays put until the next call on this thread.
        let text = unsafe String(cString: pointer)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

/// Whole small files, read and written; commands use it before anything serves, never on a call's way.
enum FileAccess {
    /// What a file was like when looked at; two equal stamps mean it has not been replaced or rewritten.
    struct Stamp: Hashable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let modifiedNanoseconds: Int64
    }

    /// The bytes of a file, or of standard input for `-`; an error past `maximumBytes`.
    static func read(_ path: String, maximumBytes: Int = 64 << 20) throws(FileProblem) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .last(path)
        }
        defer {
            if path != "-" {
                close(descriptor)
            }
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: the buffer outlives the call, which writes at most its count.
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR {
                    continue
                }
                throw .last(path)
            }
            if count == 0 {
                return bytes
            }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= maximumBytes else {
                throw FileProblem(path: path, reason: "it is larger than \(maximumBytes) bytes")
            }
        }
    }

    /// Replaces a file's content; with `isPrivate` nobody but its owner may read it, whatever it was before.
    static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false) throws(FileProblem) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
        guard descriptor >= 0 else {
            throw .last(path)
        }
        defer { close(descriptor) }
        guard !isPrivate || fchmod(descriptor, 0o600) == 0 else {
            throw .last(path)
        }
        guard writeAll(bytes[...], to: descriptor) == nil else {
            throw .last(path)
        }
    }

    /// Opens a file to add lines at its end, readable by its owner only when it is new.
    static func openForAppending(_ path: String) throws(FileProblem) -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .last(path)
        }
        return descriptor
    }

    /// Writes everything, going on after short writes; on failure the error number and how much was written.
    static func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> (error: Int32, written: Int)? {
        var rest = bytes
        while !rest.isEmpty {
            // SAFETY: the buffer outlives the call, which only reads its count of bytes.
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR {
                    continue
                }
                return (errno, bytes.count - rest.count)
            }
            rest = rest.dropFirst(count)
        }
        return nil
    }

    /// What the file is like now; `nil` when it is not there.
    static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            return nil
        }
        let modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        return Stamp(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            modifiedNanoseconds: modified
        )
    }

    /// `path` as seen from the folder of `file`; absolute paths stay.
    static func resolve(_ path: String, besideFile file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else {
            return path
        }
        return file[...slash] + path
    }
}

extension FileAccess {
    /// The path from the root; as it is when the current folder has no name.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) else {
            return path
        }
        // SAFETY: getcwd allocated a NUL-terminated text, which is copied and then given back.
        defer { unsafe free(folder) }
        return unsafe String(cString: folder) + "/" + path
    }

    /// A fresh folder that only this user can read, below `TMPDIR` or /tmp.
    static func makeTemporaryFolder(prefix: String) throws(CommandFailure) -> String {
        var base = "/tmp"
        if let variable = unsafe getenv("TMPDIR") {
            // SAFETY: nobody changes the environment of this process once it runs.
            let named = unsafe String(cString: variable)
            base = named.isEmpty ? base : named
        }
        var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
        // SAFETY: the template is a NUL-terminated buffer of ours, changed in place.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else {
            throw .environment("cannot make a folder in `\(base)`: \(SystemError.text(errno))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes a folder and what is missing above it.
    static func makeFolder(_ path: String) throws(FileProblem) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            guard unsafe mkdir(made, 0o755) == 0 || errno == EEXIST else {
                throw .last(made)
            }
        }
    }

    /// Whether there is something in a folder; `nil` when it is not there or is no folder.
    static func isEmptyFolder(_ path: String) -> Bool? {
        guard let folder = unsafe opendir(path) else {
            return nil
        }
        defer { unsafe closedir(folder) }
        // SAFETY: the entry belongs to the folder and is only looked at before the next one is asked for.
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." {
                return false
            }
        }
        return true
    }

    /// Removes a folder of ours and the files named; anything else in it keeps it alive.
    static func removeFolder(_ path: String, files: [String]) {
        for file in files {
            _ = unsafe unlink("\(path)/\(file)")
        }
        _ = unsafe rmdir(path)
    }
}
