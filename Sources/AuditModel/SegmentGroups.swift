public import Cryptography

/// Rows that were written, and are sealed, together.
public struct RowGroup: Sendable {
    /// One line of a group.
    public struct Row: Sendable {
        /// The line's number, from 1.
        public let line: Int
        /// What it says; `nil` when it is not in the format's form.
        public let row: AuditRow?
    }

    /// The numbers of its lines.
    public let lines: ClosedRange<Int>
    /// The bytes its digest is over.
    public let content: Range<Int>
    /// What is written as its digest.
    public let digest: Digest256
    /// Behind its last line feed.
    public let end: Int
    /// Its rows, and lines that are none; definitions are left out.
    public let rows: [Row]
}

/// Takes the bytes of a segment apart into groups of rows, linear; in a format of another version it finds none.
public struct SegmentGroups: Sequence, IteratorProtocol {
    /// What comes next in a segment.
    public enum Part: Sendable {
        /// A sealed group.
        case group(RowGroup)
        /// Whole lines up to one that is of another form or too long: no group, whatever they were.
        case malformed(lines: ClosedRange<Int>, range: Range<Int>)
        /// Bytes at the end that no seal vouches for: what a crash in the middle of a write leaves.
        case torn(line: Int, range: Range<Int>)
    }

    private let bytes: [UInt8]
    private var lines: SegmentLines
    private var reader: RowReader

    /// The groups of `bytes`, which `reader` goes on reading: a new one for a whole segment.
    public init(_ bytes: [UInt8], with reader: RowReader = RowReader()) {
        self.bytes = bytes
        self.reader = reader
        lines = SegmentLines(bytes)
    }

    /// What has read all rows so far: for whoever goes on with what is appended to the segment.
    public var rowReader: RowReader { reader }

    /// The next part, `nil` behind the last.
    public mutating func next() -> Part? {
        var first: (line: Int, offset: Int)?
        var rows: [RowGroup.Row] = []
        while let line = lines.next() {
            switch line {
            case .torn(let number, let range):
                let start = first ?? (number, range.lowerBound)
                return .torn(line: start.line, range: start.offset..<range.upperBound)
            case .malformed(let number, let range):
                let start = first ?? (number, range.lowerBound)
                return .malformed(lines: start.line...number, range: start.offset..<range.upperBound)
            case .row(let line):
                let start = first ?? (line.number, line.row.lowerBound)
                first = start
                switch reader.read(bytes[line.row]) {
                case .row(let row): rows.append(RowGroup.Row(line: line.number, row: row))
                case .malformed: rows.append(RowGroup.Row(line: line.number, row: nil))
                case .definition: break
                }
                guard let digest = line.seal else {
                    continue
                }
                return .group(
                    RowGroup(
                        lines: start.line...line.number,
                        content: start.offset..<line.row.upperBound,
                        digest: digest,
                        end: line.end,
                        rows: rows
                    )
                )
            }
        }
        // Whole lines, but the seal behind them is missing.
        return first.map { .torn(line: $0.line, range: $0.offset..<bytes.count) }
    }
}

/// The first row of a segment, and the digest it goes on from.
public struct SegmentStart: Sendable {
    /// What the row says.
    public let header: SegmentHeader
    /// The digest of the group before it in its stream.
    public let previous: Digest256
    /// The row's number.
    public let sequence: UInt64

    /// Reads the first line of `bytes`; `nil` when it is not the first row of a segment in this version's form.
    public init?(_ bytes: [UInt8]) {
        var lines = SegmentLines(bytes)
        var reader = RowReader()
        guard case .row(let line) = lines.next(), case .row(let row) = reader.read(bytes[line.row]),
            let (header, previous) = row.header
        else {
            return nil
        }
        self.header = header
        self.previous = previous
        sequence = row.sequence
    }
}

/// The whole rows of a segment in their order, for whoever is not to judge it: what is no row or not sealed is left out.
public struct SegmentRows: Sequence, IteratorProtocol {
    private var groups: SegmentGroups
    private var rest: ArraySlice<RowGroup.Row> = []

    /// The rows of `bytes`, which `reader` goes on reading: a new one for a whole segment.
    public init(_ bytes: [UInt8], with reader: RowReader = RowReader()) {
        groups = SegmentGroups(bytes, with: reader)
    }

    /// What has read all rows so far.
    public var rowReader: RowReader { groups.rowReader }
    /// How many bytes the groups have that were read so far.
    public private(set) var end = 0

    /// The next row.
    public mutating func next() -> AuditRow? {
        while true {
            while let entry = rest.popFirst() {
                if let row = entry.row {
                    return row
                }
            }
            switch groups.next() {
            case .group(let group):
                rest = group.rows[...]
                end = group.end
            case .malformed(_, let range): end = range.upperBound
            case .torn, nil: return nil
            }
        }
    }
}
