public import AuditModel
public import Base
internal import Cryptography
internal import Glibc

/// Where a stream stands after recovery, for its next writer.
struct RecoveredStream: Sendable {
    var position = ChainPosition.start
    /// The number of its last segment, 0 for none.
    var segment: UInt64 = 0
    /// The segment recovery has begun, `nil` when there was nothing to say.
    var file: OpenFile?
    /// Bytes of that segment.
    var size = 0
}

/// What recovery had to do.
public struct RecoveryReport: Hashable, Sendable {
    /// Calls that were sent on and whose end is not known: closed as `unknown`.
    public internal(set) var closedIntents = 0
    /// Files that hold what was set aside: the ends of segments that a crash left incomplete.
    public internal(set) var cutFiles: [String] = []
    /// Streams in which rows vouched for by a checkpoint are missing or altered: run `toolgate audit verify`.
    public internal(set) var damagedStreams: [String] = []
    /// Streams whose last segment has no end: the process that wrote them died.
    public internal(set) var brokenStreams: [String] = []
}

/// Brings one stream into order at start: sets aside what is no whole row, closes what is open.
struct StreamRecovery {
    private let configuration: JournalConfiguration
    private let stream: AuditStream
    private let now: WallTime
    /// The last row a checkpoint vouches for.
    private let proven: UInt64
    private var position = ChainPosition.start
    private var open: Set<UInt64> = []
    private var cuts: [SegmentHeader.Cut] = []
    private var isEnded = false
    private var isDamaged = false
    private(set) var report = RecoveryReport()

    init(_ configuration: JournalConfiguration, _ stream: AuditStream, proven: UInt64, now: WallTime) {
        self.configuration = configuration
        self.stream = stream
        self.proven = proven
        self.now = now
    }

    private func path(_ name: JournalName) -> String { "\(configuration.folder)/\(name.text)" }

    /// Looks at the last segments; `numbers` are those that are there, ascending.
    mutating func run(_ numbers: [UInt64]) throws(JournalFailure) -> RecoveredStream {
        let joints = try SegmentJoints(of: numbers.count, proven: proven) { index throws(JournalFailure) in
            try JournalFiles.ends(of: path(.segment(stream, numbers[index])))
        }
        isDamaged = joints.isBroken
        let kept = Array(numbers[..<(joints.firstLoose ?? numbers.count)])
        for number in numbers[kept.count...] {
            try remove(number)
        }
        try noteEarlierCuts(behind: kept.last ?? 0)
        if let number = kept.last {
            try recover(number)
        }
        // The process before may have died between a write and its synchronisation, of several segments when the disk was
        // slow. What comes next builds on these rows: a loss of power must not take them from under it.
        for number in kept[min(kept.count, max(0, joints.firstUnproven - 1))...] {
            try JournalFiles.synchronise(file: path(.segment(stream, number)), on: configuration.disk)
        }
        if position.next <= proven {
            isDamaged = true
        }
        if isDamaged {
            report.damagedStreams.append(stream.name)
        }
        if !isEnded, !kept.isEmpty {
            report.brokenStreams.append(stream.name)
        }
        var result = RecoveredStream()
        result.position = position
        result.segment = kept.last ?? 0
        guard !cuts.isEmpty || !open.isEmpty || (!isEnded && !kept.isEmpty) else {
            return result
        }
        return try begin(after: result)
    }

    /// Sets a segment aside that hangs in the air: nothing in it was promised to anybody.
    private mutating func remove(_ number: UInt64) throws(JournalFailure) {
        let path = path(.segment(stream, number))
        let bytes = try JournalFiles.read(path)
        if !bytes.isEmpty {
            try setAside(bytes, number)
        }
        guard unsafe unlink(path) == 0 else {
            throw .file(path: path, operation: "remove", error: errno)
        }
    }

    /// What a recovery that did not come to its end set aside as whole segments.
    private mutating func noteEarlierCuts(behind last: UInt64) throws(JournalFailure) {
        var number = last + 1
        while JournalFiles.exists(path(.cut(stream, number))) {
            if !cuts.contains(where: { $0.segment == number }) {
                note(cut: try JournalFiles.read(path(.cut(stream, number))), number)
            }
            number += 1
        }
    }

    /// Reads the last segment that is kept, and cuts off what is no whole group.
    private mutating func recover(_ number: UInt64) throws(JournalFailure) {
        let path = path(.segment(stream, number))
        let bytes = try JournalFiles.read(path)
        // Set aside before, in a recovery that did not come to its end.
        let cutPath = self.path(.cut(stream, number))
        let whole = try read(bytes, path)
        if whole < bytes.count {
            try setAside(Array(bytes[whole...]), number)
            let file = try OpenFile.open(path, O_WRONLY, "open")
            guard ftruncate(file.descriptor, whole) == 0 else {
                throw .file(path: path, operation: "shorten", error: errno)
            }
        } else if JournalFiles.exists(cutPath) {
            note(cut: try JournalFiles.read(cutPath), number)
        }
    }

    private mutating func setAside(_ bytes: [UInt8], _ number: UInt64) throws(JournalFailure) {
        try JournalFiles.replace(path(.cut(stream, number)), with: bytes)
        note(cut: bytes, number)
    }

    private mutating func note(cut bytes: [UInt8], _ number: UInt64) {
        guard let digest = Digest256(SHA256.digest(bytes)) else {
            return
        }
        cuts.append(SegmentHeader.Cut(segment: number, bytes: bytes.count, digest: digest))
        report.cutFiles.append(path(.cut(stream, number)))
    }

    /// Follows the chain; how many bytes stay in the file.
    ///
    /// What breaks the chain behind the last checkpoint is what a loss of power leaves, and is set aside with all behind it.
    /// What breaks it before is none: it stays where it is, as evidence, and the chain goes on behind it.
    private mutating func read(_ bytes: [UInt8], _ path: String) throws(JournalFailure) -> Int {
        let hash = ChainHash()
        var isFirst = true
        for part in SegmentGroups(bytes) {
            switch part {
            case .torn(_, let range):
                return range.lowerBound
            case .malformed(_, let range):
                guard isFirst || position.next <= proven else {
                    return range.lowerBound
                }
                isDamaged = true
            case .group(let group):
                if isFirst {
                    try take(header: group.rows.first.flatMap(\.row), path)
                }
                let digest = hash.digest(of: bytes.span.extracting(group.content), after: position.head)
                let isSound = digest == group.digest && isInOrder(group)
                if !isSound, !isFirst, position.next > proven {
                    return group.content.lowerBound
                }
                isDamaged = isDamaged || !isSound
                take(group)
            }
            isFirst = false
        }
        return bytes.count
    }

    /// Whether every line is a row with the number that is due.
    private func isInOrder(_ group: RowGroup) -> Bool {
        zip(position.next..., group.rows).allSatisfy { $1.row?.sequence == $0 }
    }

    private mutating func take(header row: AuditRow?, _ path: String) throws(JournalFailure) {
        if let version = row?.otherFormat {
            throw .otherFormat(path: path, version: version)
        }
        guard let row, let (header, previous) = row.header else {
            isDamaged = true
            return
        }
        position = ChainPosition(next: row.sequence, head: previous)
        open = Set(header.open)
    }

    private mutating func take(_ group: RowGroup) {
        var next = position.next
        for entry in group.rows {
            next = (entry.row?.sequence ?? next) &+ 1
            isEnded = entry.row?.kind == .end
            if let row = entry.row, row.opensCall {
                open.insert(row.sequence)
            } else if let intent = entry.row?.closedIntent {
                open.remove(intent)
            }
        }
        position = ChainPosition(next: next, head: group.digest)
    }

    /// Begins the next segment with what there is to say, and puts it on the disk.
    private mutating func begin(after last: RecoveredStream) throws(JournalFailure) -> RecoveredStream {
        var rows = RowBuffer(at: position, requestPrefix: configuration.requestPrefix)
        let number = last.segment + 1
        let header = SegmentHeader(
            time: now,
            stream: stream,
            segment: number,
            node: configuration.node,
            cause: isEnded ? .start : .crash,
            open: open.sorted(),
            cuts: cuts
        )
        rows.append(header)
        for intent in open.sorted() {
            rows.append(AuditOutcome(time: now, result: .unknown), of: intent)
        }
        rows.seal()
        let path = path(.segment(stream, number))
        let file = try OpenFile.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "make")
        let written = configuration.disk.write(file.descriptor, rows.bytes.span)
        guard written == rows.bytes.count else {
            throw .file(path: path, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC)
        }
        guard fsync(file.descriptor) == 0 else {
            throw .file(path: path, operation: "synchronise", error: errno)
        }
        try JournalFiles.synchronise(folder: configuration.folder)
        report.closedIntents += open.count
        return RecoveredStream(position: rows.position, segment: number, file: file, size: written)
    }
}

/// A charge of a call that was noted before the process started, for building counters again.
public struct RecoveredCharge: Hashable, Sendable {
    /// When the call was decided.
    public let time: WallTime
    /// What was added, and to what.
    public let charge: AuditCharge
}

extension JournalFiles {
    /// The charges of all calls noted since a time and not given back, stream by stream, each in its order.
    ///
    /// Reads as many segments as reach back that far; blocks.
    public static func charges(in folder: String, since: WallTime) throws(JournalFailure) -> [RecoveredCharge] {
        var segments: [AuditStream: [UInt64]] = [:]
        for name in try names(in: folder) {
            if case .segment(let stream, let number) = JournalName(name) {
                segments[stream, default: []].append(number)
            }
        }
        var result: [RecoveredCharge] = []
        for (stream, numbers) in segments.sorted(by: { $0.key < $1.key }) {
            var blocks: [[UInt8]] = []
            for number in numbers.sorted().reversed() {
                let bytes = try read("\(folder)/\(JournalName.segment(stream, number).text)")
                blocks.append(bytes)
                guard let start = SegmentStart(bytes), start.header.time >= since else {
                    break
                }
            }
            result += charges(in: blocks.reversed(), since: since)
        }
        return result
    }

    /// The highest number of an event of the store among the rows of the admin stream; 0 when there is none.
    ///
    /// Reads from the newest segment back to the first that has one; blocks.
    public static func lastEvent(in folder: String) throws(JournalFailure) -> Int {
        var numbers: [UInt64] = []
        for name in try names(in: folder) {
            if case .segment(.admin, let number) = JournalName(name) {
                numbers.append(number)
            }
        }
        for number in numbers.sorted().reversed() {
            let bytes = try read("\(folder)/\(JournalName.segment(.admin, number).text)")
            var last = 0
            for row in SegmentRows(bytes) {
                last = max(last, row.event ?? 0)
            }
            if last > 0 {
                return last
            }
        }
        return 0
    }

    private static func charges(in blocks: [[UInt8]], since: WallTime) -> [RecoveredCharge] {
        var found: [UInt64: (time: WallTime, charges: [AuditCharge])] = [:]
        for bytes in blocks {
            for row in SegmentRows(bytes) {
                if row.opensCall, row.time >= since, let charges = row.charges, !charges.isEmpty {
                    found[row.sequence] = (row.time, charges)
                } else if let intent = row.closedIntent, row.isGivenBack {
                    found[intent] = nil
                }
            }
        }
        return found.sorted { $0.key < $1.key }.flatMap { entry in
            entry.value.charges.map { RecoveredCharge(time: entry.value.time, charge: $0) }
        }
    }
}
