internal import AuditModel
internal import Base
internal import Glibc

/// The first and the last row of a segment, without reading what is between them.
extension JournalFiles {
    /// The most bytes a line can have, and one before it.
    private static let longestLine = 1 << 20 + 128

    /// The first row of a segment; `nil` when there is none that can be read.
    static func start(of path: String) throws(JournalFailure) -> SegmentStart? {
        for limit in [1 << 12, longestLine] {
            let bytes = try read(path, atMost: limit)
            if bytes.contains(UInt8(ascii: "\n")) {
                return SegmentStart(bytes)
            }
        }
        return nil
    }

    /// Where the chain stands behind the last sealed group of a segment; `nil` when there is none that can be read.
    static func end(of path: String) throws(JournalFailure) -> ChainPosition? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw .file(path: path, operation: "read", error: errno)
        }
        for length in [1 << 13, 2 * longestLine] {
            let start = max(0, Int(status.st_size) - length)
            var bytes = try read(path, from: start)
            if start > 0 {
                bytes.removeFirst((bytes.firstIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
            }
            var end: ChainPosition?
            for case .row(let line) in SegmentLines(bytes) {
                if let head = line.seal {
                    let sequence = RowReader.sequence(of: bytes[line.row])
                    end = sequence.map { ChainPosition(next: $0 &+ 1, head: head) }
                }
            }
            if let end {
                return end
            }
        }
        return nil
    }
}
