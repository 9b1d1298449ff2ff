/// The two ends of a segment, as far as they can be read.
public struct SegmentEnds: Sendable {
    /// Its first row.
    public let start: SegmentStart?
    /// Where the chain stands behind its last sealed group.
    public let end: ChainPosition?
    /// Whether it has a sealed group, or a line of another form; without one it never came into being.
    public let hasContent: Bool

    /// From what was read of it.
    public init(start: SegmentStart?, end: ChainPosition?, hasContent: Bool) {
        self.start = start
        self.end = end
        self.hasContent = hasContent
    }

    /// From all its bytes, or its first and its last ones.
    public init(first: [UInt8], last: [UInt8]) {
        let hasContent = SegmentLines(first).contains { line in
            switch line {
            case .row(let line): line.seal != nil
            case .malformed: true
            case .torn: false
            }
        }
        var end: ChainPosition?
        for case .row(let line) in SegmentLines(last) {
            if let head = line.seal {
                let sequence = RowReader.sequence(of: last[line.row])
                end = sequence.map { ChainPosition(next: $0 &+ 1, head: head) }
            }
        }
        self.init(start: SegmentStart(first), end: end, hasContent: hasContent)
    }

    /// Whether no loss of power explains what is wrong with it or before it.
    func isEvidence(proven: UInt64) -> Bool {
        guard let start else {
            return hasContent
        }
        return start.sequence <= proven || (end != nil && start.isBehindDisk)
    }

    /// Whether `next` begins where this one ends.
    func isContinued(by next: SegmentStart) -> Bool {
        end?.head == next.previous && end?.next == next.sequence
    }
}

/// What a loss of power may have left of a stream's last segments: no disk keeps an order between two files.
///
/// Only segments of one process can hang in the air: whoever starts puts on the disk what is there, and goes on from that.
public struct SegmentJoints: Sendable {
    /// The first segment that may not have been on the disk as a whole, as an index.
    public private(set) var firstUnproven: Int
    /// The first that hangs in the air, because it does not go on where the one before it ends, or never came into being.
    ///
    /// No checkpoint vouches for it or for any behind it.
    public private(set) var firstLoose: Int?
    /// Whether one that a checkpoint vouches for does not go on either: that is no loss of power.
    public private(set) var isBroken = false

    /// Looks at the last of `count` segments; `proven` is the last row a checkpoint vouches for, and `ends` reads one.
    ///
    /// Reads as many as have no row that is vouched for, and one or two before them.
    public init<Failure>(
        of count: Int,
        proven: UInt64,
        ends: (Int) throws(Failure) -> SegmentEnds
    ) throws(Failure) {
        var known: [Int: SegmentEnds] = [:]
        func segment(_ index: Int) throws(Failure) -> SegmentEnds {
            if let ends = known[index] {
                return ends
            }
            let ends = try ends(index)
            known[index] = ends
            return ends
        }
        firstUnproven = count
        while firstUnproven > 0 {
            let ends = try segment(firstUnproven - 1)
            if ends.isEvidence(proven: proven) {
                break
            }
            firstUnproven -= 1
        }
        if firstUnproven > 1, let start = try segment(firstUnproven - 1).start {
            isBroken = try !segment(firstUnproven - 2).isContinued(by: start)
        }
        for index in firstUnproven..<count where firstLoose == nil {
            let ends = try segment(index)
            let before = index > 0 ? try segment(index - 1) : nil
            guard let start = ends.start, ends.end != nil, before?.isContinued(by: start) ?? true else {
                firstLoose = index
                break
            }
        }
    }
}

extension SegmentStart {
    /// Whether all before it was on the disk when it was begun: a start sees to that, a rotation does not wait.
    var isBehindDisk: Bool {
        switch header.cause {
        case .first, .start, .crash: true
        case .rotation, .failure: false
        }
    }
}
