internal import Cryptography

/// Checks one stream, segment after segment.
struct StreamVerifier {
    let stream: AuditStream
    /// Those whose signature is valid, or all when there is no key.
    let statements: [AuditStatement]
    let heads: [AuditStatement]
    let isKeyed: Bool
    let names: Set<String>
    var result: AuditVerification

    /// What the rows read so far lead to expect; `nil` where that is not known.
    private var expected: UInt64?
    /// The first segment that is still there.
    private var firstNumber: UInt64 = 1
    private var previous: Digest256?
    private let hash = ChainHash()
    private var segments = 0
    private var rows: UInt64 = 0
    private var first: UInt64?
    private var last: UInt64 = 0
    private var lastFile: String?
    /// Statements about rows, by the rows' numbers.
    private var vouched: [UInt64: [AuditStatement]] = [:]

    init(
        stream: AuditStream,
        statements: [AuditStatement],
        heads: [AuditStatement],
        isKeyed: Bool,
        names: Set<String>,
        result: AuditVerification
    ) {
        self.stream = stream
        self.statements = statements
        self.heads = heads
        self.isKeyed = isKeyed
        self.names = names
        self.result = result
        for statement in statements + heads where statement.kind != .pruned {
            vouched[statement.sequence, default: []].append(statement)
        }
    }

    mutating func verify(_ numbers: [UInt64], _ read: (String) -> AuditVerifier.Source) {
        guard let firstNumber = numbers.first else {
            add(.fault, "all segments are missing, but statements speak of rows up to \(vouched.keys.max() ?? 0)")
            return
        }
        self.firstNumber = firstNumber
        start(at: firstNumber)
        var wanted = firstNumber
        let attached = attached(numbers, read)
        for number in attached {
            if number != wanted {
                let range = number == wanted + 1 ? "\(wanted) is" : "\(wanted) to \(number - 1) are"
                add(.fault, "segment \(range) missing")
                (expected, previous) = (nil, nil)
            }
            wanted = number + 1
            let name = JournalName.segment(stream, number).text
            switch read(name) {
            case .bytes(let bytes): check(bytes, number, name, isLast: number == attached.last, read)
            case .unreadable(let reason):
                add(.fault, file: name, "cannot be read: \(reason)")
                (expected, previous) = (nil, nil)
            }
        }
        for number in numbers[attached.count...] {
            let meaning = "it does not go on where the segment before it ends, as after a loss of power;"
            let next = "no checkpoint vouches for a row of it, and the next start sets it aside"
            add(.note, file: JournalName.segment(stream, number).text, "\(meaning) \(next)")
        }
        finish()
    }

    /// The segments without those at the end that a loss of power has left hanging in the air.
    ///
    /// Who removes rows that nobody vouches for could have removed these as well: it is an end that is unproven.
    private func attached(_ numbers: [UInt64], _ read: (String) -> AuditVerifier.Source) -> [UInt64] {
        // A segment that is missing is no such thing: look only behind the last gap.
        let run = numbers.indices.last { $0 > 0 && numbers[$0] != numbers[$0 - 1] + 1 } ?? 0
        let tail = numbers[run...]
        let joints = SegmentJoints(of: tail.count, proven: vouched.keys.max() ?? 0) { index in
            guard case .bytes(let bytes) = read(JournalName.segment(stream, tail[run + index]).text) else {
                return SegmentEnds(start: nil, end: nil, hasContent: true)
            }
            return SegmentEnds(first: bytes, last: bytes)
        }
        // The first stays in any case: it is told of as it is.
        return Array(numbers[..<(run + max(1, joints.firstLoose ?? tail.count))])
    }

    /// What stands before the first segment that is still there.
    private mutating func start(at number: UInt64) {
        guard number > 1 else {
            (expected, previous) = (1, .zero)
            return
        }
        let pruned = statements.filter { $0.kind == .pruned && $0.segment >= number - 1 }
        guard let statement = pruned.last(where: { $0.segment == number - 1 }) ?? pruned.last else {
            let range = number == 2 ? "1 is" : "1 to \(number - 1) are"
            add(.fault, "segment \(range) missing, and no signed statement says that they were pruned")
            return
        }
        // A crash in the middle of removing leaves some of what a statement speaks of; all of that may go.
        if statement.segment == number - 1 {
            (expected, previous) = (statement.sequence + 1, statement.head)
        }
        add(.note, "segments up to \(number - 1) were pruned on \(statement.time), as a signed statement says")
    }

    // MARK: One segment

    private mutating func check(
        _ bytes: [UInt8],
        _ number: UInt64,
        _ name: String,
        isLast: Bool,
        _ read: (String) -> AuditVerifier.Source
    ) {
        segments += 1
        lastFile = name
        if bytes.isEmpty {
            add(isLast ? .note : .fault, file: name, "the segment is empty")
        }
        var isEnded = false
        for part in SegmentGroups(bytes) {
            switch part {
            case .torn(let place, let range):
                let meaning = "the end is incomplete: no digest vouches for the last \(range.count) bytes"
                // Nothing is ever written behind the last row of a segment that was ended.
                add(isLast && !isEnded ? .note : .fault, file: name, line: place, meaning)
            case .malformed(let lines, _):
                add(.fault, file: name, line: lines.upperBound, "the line is not a row, with or without a digest")
                (expected, previous) = (nil, nil)
            case .group(let group):
                if group.lines.lowerBound == 1 {
                    let first = group.rows.first.flatMap(\.row)
                    if let format = first?.otherFormat {
                        addForeign(format, name)
                        return
                    }
                    checkHeader(first, number, name, read)
                }
                checkPlaces(of: group, name, &isEnded)
                checkChain(group, bytes, name)
            }
        }
    }

    private mutating func addForeign(_ format: UInt64, _ name: String) {
        let known = "this program reads version \(SegmentHeader.format)"
        add(.fault, file: name, line: 1, "the segment is of version \(format) of the format; \(known)")
        (expected, previous) = (nil, nil)
    }

    /// A segment's first row stands first, its last row last.
    private mutating func checkPlaces(of group: RowGroup, _ name: String, _ isEnded: inout Bool) {
        for entry in group.rows {
            if entry.line > 1, entry.row?.kind == .segment {
                add(.fault, file: name, line: entry.line, "a segment's first row stands in its middle")
            }
            if isEnded {
                add(.fault, file: name, line: entry.line, "a row stands behind the segment's last")
            }
            isEnded = entry.row?.kind == .end
        }
    }

    private mutating func checkHeader(
        _ row: AuditRow?,
        _ number: UInt64,
        _ name: String,
        _ read: (String) -> AuditVerifier.Source
    ) {
        guard let (header, goesOnFrom) = row?.header else {
            add(.fault, file: name, line: 1, "the first row is not a segment's first row")
            return
        }
        if header.stream != stream || header.segment != number {
            let claim = "segment \(header.segment) of stream \(header.stream.name)"
            add(.fault, file: name, line: 1, "the file holds \(claim), not what its name says")
        }
        if let previous, previous != goesOnFrom {
            add(.fault, file: name, line: 1, "it does not go on where the segment before it ends")
        }
        previous = goesOnFrom
        // What was set aside goes with its segment when that is pruned.
        for cut in header.cuts where cut.segment >= firstNumber {
            let file = JournalName.cut(stream, cut.segment).text
            guard names.contains(file), case .bytes(let bytes) = read(file) else {
                add(.fault, file: file, "what recovery set aside (\(cut.bytes) bytes) is missing")
                continue
            }
            let meaning =
                "recovery set aside \(cut.bytes) bytes of segment \(cut.segment), which no checkpoint vouched for"
            add(.note, file: name, line: 1, "\(meaning): look at the file when there was no loss of power")
            if bytes.count != cut.bytes || Digest256(SHA256.digest(bytes)) != cut.digest {
                add(.fault, file: file, "what recovery set aside has been altered")
            }
        }
    }

    private mutating func checkChain(_ group: RowGroup, _ bytes: [UInt8], _ name: String) {
        let place = group.lines.lowerBound
        if let previous, hash.digest(of: bytes.span.extracting(group.content), after: previous) != group.digest {
            let subject = group.lines.count == 1 ? "row" : "rows up to line \(group.lines.upperBound)"
            let meaning = "\(subject) altered, or what stands before altered, removed or moved"
            add(.fault, file: name, line: place, sequence: group.rows.first?.row?.sequence, meaning)
        }
        // The digest as written: one altered group is one finding, not one for every group behind it.
        previous = group.digest
        for entry in group.rows {
            rows += 1
            guard let row = entry.row else {
                add(.fault, file: name, line: entry.line, "the row is not in the format's form")
                expected = expected.map { $0 + 1 }
                continue
            }
            checkSequence(row, entry.line, name)
            last = row.sequence
            first = first ?? row.sequence
            checkVouched(row, isSealed: entry.line == group.rows.last?.line, group, name)
        }
    }

    /// Whoever vouches for a row names the digest of the group it ends.
    private mutating func checkVouched(_ row: AuditRow, isSealed: Bool, _ group: RowGroup, _ name: String) {
        for statement in vouched[row.sequence] ?? [] where !isSealed || statement.head != group.digest {
            let meaning = "the row is not the one \(Self.name(statement)) vouches for"
            add(.fault, file: name, line: group.lines.upperBound, sequence: row.sequence, meaning)
        }
    }

    private mutating func checkSequence(_ row: AuditRow, _ line: Int, _ name: String) {
        defer { expected = row.sequence &+ 1 }
        guard let expected, expected != row.sequence else {
            return
        }
        let meaning: String
        if row.sequence > expected {
            let missing = row.sequence - expected
            meaning =
                missing == 1 ? "row \(expected) is missing" : "rows \(expected) to \(row.sequence - 1) are missing"
        } else {
            meaning = "row \(row.sequence) stands where row \(expected) belongs: it was moved or added"
        }
        add(.fault, file: name, line: line, sequence: row.sequence, meaning)
    }

    // MARK: The end

    private mutating func finish() {
        let beyond = vouched.keys.filter { $0 > last }
        if let far = beyond.max(), let statement = vouched[far]?.first {
            let rows = far == last + 1 ? "row \(far) is" : "rows \(last + 1) to \(far) are"
            let meaning = "\(rows) missing: \(Self.name(statement)) vouches for them"
            add(.fault, file: lastFile, meaning)
        }
        let checkpoint = isKeyed ? furthest(statements.filter { $0.kind != .pruned }) : 0
        let head = isKeyed ? furthest(heads) : 0
        noteEnd(checkpoint: checkpoint, head: head)
        result.streams.append(
            AuditVerification.Stream(
                stream: stream,
                segments: segments,
                rows: rows,
                lastSequence: last,
                provenByCheckpoint: checkpoint,
                provenByHead: head
            )
        )
    }

    private func furthest(_ statements: [AuditStatement]) -> UInt64 {
        statements.map(\.sequence).filter { $0 <= last }.max() ?? 0
    }

    private mutating func noteEnd(checkpoint: UInt64, head: UInt64) {
        let proven = max(checkpoint, head)
        if proven < last {
            let place = proven == 0 ? "no row is" : "nothing after row \(proven) is"
            add(.note, "the end is unproven: \(place) covered by a checkpoint or an exported head")
        }
        if head < last, proven > head {
            let place = head == 0 ? "no exported head was given" : "the exported head covers rows up to \(head)"
            add(.note, "\(place): somebody who removed rows and their checkpoints together would not be noticed")
        }
    }

    private static func name(_ statement: AuditStatement) -> String {
        statement.kind == .head ? "the exported head of \(statement.time)" : "the checkpoint of \(statement.time)"
    }

    private mutating func add(
        _ weight: AuditFinding.Weight,
        file: String? = nil,
        line: Int? = nil,
        sequence: UInt64? = nil,
        _ meaning: String
    ) {
        result.add(AuditFinding(weight, file: file, stream: stream, line: line, sequence: sequence, meaning))
    }
}
