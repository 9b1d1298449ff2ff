import Base
import CatalogueSQLite
import Stores
import ToolCatalogue

#if canImport(Glibc)
import Glibc
#endif

/// Where the catalogue's index lies, and how its failures are told.
enum CatalogueFiles {
    static func path(_ folder: String) -> String { "\(folder)/catalogue.sqlite" }

    /// The index of this data folder, made when there is none.
    static func open(_ invocation: Invocation) throws(CommandFailure) -> SQLiteCatalogue {
        let directory = try ServiceKeys.open(invocation)
        return try attempt { () throws(CatalogueFailure) in
            try SQLiteCatalogue(opening: path(directory.path))
        }
    }

    /// The index of this data folder; `nil` when there is none.
    static func existing(_ invocation: Invocation) throws(CommandFailure) -> SQLiteCatalogue? {
        let folder = try ServiceKeys.folder(invocation)
        guard FileAccess.stamp(path(folder)) != nil else {
            return nil
        }
        return try attempt { () throws(CatalogueFailure) in try SQLiteCatalogue(opening: path(folder)) }
    }

    static func attempt<Value>(_ body: () throws(CatalogueFailure) -> Value) throws(CommandFailure) -> Value {
        do throws(CatalogueFailure) {
            return try body()
        } catch {
            throw .environment(error.message)
        }
    }
}

/// A file read line by line, from any place in it, in bounded memory.
struct LineFile: ~Copyable {
    // LIMIT: bytes of a line; the largest definition of the public data has 54 kB. A longer one is passed over.
    static let longestLine = 8 << 20
    private static let chunk = 1 << 20

    /// Bytes of the file.
    let size: Int
    /// Where the next line begins.
    private(set) var offset: Int
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ path: String, from offset: Int) throws(CommandFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .environment(FileProblem.last(path).message)
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            let problem = FileProblem.last(path)
            close(descriptor)
            throw .environment(problem.message)
        }
        self.descriptor = descriptor
        self.offset = offset
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The next line without its end, empty for one that is too long; `nil` at the end of the file.
    mutating func next() throws(CommandFailure) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(upTo: end, next: end + 1)
            }
            searched = buffer.count
            guard !isAtEnd else {
                return start == buffer.count ? nil : take(upTo: buffer.count, next: buffer.count)
            }
            if start > 0 {
                buffer.removeSubrange(..<start)
                searched -= start
                start = 0
            }
            try fill()
        }
    }

    private mutating func take(upTo end: Int, next: Int) -> [UInt8] {
        let line = end - start > Self.longestLine ? [] : Array(buffer[start..<end])
        offset += next - start
        start = next
        return line
    }

    private mutating func fill() throws(CommandFailure) {
        var part = [UInt8](repeating: 0, count: Self.chunk)
        let count = unsafe read(descriptor, &part, part.count)
        guard count >= 0 else {
            throw .environment(FileProblem.last("the list").message)
        }
        isAtEnd = count == 0
        // What cannot become a line any more is not kept, only counted: its end is still looked for.
        if buffer.count - start > Self.longestLine {
            offset += buffer.count - start - 1
            buffer = [0x20]
            start = 0
        }
        buffer += part[..<count]
    }
}
