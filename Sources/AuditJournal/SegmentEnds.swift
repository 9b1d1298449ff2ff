internal import AuditModel
internal import Base
internal import Glibc

/// The first and the last row of a segment, without reading what is between them.
extension JournalFiles {
    /// The most bytes a line can have, and one before it.
    private static let longestLine = 1 << 20 + 128

    /// The first row of a segment; `nil` when there is none that can be read.
    static func firstRow(of path: String) throws(JournalFailure) -> AuditRow? {
        for limit in [1 << 12, longestLine] {
            let bytes = try read(path, atMost: limit)
            if bytes.contains(UInt8(ascii: "\n")) {
                var lines = SegmentLines(bytes)
                guard case .row(let line)? = lines.next() else {
                    return nil
                }
                return AuditRow(bytes[line.row])
            }
        }
        return nil
    }

    /// Where the chain stands behind the last whole row of a segment; `nil` when there is none that can be read.
    static func end(of path: String) throws(JournalFailure) -> ChainPosition? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw .file(path: path, operation: "read", error: errno)
        }
        let feed = UInt8(ascii: "\n")
        for length in [1 << 13, 2 * longestLine] {
            let start = max(0, Int(status.st_size) - length)
            let bytes = try read(path, from: start)
            guard let last = bytes.lastIndex(of: feed) else {
                continue
            }
            guard let before = bytes[..<last].lastIndex(of: feed) ?? (start == 0 ? -1 : nil) else {
                continue
            }
            let whole = Array(bytes[(before + 1)...last])
            var lines = SegmentLines(whole)
            guard case .row(let line)? = lines.next(), let row = AuditRow(whole[line.row]) else {
                return nil
            }
            return ChainPosition(next: row.sequence &+ 1, head: line.digest)
        }
        return nil
    }
}
