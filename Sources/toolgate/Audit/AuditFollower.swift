import AuditModel
import Base
import Cryptography

/// Shows the newest rows of all streams, then what is appended.
struct AuditFollower {
    private var folder: AuditFolder
    private var places: [AuditStream: Place] = [:]

    /// How far a stream was shown: a segment, the bytes of it, and what is defined in them.
    private struct Place {
        var segment: UInt64 = 0
        var offset = 0
        var reader = RowReader()
    }

    typealias Show = (AuditRow, AuditStream) -> Void

    init(_ folder: AuditFolder) {
        self.folder = folder
    }

    /// Shows the newest `count` rows, by time.
    mutating func begin(showing count: Int, _ show: Show) throws(CommandFailure) {
        var rows: [(row: AuditRow, stream: AuditStream)] = []
        for stream in folder.streams {
            var found: [AuditRow] = []
            for number in folder.segments(of: stream).reversed() where found.count < count {
                let (part, place) = try read(stream, Place(segment: number))
                places[stream] = places[stream] ?? place
                found = part + found
            }
            rows += found.suffix(count).map { ($0, stream) }
        }
        rows.sort { ($0.row.time, $0.stream, $0.row.sequence) < ($1.row.time, $1.stream, $1.row.sequence) }
        for entry in rows.suffix(count) {
            show(entry.row, entry.stream)
        }
    }

    /// Shows what has been appended since.
    mutating func look(_ show: Show) throws(CommandFailure) {
        folder = try folder.again()
        for stream in folder.streams {
            let known = places[stream] ?? Place()
            for number in folder.segments(of: stream) where number >= known.segment {
                let (rows, place) = try read(stream, number == known.segment ? known : Place(segment: number))
                places[stream] = place
                for row in rows {
                    show(row, stream)
                }
            }
        }
    }

    /// The rows of a segment behind a place, and the place behind the last of them.
    private func read(_ stream: AuditStream, _ place: Place) throws(CommandFailure) -> ([AuditRow], Place) {
        let bytes = try folder.read(JournalName.segment(stream, place.segment).text, from: place.offset)
        var rows = SegmentRows(bytes, with: place.reader)
        var found: [AuditRow] = []
        while let row = rows.next() {
            found.append(row)
        }
        return (found, Place(segment: place.segment, offset: place.offset + rows.end, reader: rows.rowReader))
    }
}

/// Where a stream stands now.
enum AuditHead {
    /// The heads of all streams, one signed statement a line.
    static func lines(
        in folder: AuditFolder,
        signedWith key: Ed25519.PrivateKey,
        at time: WallTime
    ) throws(CommandFailure) -> [UInt8] {
        var output: [UInt8] = []
        for stream in folder.streams {
            if let statement = try statement(of: stream, in: folder, at: time) {
                statement.appendLine(signedWith: key, to: &output)
            }
        }
        return output
    }

    /// The head of a stream's last whole row, when the chain of its last segment is sound; `nil` when it has no row.
    static func statement(
        of stream: AuditStream,
        in folder: AuditFolder,
        at time: WallTime
    ) throws(CommandFailure) -> AuditStatement? {
        for number in folder.segments(of: stream).reversed() {
            let name = JournalName.segment(stream, number).text
            let bytes = try folder.read(name)
            guard let start = SegmentStart(bytes) else {
                guard bytes.contains(UInt8(ascii: "\n")) else {
                    continue
                }
                throw broken(name)
            }
            let hash = ChainHash()
            var position = ChainPosition(next: start.sequence, head: start.previous)
            var size = 0
            for part in SegmentGroups(bytes) {
                if case .torn = part {
                    break
                }
                guard case .group(let group) = part,
                    hash.digest(of: bytes.span.extracting(group.content), after: position.head) == group.digest,
                    zip(position.next..., group.rows).allSatisfy({ $1.row?.sequence == $0 })
                else {
                    throw broken(name)
                }
                position = ChainPosition(next: position.next + UInt64(group.rows.count), head: group.digest)
                size = group.end
            }
            if size > 0 {
                return AuditStatement(
                    kind: .head,
                    time: time,
                    node: start.header.node,
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
