import AuditModel
import Base
import Cryptography

/// Shows the newest rows of all streams, then what is appended.
struct AuditFollower {
    private var folder: AuditFolder
    /// How far each stream was shown: a segment, and the bytes of it.
    private var places: [AuditStream: (segment: UInt64, offset: Int)] = [:]

    typealias Show = (AuditRow, ArraySlice<UInt8>, AuditStream) -> Void

    init(_ folder: AuditFolder) {
        self.folder = folder
    }

    /// Shows the newest `count` rows, by time.
    mutating func begin(showing count: Int, _ show: Show) throws(CommandFailure) {
        var rows: [(row: AuditRow, bytes: ArraySlice<UInt8>, stream: AuditStream)] = []
        for stream in folder.streams {
            var found: [(row: AuditRow, bytes: ArraySlice<UInt8>, stream: AuditStream)] = []
            for number in folder.segments(of: stream).reversed() where found.count < count {
                let bytes = try folder.read(JournalName.segment(stream, number).text)
                var part: [(row: AuditRow, bytes: ArraySlice<UInt8>, stream: AuditStream)] = []
                let whole = Self.rows(in: bytes) { part.append(($0, $1, stream)) }
                if places[stream] == nil {
                    places[stream] = (number, whole)
                }
                found = part + found
            }
            rows += found.suffix(count)
        }
        rows.sort { ($0.row.time, $0.stream, $0.row.sequence) < ($1.row.time, $1.stream, $1.row.sequence) }
        for entry in rows.suffix(count) {
            show(entry.row, entry.bytes, entry.stream)
        }
    }

    /// Shows what has been appended since.
    mutating func look(_ show: Show) throws(CommandFailure) {
        folder = try folder.again()
        for stream in folder.streams {
            let start = places[stream] ?? (0, 0)
            for number in folder.segments(of: stream) where number >= start.segment {
                let offset = number == start.segment ? start.offset : 0
                let bytes = try folder.read(JournalName.segment(stream, number).text, from: offset)
                let whole = Self.rows(in: bytes) { show($0, $1, stream) }
                places[stream] = (number, offset + whole)
            }
        }
    }

    /// The rows in a run of lines; how many bytes the whole lines have.
    private static func rows(in bytes: [UInt8], _ take: (AuditRow, ArraySlice<UInt8>) -> Void) -> Int {
        for case .row(let line) in SegmentLines(bytes) {
            if let row = AuditRow(bytes[line.row]) {
                take(row, bytes[line.row])
            }
        }
        return (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    }
}

/// Where a stream stands now.
enum AuditHead {
    /// The head of a stream's last whole row, when the chain of its last segment is sound; `nil` when it has no row.
    static func statement(
        of stream: AuditStream,
        in folder: AuditFolder,
        at time: WallTime
    ) throws(CommandFailure) -> AuditStatement? {
        for number in folder.segments(of: stream).reversed() {
            let name = JournalName.segment(stream, number).text
            let bytes = try folder.read(name)
            let hash = ChainHash()
            var position: ChainPosition?
            var node = ByteString("")
            var size = 0
            for line in SegmentLines(bytes) {
                if case .torn = line {
                    break
                }
                guard case .row(let line) = line, let row = AuditRow(bytes[line.row]) else {
                    throw broken(name)
                }
                if let (header, previous) = row.header, line.number == 1 {
                    position = ChainPosition(next: row.sequence, head: previous)
                    node = header.node
                }
                guard let before = position, row.sequence == before.next,
                    hash.digest(of: bytes.span.extracting(line.row), after: before.head) == line.digest
                else {
                    throw broken(name)
                }
                position = ChainPosition(next: row.sequence + 1, head: line.digest)
                size = line.row.upperBound + RowLine.tailCount
            }
            if let position {
                return AuditStatement(
                    kind: .head,
                    time: time,
                    node: node,
                    stream: stream,
                    segment: number,
                    size: size,
                    sequence: position.next - 1,
                    head: position.head
                )
            }
        }
        return nil
    }

    private static func broken(_ name: String) -> CommandFailure {
        .refused("the chain in `\(name)` is broken, nothing is signed: run `toolgate audit verify`")
    }
}
