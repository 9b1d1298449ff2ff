import AuditJournal
import AuditModel
import Base
import StoreSQLite
import Stores

#if canImport(Glibc)
import Glibc
#endif

/// The table of a journal: opened, filled, asked; made anew when it is of no use.
struct JournalTable {
    /// Calls looked at in one go.
    private static let pageCount = 512
    /// LIMIT: segments whose definitions are remembered while rows are read.
    private static let maximumReaders = 32
    /// Bytes read around a row: calls that were made one after the other stand close together.
    private static let windowBytes = 16 << 10
    private static let longestLine = 1 << 20 + 128

    private let table: any AuditTable
    private let folder: String
    private var indexer: AuditIndexer
    private var readers: [SegmentName: RowReader] = [:]
    private var windows: [SegmentName: Window] = [:]

    private struct SegmentName: Hashable {
        let stream: ByteString
        let segment: Int64
    }

    private struct Window {
        let start: Int
        let bytes: [UInt8]
    }

    init(_ table: any AuditTable, of folder: String) {
        self.table = table
        self.folder = folder
        indexer = AuditIndexer(table: table, folder: folder)
    }

    /// Opens the table at `path`, does something with it, and does it once more with a new one when it is damaged, or
    /// of an older version: there is nothing in it that cannot be read again.
    static func with<Value>(
        _ path: String,
        of folder: String,
        _ body: (inout JournalTable) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        do throws(StoreError) {
            var table = JournalTable(try SQLiteAuditTable(opening: path), of: folder)
            return try body(&table)
        } catch {
            guard error.isCuredByNewTable else {
                throw error
            }
        }
        SQLiteAuditTable.remove(path)
        var table = JournalTable(try SQLiteAuditTable(opening: path), of: folder)
        return try body(&table)
    }

    /// Takes everything in that the journal has by now; ends earlier when `isWanted` says no.
    mutating func fill(while isWanted: () -> Bool = { true }) throws(StoreError) {
        try indexer.fill(while: isWanted)
    }

    /// The newest entries a filter lets through, the newest last.
    ///
    /// The table only says where to look: what is shown is read from the journal and judged by the filter again.
    mutating func newest(
        _ count: Int,
        _ filter: AuditFilter,
        behind start: AuditTableCall? = nil
    ) throws(StoreError) -> [AuditEntry] {
        var entries: [AuditEntry] = []
        var place = start
        while true {
            let page = try table.find(filter.query, behind: place, count: min(Self.pageCount, 2 * count))
            for call in page.calls {
                if let entry = try entry(call, filter) {
                    entries.append(entry)
                    if entries.count == count {
                        return entries.reversed()
                    }
                }
            }
            guard !page.isLast, let last = page.calls.last else {
                return entries.reversed()
            }
            place = last
        }
    }

    /// What the journal says about a call; `nil` when the filter wants none of it, or retention has removed it meanwhile.
    private mutating func entry(_ call: AuditTableCall, _ filter: AuditFilter) throws(StoreError) -> AuditEntry? {
        guard let stream = AuditStream(call.stream.text) else {
            throw .corrupt(detail: "the table speaks of no stream of ours")
        }
        guard let row = try row(call.row, of: call.stream, isDefined: true) else {
            return nil
        }
        guard row.sequence == UInt64(clamping: call.sequence), row.kind == .intent || row.kind == .admin else {
            throw .corrupt(detail: "the table points at another row")
        }
        guard filter.admits(row) else {
            return nil
        }
        var entry = AuditEntry(stream: stream, row: row)
        if let place = call.end, let end = try self.row(place, of: call.stream, isDefined: false) {
            guard end.closedIntent == row.sequence else {
                throw .corrupt(detail: "the table points at another end")
            }
            entry.outcome = end
        }
        return filter.admits(end: entry.outcome) ? entry : nil
    }

    /// A row by its place; `nil` when its segment is gone.
    private mutating func row(
        _ place: AuditTablePlace,
        of stream: ByteString,
        isDefined: Bool
    ) throws(StoreError) -> AuditRow? {
        let name = SegmentName(stream: stream, segment: place.segment)
        guard let line = try line(Int(clamping: place.offset), of: name) else {
            return nil
        }
        // An end names nothing that is defined.
        var reader = isDefined ? try reader(name) : RowReader()
        guard case .row(let row) = reader.read(line) else {
            throw .corrupt(detail: "the table points at no row")
        }
        return row
    }

    private mutating func reader(_ name: SegmentName) throws(StoreError) -> RowReader {
        if let known = readers[name] {
            return known
        }
        var reader = RowReader()
        for line in try table.definitions(of: name.segment, in: name.stream) {
            _ = reader.read(line[...])
        }
        if readers.count >= Self.maximumReaders {
            readers.removeAll()
        }
        readers[name] = reader
        return reader
    }

    /// The line that begins at an offset, without its seal; `nil` when its segment is gone.
    private mutating func line(_ offset: Int, of name: SegmentName) throws(StoreError) -> ArraySlice<UInt8>? {
        if let window = windows[name], offset >= window.start, let line = Self.line(offset - window.start, window) {
            return line
        }
        // Calls are looked at from the newest on: what is wanted next stands before this one.
        let start = max(0, offset - Self.windowBytes * 3 / 4)
        for length in [Self.windowBytes, offset - start + Self.longestLine] {
            guard let bytes = try read(name, start, length) else {
                return nil
            }
            let window = Window(start: start, bytes: bytes)
            if let line = Self.line(offset - start, window) {
                if windows.count >= Self.maximumReaders {
                    windows.removeAll()
                }
                windows[name] = window
                return line
            }
        }
        throw .corrupt(detail: "the table points behind the end of a segment")
    }

    private static func line(_ offset: Int, _ window: Window) -> ArraySlice<UInt8>? {
        guard offset < window.bytes.count, let end = window.bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let line = window.bytes[offset..<end]
        return line.firstIndex(of: UInt8(ascii: "\t")).map { line[..<$0] } ?? line
    }

    private func read(_ name: SegmentName, _ start: Int, _ length: Int) throws(StoreError) -> [UInt8]? {
        guard let stream = AuditStream(name.stream.text) else {
            return nil
        }
        let file = JournalName.segment(stream, UInt64(clamping: name.segment)).text
        do throws(JournalFailure) {
            return try JournalFiles.read("\(folder)/\(file)", from: start, atMost: length)
        } catch {
            if case .file(_, operation: "read", error: ENOENT) = error {
                return nil
            }
            throw .failed(detail: "\(error)")
        }
    }
}

extension StoreError {
    /// Whether a table of the journal that says so is best made anew.
    var isCuredByNewTable: Bool {
        switch self {
        case .corrupt, .foreign: true
        default: false
        }
    }
}
