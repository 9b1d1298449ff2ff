import Base
import CatalogueSQLite
import JSONText
import ToolCatalogue

/// Reads lists into the index, in steps that stay when the reading is broken off.
struct CatalogueImport {
    // LIMIT: entries of one step; what is lost when the power goes.
    private static let step = 2_000
    // LIMIT: a document that is not a line each.
    private static let documentLimits = JSONLimits(maximumBytes: 64 << 20, maximumNodes: 8_000_000)

    private let index: SQLiteCatalogue
    private let console: Console
    private let server: String?
    private let now: WallTime
    private var entries: [CatalogueEntry] = []
    private var kind: CatalogueOrigin.Kind = .list
    private(set) var taken = CatalogueTaken()
    /// What was no entry.
    private(set) var problems = 0

    init(_ index: SQLiteCatalogue, server: String?, console: Console, now: WallTime) {
        self.index = index
        self.server = server
        self.console = console
        self.now = now
    }

    // MARK: - files

    /// A list with an entry a line goes on where an earlier reading of the same file ended; any other document is read whole.
    mutating func read(_ path: String) throws(CommandFailure) {
        var file = try LineFile(path, from: 0)
        let first = try file.next() ?? []
        guard Self.isObject(first), file.offset < file.size else {
            try readDocument(path)
            return
        }
        let id = "\(FileAccess.absolute(path)):\(file.size):\(Self.hash(first))"
        let done = try CatalogueFiles.attempt { () throws(CatalogueFailure) in try index.progress(of: id) }
        file = try LineFile(path, from: min(done, file.size))
        if done > 0, done < file.size {
            console.say("\(path): going on after \(done) of \(file.size) bytes")
        }
        var bar = ProgressBar(console, size: file.size)
        var place = 0
        while let line = try file.next() {
            place += 1
            if line.contains(where: { $0 > 0x20 }) {
                take(line: line, at: "\(path), line \(place)\(done > 0 ? " from there" : "")")
            }
            if entries.count >= Self.step {
                try flush(named: path, CatalogueReading(file: id, offset: file.offset))
                bar.show(file.offset, "\(taken.tools + taken.unchanged) tools, \(taken.servers) servers")
            }
        }
        try flush(named: path, CatalogueReading(file: id, offset: file.offset))
        bar.end()
    }

    private mutating func readDocument(_ path: String) throws(CommandFailure) {
        let bytes = try PolicyFiles.read(path)
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(bytes, limits: Self.documentLimits).root
        } catch {
            let place = error.position(in: bytes)
            throw .refused("\(path):\(place.line):\(place.column): \(error.reason)")
        }
        let list = root.kind == .array ? root : root["servers"] ?? root["tools"] ?? root["result"]?["tools"]
        if let list, list.kind == .array {
            for (place, value) in list.elements.enumerated() {
                try take(value, at: "\(path), element \(place)", path)
            }
        } else {
            try take(root, at: path, path)
        }
        try flush(named: path, nil)
    }

    private mutating func take(_ value: JSONValue, at place: String, _ path: String) throws(CommandFailure) {
        take(value, at: place)
        if entries.count >= Self.step {
            try flush(named: path, nil)
        }
    }

    private mutating func take(line: [UInt8], at place: String) {
        do throws(JSONError) {
            take(try JSONDocument(line, limits: Self.documentLimits).root, at: place)
        } catch {
            tell("\(place): \(error.reason)")
        }
    }

    private mutating func take(_ value: JSONValue, at place: String) {
        guard let entry = CatalogueEntry.read(value, server: server) else {
            tell(
                "\(place): neither a server nor a tool with its `server` (`--server KEY` says whose tools"
                    + " these are)"
            )
            return
        }
        kind = server != nil ? .live : CatalogueEntry.isOfRegistry(value) ? .registry : .list
        entries.append(entry)
    }

    private mutating func tell(_ problem: String) {
        problems += 1
        // LIMIT: lines said about what is no entry; the rest is counted.
        if problems <= 20 {
            console.say(problem)
        }
    }

    // MARK: - servers

    /// The tools of a server of the store.
    mutating func take(accepted tools: [DescribedTool], of name: String) throws(CommandFailure) {
        entries += tools.map { .tool($0) }
        kind = .live
        try flush(named: name, nil)
    }

    private mutating func flush(named name: String, _ reading: CatalogueReading?) throws(CommandFailure) {
        guard !entries.isEmpty || reading != nil else {
            return
        }
        let origin = CatalogueOrigin(kind: kind, name: FileName.last(of: name), date: now)
        let step = entries
        let index = index
        taken =
            taken
            + (try CatalogueFiles.attempt { () throws(CatalogueFailure) in
                try index.take(step, from: origin, reading: reading)
            })
        entries.removeAll(keepingCapacity: true)
    }

    private static func isObject(_ line: [UInt8]) -> Bool {
        do throws(JSONError) {
            return try JSONDocument(line, limits: documentLimits).root.kind == .object
        } catch {
            return false
        }
    }

    /// FNV-1a; tells files apart, and protects nothing.
    private static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 36)
    }
}

/// The last part of a path.
enum FileName {
    static func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// One line on a terminal that fills; nothing anywhere else.
struct ProgressBar {
    private static let width = 30

    private let console: Console
    private let size: Int
    private var isShown = false

    init(_ console: Console, size: Int) {
        self.console = console
        self.size = max(1, size)
    }

    mutating func show(_ done: Int, _ words: String) {
        guard console.outputIsTerminal, console.inputIsTerminal else {
            return
        }
        let full = min(Self.width, done * Self.width / size)
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Self.width - full)
        console.writeError(Array("\r[\(bar)] \(min(100, done * 100 / size)) %  \(words)".utf8))
        isShown = true
    }

    mutating func end() {
        if isShown {
            console.writeError([UInt8(ascii: "\n")])
            isShown = false
        }
    }
}
