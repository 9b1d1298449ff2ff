import AuditModel
import Cryptography
import JSONText
import ToolCatalogue
import Upstreams

/// What holds for what a process writes.
enum LineProperties {
    static func check(_ bytes: [UInt8]) {
        let maximum = 64
        var splitter = LineSplitter(maximumBytes: maximum)
        var choices = Choices(bytes.first ?? 0)
        var lines: [[UInt8]] = []
        var isOver = false
        for piece in choices.pieces(of: bytes[...]) {
            splitter.take(piece.span) { event in
                precondition(!isOver, "something comes behind the end")
                switch event {
                case .line(let line): lines.append(line)
                case .tooLong: isOver = true
                }
                return true
            }
            precondition(splitter.pendingCount <= maximum + 1, "a line is kept that is too long")
        }
        var expected: [[UInt8]] = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard line.count <= maximum else {
                break
            }
            expected.append(Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
        precondition(lines == expected, "the cuts change the lines")
    }
}

/// What holds for any bytes in the place of a segment of the journal.
enum JournalProperties {
    static func check(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16 else {
            return
        }
        var end = 0
        for part in SegmentGroups(bytes) {
            let range =
                switch part {
                case .group(let group): group.content
                case .malformed(_, let range), .torn(_, let range): range
                }
            precondition(range.lowerBound >= end && range.upperBound <= bytes.count, "parts lie over each other")
            end = range.upperBound
        }
        for row in SegmentRows(bytes) {
            precondition(row.bytes.count <= bytes.count)
        }
        let names = ["worker-0.00000001.rows", "worker-0.00000002.rows", "statements"]
        let result = AuditVerifier(key: nil).verify(names: names) { _ in .bytes(bytes) }
        precondition(result.findings.count <= 100_000)
    }
}

/// What holds for any definition of a tool.
enum CatalogueProperties {
    static func check(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16 else {
            return
        }
        do throws(JSONError) {
            guard let tool = DescribedTool(try JSONDocument(bytes).root) else {
                return
            }
            let classification = Classifier.classify(tool)
            precondition((0...1).contains(classification.confidence), "a confidence that is none")
            _ = PoisonScanner.scan(tool)
        } catch {
            return
        }
    }
}
