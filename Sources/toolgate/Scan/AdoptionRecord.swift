import Base
import JSONText

#if canImport(Glibc)
import Glibc
#endif

/// One adoption: which files were changed, what they were and became, and which grants it made.
///
/// Kept in `adopted/N` of the data folder, written before anything is changed, so that it can be undone whenever it stops.
struct AdoptionRecord {
    /// A settings file that is changed.
    struct Change {
        /// The real path, links followed.
        let path: String
        let before: [UInt8]
        let after: [UInt8]
    }

    // LIMIT: adoptions that are not undone.
    private static let mostRecords = 1_000

    let folder: String
    let changes: [Change]
    let grants: [String]

    /// The folder all adoptions lie in.
    static func root(_ data: String) -> String { "\(data)/adopted" }

    /// The path of a grant's token.
    static func token(_ data: String, _ label: String) -> String { "\(root(data))/\(label).token" }

    /// Writes the record of a new adoption: first the copies, last the list that makes it one.
    static func begin(
        _ changes: [Change],
        grants: [String],
        in data: String
    ) throws(FileProblem) -> AdoptionRecord {
        try makeFolder(root(data))
        let number = (numbers(data).last ?? 0) + 1
        guard number <= mostRecords else {
            throw FileProblem(path: root(data), reason: "there are \(mostRecords) adoptions: undo them first")
        }
        let record = AdoptionRecord(folder: "\(root(data))/\(number)", changes: changes, grants: grants)
        try makeFolder(record.folder)
        for (index, change) in changes.enumerated() {
            try writeNew(change.before, to: "\(record.folder)/\(index).before")
            try writeNew(change.after, to: "\(record.folder)/\(index).after")
        }
        try writeNew(record.list, to: "\(record.folder)/list.json")
        return record
    }

    /// The adoptions that are not undone, the newest first; a folder without a list was never one.
    static func all(_ data: String) throws(FileProblem) -> [AdoptionRecord] {
        var records: [AdoptionRecord] = []
        for number in numbers(data).reversed() {
            let folder = "\(root(data))/\(number)"
            guard FileAccess.stamp("\(folder)/list.json") != nil else {
                continue
            }
            records.append(try read(folder))
        }
        return records
    }

    /// Forgets it, backups and all.
    func remove() {
        _ = unsafe unlink("\(folder)/list.json")
        FileAccess.removeFolder(
            folder,
            files: changes.indices.flatMap { ["\($0).before", "\($0).after"] }
        )
    }

    // MARK: - files

    private static func numbers(_ data: String) -> [Int] {
        (1...mostRecords).filter { FileAccess.stamp("\(root(data))/\($0)") != nil }
    }

    private static func makeFolder(_ path: String) throws(FileProblem) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .last(path)
        }
    }

    /// A file that only its owner can read, on the disk when this returns.
    static func writeNew(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .last(path)
        }
        defer { close(descriptor) }
        guard FileAccess.writeAll(bytes[...], to: descriptor) == nil, fsync(descriptor) == 0 else {
            throw .last(path)
        }
    }

    private var list: [UInt8] {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("version")
        writer.number(1)
        writer.key("files")
        writer.beginArray()
        for change in changes {
            writer.string(change.path)
        }
        writer.endArray()
        writer.key("grants")
        writer.beginArray()
        for grant in grants {
            writer.string(grant)
        }
        writer.endArray()
        writer.endObject()
        return writer.output
    }

    private static func read(_ folder: String) throws(FileProblem) -> AdoptionRecord {
        let path = "\(folder)/list.json"
        let root: JSONValue
        let bytes = try FileAccess.read(path, maximumBytes: 16 << 20)
        do throws(JSONError) {
            root = try JSONDocument(bytes).root
        } catch {
            throw FileProblem(path: path, reason: "it is not what `adopt` wrote")
        }
        let paths = root["files"]?.elements.compactMap { $0.string.map { ByteString($0.bytes).text } } ?? []
        let grants = root["grants"]?.elements.compactMap { $0.string.map { ByteString($0.bytes).text } } ?? []
        var changes: [Change] = []
        for (index, path) in paths.enumerated() {
            changes.append(
                Change(
                    path: path,
                    before: try FileAccess.read("\(folder)/\(index).before"),
                    after: try FileAccess.read("\(folder)/\(index).after")
                )
            )
        }
        return AdoptionRecord(folder: folder, changes: changes, grants: grants)
    }
}

extension FileAccess {
    /// A path with every link followed; as it is when it leads nowhere.
    static func real(_ path: String) -> String {
        guard let found = unsafe realpath(path, nil) else {
            return path
        }
        // SAFETY: realpath allocated a NUL-terminated text, which is copied and then given back.
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// The file of the program that runs, for others to start.
    static var ownProgram: String { real("/proc/self/exe") }
}
