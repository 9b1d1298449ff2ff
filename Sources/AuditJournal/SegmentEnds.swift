internal import AuditModel
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

    /// Both ends of a segment.
    static func ends(of path: String) throws(JournalFailure) -> SegmentEnds {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw .file(path: path, operation: "read", error: errno)
        }
        var ends = SegmentEnds(start: nil, end: nil, hasContent: false)
        for length in [1 << 13, 2 * longestLine] {
            let start = max(0, Int(status.st_size) - length)
            let first = try read(path, atMost: length)
            var last = try read(path, from: start)
            if start > 0 {
                last.removeFirst((last.firstIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
            }
            ends = SegmentEnds(first: first, last: last)
            if ends.hasContent, ends.end != nil || start == 0 {
                break
            }
        }
        return ends
    }
}
