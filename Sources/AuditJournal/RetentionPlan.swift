internal import AuditModel
internal import Base
internal import Cryptography
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
        /// Its first row; `nil` when that cannot be read.
        let header: SegmentHeader?
        /// The number of that row, and the digest of the group before it.
        let sequence: UInt64
        let previous: Digest256?
    }

    private struct Candidate {
        let segment: Segment
        /// The first row behind it: nothing in it is younger than that.
        let next: Segment
    }

    /// Looks at a folder; the newest segment of a stream always stays, and so does whatever has the note of a call that
    /// is still open, with all behind it.
    init(_ configuration: JournalConfiguration, now: WallTime) throws(JournalFailure) {
        let names = try JournalFiles.names(in: configuration.folder)
        var segments: [AuditStream: [Segment]] = [:]
        for name in names {
            if let segment = try Self.segment(name, configuration.folder) {
                segments[segment.stream, default: []].append(segment)
            }
        }
        var total = segments.values.joined().reduce(0) { $0 + $1.size }
        var last: [AuditStream: Candidate] = [:]
        // Oldest first; within a stream in its own order, so that no gap can arise.
        let candidates = Self.inOrder(segments.values.flatMap { Self.removable($0.sorted { $0.number < $1.number }) })
        var stopped: Set<AuditStream> = []
        for candidate in candidates where !stopped.contains(candidate.segment.stream) {
            let segment = candidate.segment
            let ended = candidate.next.header?.time ?? now
            let age = Duration.milliseconds(now.milliseconds - ended.milliseconds)
            let isOld = configuration.retentionAge.map { age > $0 } ?? false
            let isTooMuch = configuration.retentionBytes.map { total > $0 } ?? false
            guard isOld || isTooMuch else {
                stopped.insert(segment.stream)
                continue
            }
            total -= segment.size
            last[segment.stream] = candidate
            paths.append("\(configuration.folder)/\(JournalName.segment(segment.stream, segment.number).text)")
            let cut = JournalName.cut(segment.stream, segment.number).text
            if names.contains(cut) {
                paths.append("\(configuration.folder)/\(cut)")
            }
        }
        for (_, candidate) in last.sorted(by: { $0.key < $1.key }) {
            statements.append(Self.statement(candidate, configuration, now))
        }
    }

    /// The segments of a stream that may go, which are its first ones; `segments` in order.
    ///
    /// A call that was open when the newest segment began counts as open. What is behind a gap or a first row that cannot be
    /// read stays: it is evidence.
    private static func removable(_ segments: [Segment]) -> [Candidate] {
        let firstOpen = segments.last?.header?.open.min() ?? .max
        var candidates: [Candidate] = []
        for (segment, next) in zip(segments, segments.dropFirst()) {
            guard next.number == segment.number + 1, next.header != nil, next.sequence <= firstOpen else {
                break
            }
            candidates.append(Candidate(segment: segment, next: next))
        }
        return candidates
    }

    /// By the time each ended, which is never before the one before it in its stream did, whatever the clock did.
    private static func inOrder(_ candidates: [Candidate]) -> [Candidate] {
        var youngest: [AuditStream: WallTime] = [:]
        let aged = candidates.map { candidate in
            let stream = candidate.segment.stream
            let ended = candidate.next.header?.time ?? WallTime(milliseconds: .max)
            let age = max(youngest[stream] ?? ended, ended)
            youngest[stream] = age
            return (age, candidate)
        }
        let sorted = aged.sorted { left, right in
            (left.0, left.1.segment.stream, left.1.segment.number)
                < (right.0, right.1.segment.stream, right.1.segment.number)
        }
        return sorted.map(\.1)
    }

    private static func segment(_ name: String, _ folder: String) throws(JournalFailure) -> Segment? {
        guard case .segment(let stream, let number) = JournalName(name) else {
            return nil
        }
        let path = "\(folder)/\(name)"
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            return nil
        }
        let start = try JournalFiles.start(of: path)
        return Segment(
            stream: stream,
            number: number,
            size: Int(status.st_size),
            header: start?.header,
            sequence: start?.sequence ?? 0,
            previous: start?.previous
        )
    }

    /// The first row behind what goes says where the chain stood.
    private static func statement(
        _ candidate: Candidate,
        _ configuration: JournalConfiguration,
        _ now: WallTime
    ) -> AuditStatement {
        AuditStatement(
            kind: .pruned,
            time: now,
            node: configuration.node,
            stream: candidate.segment.stream,
            segment: candidate.segment.number,
            size: 0,
            sequence: candidate.next.sequence - 1,
            head: candidate.next.previous ?? .zero
        )
    }
}
