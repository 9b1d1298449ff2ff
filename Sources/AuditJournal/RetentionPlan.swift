internal import AuditModel
internal import Base
internal import Glibc

/// Which segments are too old or too much, and what is stated before they go.
struct RetentionPlan {
    /// What to state, one a stream.
    private(set) var statements: [AuditStatement] = []
    /// The files to remove.
    private(set) var paths: [String] = []

    private struct Segment {
        let stream: AuditStream
        let number: UInt64
        let size: Int
        let modified: WallTime
    }

    /// Looks at a folder; the newest segment of a stream always stays.
    init(_ configuration: JournalConfiguration, now: WallTime) throws(JournalFailure) {
        let names = try JournalFiles.names(in: configuration.folder)
        let segments = names.compactMap { Self.segment($0, configuration.folder) }
        let newest = Dictionary(segments.map { ($0.stream, $0.number) }, uniquingKeysWith: max)
        var total = segments.reduce(0) { $0 + $1.size }
        var last: [AuditStream: UInt64] = [:]
        // Oldest first; within a stream in its own order, so that no gap can arise.
        let candidates = Self.inOrder(segments).filter { $0.number < newest[$0.stream] ?? 0 }
        var stopped: Set<AuditStream> = []
        for segment in candidates where !stopped.contains(segment.stream) {
            let age = Duration.milliseconds(now.milliseconds - segment.modified.milliseconds)
            let isOld = configuration.retentionAge.map { age > $0 } ?? false
            let isTooMuch = configuration.retentionBytes.map { total > $0 } ?? false
            guard isOld || isTooMuch else {
                stopped.insert(segment.stream)
                continue
            }
            total -= segment.size
            last[segment.stream] = segment.number
            paths.append("\(configuration.folder)/\(JournalName.segment(segment.stream, segment.number).text)")
            let cut = JournalName.cut(segment.stream, segment.number).text
            if names.contains(cut) {
                paths.append("\(configuration.folder)/\(cut)")
            }
        }
        for (stream, number) in last.sorted(by: { $0.key < $1.key }) {
            statements.append(try Self.statement(stream, through: number, configuration, now))
        }
    }

    /// By age, each at least as young as the one before it in its stream, whatever the clock did.
    private static func inOrder(_ segments: [Segment]) -> [Segment] {
        var youngest: [AuditStream: WallTime] = [:]
        let aged = segments.sorted { $0.number < $1.number }.map { segment in
            let age = max(youngest[segment.stream] ?? segment.modified, segment.modified)
            youngest[segment.stream] = age
            return (age, segment)
        }
        return aged.sorted { ($0.0, $0.1.stream, $0.1.number) < ($1.0, $1.1.stream, $1.1.number) }.map(\.1)
    }

    private static func segment(_ name: String, _ folder: String) -> Segment? {
        guard case .segment(let stream, let number) = JournalName(name) else {
            return nil
        }
        var status = stat()
        guard unsafe stat("\(folder)/\(name)", &status) == 0 else {
            return nil
        }
        let modified = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        return Segment(
            stream: stream,
            number: number,
            size: Int(status.st_size),
            modified: WallTime(milliseconds: modified)
        )
    }

    /// The first row behind what goes says where the chain stood.
    private static func statement(
        _ stream: AuditStream,
        through number: UInt64,
        _ configuration: JournalConfiguration,
        _ now: WallTime
    ) throws(JournalFailure) -> AuditStatement {
        let path = "\(configuration.folder)/\(JournalName.segment(stream, number + 1).text)"
        let bytes = try JournalFiles.read(path)
        var lines = SegmentLines(bytes)
        guard case .row(let line) = lines.next(), let row = AuditRow(bytes[line.row]), let (_, previous) = row.header
        else {
            throw .file(path: path, operation: "find the first row of", error: EILSEQ)
        }
        return AuditStatement(
            kind: .pruned,
            time: now,
            node: configuration.node,
            stream: stream,
            segment: number,
            size: 0,
            sequence: row.sequence - 1,
            head: previous
        )
    }
}
