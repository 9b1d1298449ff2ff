/// One thing a verification has to say: where, and what it means.
public struct AuditFinding: Hashable, Sendable {
    /// How bad it is.
    public enum Weight: String, Hashable, Sendable {
        /// Something was changed, removed, added, or is broken.
        case fault
        /// Something that cannot be proved, or is only worth knowing.
        case note
    }

    /// How bad it is.
    public let weight: Weight
    /// The file, as its name in the journal; `nil` for the stream or the journal as a whole.
    public let file: String?
    /// The stream; `nil` for the journal as a whole.
    public let stream: AuditStream?
    /// The line, from 1.
    public let line: Int?
    /// The row's number.
    public let sequence: UInt64?
    /// What it means, in lower case.
    public let meaning: String

    init(
        _ weight: Weight,
        file: String? = nil,
        stream: AuditStream? = nil,
        line: Int? = nil,
        sequence: UInt64? = nil,
        _ meaning: String
    ) {
        self.weight = weight
        self.file = file
        self.stream = stream
        self.line = line
        self.sequence = sequence
        self.meaning = meaning
    }
}

extension AuditFinding: CustomStringConvertible {
    /// The place and the meaning.
    public var description: String {
        let place = file ?? stream.map { "stream \($0.name)" } ?? "journal"
        let line = line.map { ", line \($0)" } ?? ""
        return "\(place)\(line): \(meaning)"
    }
}

/// What a verification has come to.
public struct AuditVerification: Sendable {
    /// One stream, as far as it could be read.
    public struct Stream: Hashable, Sendable {
        /// Which.
        public let stream: AuditStream
        /// How many segments were read.
        public let segments: Int
        /// How many rows.
        public let rows: UInt64
        /// The number of the last row, 0 when there is none.
        public let lastSequence: UInt64
        /// Up to which row the signed statements of the journal itself vouch, 0 for none.
        public let provenByCheckpoint: UInt64
        /// Up to which row heads kept elsewhere vouch, 0 for none.
        public let provenByHead: UInt64
    }

    /// Everything there is to say, in the order it was found.
    ///
    /// LIMIT: at most ``maximumFindings``; the last then says that there are more.
    public internal(set) var findings: [AuditFinding] = []
    /// The streams, by name.
    public internal(set) var streams: [Stream] = []

    /// LIMIT: findings kept.
    public static let maximumFindings = 1_000

    /// Whether nothing is broken; notes may be there.
    public var isSound: Bool { !findings.contains { $0.weight == .fault } }

    mutating func add(_ finding: AuditFinding) {
        if findings.count < Self.maximumFindings - 1 {
            findings.append(finding)
        } else if findings.count == Self.maximumFindings - 1 {
            findings.append(AuditFinding(.fault, "there are more findings, which are left out"))
        }
    }
}
