public import Base
public import Cryptography

/// Where a chain stands: what the next row is numbered, and the digest of the last group of rows.
public struct ChainPosition: Hashable, Sendable {
    /// The number of the next row, from 1.
    public let next: UInt64
    /// The digest of the last group that is sealed; zero before the first group of a stream.
    public let head: Digest256

    /// A position from its parts.
    public init(next: UInt64, head: Digest256) {
        self.next = next
        self.head = head
    }

    /// Before the first row of a stream.
    public static let start = ChainPosition(next: 1, head: .zero)
}

/// One of the sequences of rows a journal consists of: one per worker, and `admin`.
public struct AuditStream: Hashable, Comparable, Sendable {
    /// 1 to 32 characters of a-z, 0-9 and `-`, the first a letter.
    public let name: String

    /// A stream by its name; `nil` for a name of another form.
    public init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard (1...32).contains(bytes.count), Self.isLetter(bytes[0]),
            bytes.allSatisfy({ Self.isLetter($0) || $0.decimalDigit != nil || $0 == UInt8(ascii: "-") })
        else {
            return nil
        }
        self.name = name
    }

    private init(trusted name: String) {
        self.name = name
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// The stream of a worker, by its number from 0.
    public static func worker(_ number: UInt) -> AuditStream {
        AuditStream(trusted: "worker-\(number)")
    }

    /// The stream of changes to what the gateway is configured with.
    public static let admin = AuditStream(trusted: "admin")

    /// By name.
    public static func < (left: AuditStream, right: AuditStream) -> Bool {
        left.name < right.name
    }
}

/// The names of a journal's files.
public enum JournalName: Hashable, Sendable {
    /// A segment: `worker-0.00000001.rows`.
    case segment(AuditStream, UInt64)
    /// What recovery cut off a segment: `worker-0.00000001.cut`.
    case cut(AuditStream, UInt64)
    /// The signed statements.
    case statements

    /// The name of the file of signed statements.
    public static let statementsName = "statements"

    /// Reads a file's name; `nil` for any other file.
    public init?(_ name: String) {
        guard name != Self.statementsName else {
            self = .statements
            return
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let stream = AuditStream(String(parts[0])), parts[1].utf8.count >= 8,
            parts[1].utf8.count <= 18, parts[1].utf8.allSatisfy({ $0.decimalDigit != nil }),
            let number = UInt64(parts[1]), number > 0
        else {
            return nil
        }
        switch parts[2] {
        case "rows": self = .segment(stream, number)
        case "cut": self = .cut(stream, number)
        default: return nil
        }
        guard text == name else {
            return nil
        }
    }

    /// The file's name.
    public var text: String {
        switch self {
        case .segment(let stream, let number): "\(stream.name).\(Self.padded(number)).rows"
        case .cut(let stream, let number): "\(stream.name).\(Self.padded(number)).cut"
        case .statements: Self.statementsName
        }
    }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}

/// The first row of a segment.
public struct SegmentHeader: Hashable, Sendable {
    /// The format's version.
    public static let format = 2

    /// Why a segment was begun.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// The stream is new.
        case first
        /// The one before was full or old enough.
        case rotation
        /// The process started, and the one before had been closed.
        case start
        /// The process started, and the one before had not been closed.
        case crash
        /// The one before could not be written any more.
        case failure
    }

    /// What recovery set aside: the end of a file that was no whole row of the chain.
    public struct Cut: Hashable, Sendable {
        /// The segment it was the end of.
        public let segment: UInt64
        /// How many bytes.
        public let bytes: Int
        /// SHA-256 over them.
        public let digest: Digest256

        /// A cut from its parts.
        public init(segment: UInt64, bytes: Int, digest: Digest256) {
            self.segment = segment
            self.bytes = bytes
            self.digest = digest
        }
    }

    /// When it was begun.
    public let time: WallTime
    /// The stream it belongs to.
    public let stream: AuditStream
    /// Its number, from 1 without gaps.
    public let segment: UInt64
    /// The machine or installation that writes.
    public let node: ByteString
    /// Why it was begun.
    public let cause: Cause
    /// The intents before it that have no outcome before it.
    public let open: [UInt64]
    /// What was set aside since the segment before.
    public let cuts: [Cut]

    /// A header from its parts.
    public init(
        time: WallTime,
        stream: AuditStream,
        segment: UInt64,
        node: ByteString,
        cause: Cause,
        open: [UInt64] = [],
        cuts: [Cut] = []
    ) {
        self.time = time
        self.stream = stream
        self.segment = segment
        self.node = node
        self.cause = cause
        self.open = open
        self.cuts = cuts
    }

    func appendFields(previous: Digest256, requestPrefix: [UInt8], to output: inout [UInt8]) {
        output.append(#","format":"#)
        output.append(decimal: Self.format)
        output.append(#","stream":"#)
        output.append(rowText: stream.name)
        output.append(#","segment":"#)
        output.append(count: segment)
        output.append(#","previous":""#)
        previous.appendHexadecimal(to: &output)
        output.append(#"","node":"#)
        output.append(rowText: node.bytes)
        output.append(#","requests":"#)
        output.append(rowText: requestPrefix)
        output.append(#","cause":"#)
        output.append(rowText: cause.rawValue)
        output.append(#","open":["#)
        for (index, sequence) in open.enumerated() {
            output.append(index == 0 ? "" : ",")
            output.append(count: sequence)
        }
        output.append("]")
        guard !cuts.isEmpty else {
            return
        }
        output.append(#","cut":["#)
        for (index, cut) in cuts.enumerated() {
            output.append(index == 0 ? #"{"segment":"# : #",{"segment":"#)
            output.append(count: cut.segment)
            output.append(#","bytes":"#)
            output.append(decimal: cut.bytes)
            output.append(#","sha256":""#)
            cut.digest.appendHexadecimal(to: &output)
            output.append(#""}"#)
        }
        output.append("]")
    }
}
