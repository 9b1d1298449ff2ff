import AuditModel
import Base
import Cryptography
import Testing

/// A journal in memory: three segments of one stream, checkpoints, and its files by name.
struct SampleJournal {
    static let key = try? Ed25519.PrivateKey(seed: [UInt8](repeating: 7, count: 32))
    static let stream = AuditStream.worker(0)

    var files: [String: [UInt8]] = [:]
    /// The row of each file's last line, as it stood when everything was written.
    private(set) var position = ChainPosition.start
    let key: Ed25519.PrivateKey

    /// `calls` calls a segment; a checkpoint every `checkpointRows` rows, none for 0.
    init(segments: Int = 3, calls: Int = 10, checkpointRows: Int = 7) throws {
        key = try #require(Self.key)
        var statements: [UInt8] = []
        for number in 1...segments {
            var rows = RowBuffer(at: position, requestPrefix: Array("r-".utf8))
            rows.append(Self.header(UInt64(number)))
            rows.seal()
            for call in 0..<calls {
                let intent = rows.append(Self.intent(call))
                rows.append(
                    AuditOutcome(time: Self.time(call), result: .ok, upstreamStatus: 200),
                    of: try #require(intent)
                )
                rows.seal()
                let last = rows.position.next - 1
                if checkpointRows > 0, last % UInt64(checkpointRows) == 0 {
                    statement(.checkpoint, at: rows.position, UInt64(number)).appendLine(
                        signedWith: key,
                        to: &statements
                    )
                }
            }
            rows.appendEnd(at: Self.time(calls))
            rows.seal()
            position = rows.position
            files[JournalName.segment(Self.stream, UInt64(number)).text] = rows.bytes
        }
        files[JournalName.statementsName] = statements
    }

    static func time(_ second: Int) -> WallTime {
        WallTime(milliseconds: 1_795_000_000_000 + Int64(second) * 1_000)
    }

    private static let caller = AuditFacts.caller(grant: "ci", grantID: "g1", server: "crm")
    private static let policy = AuditFacts.policy(name: "sales", version: "0123456789ab")

    static func header(_ number: UInt64 = 1) -> SegmentHeader {
        let cause: SegmentHeader.Cause = number == 1 ? .first : .rotation
        return SegmentHeader(time: time(0), stream: stream, segment: number, node: "test", cause: cause)
    }

    static func intent(_ number: Int) -> AuditIntent {
        var intent = AuditIntent(time: time(number), requestID: UInt64(number), outcome: .allow)
        intent.caller = caller
        intent.policy = policy
        intent.shape.method = "tools/call"
        intent.shape.tool = ByteString("tool_\(number)")
        intent.shape.revision = "2026-07-28"
        intent.shape.rule = "read"
        return intent
    }

    func statement(_ kind: AuditStatement.Kind, at position: ChainPosition, _ segment: UInt64) -> AuditStatement {
        AuditStatement(
            kind: kind,
            time: Self.time(99),
            node: "test",
            stream: Self.stream,
            segment: segment,
            size: 1,
            sequence: position.next - 1,
            head: position.head
        )
    }

    /// A head of everything, as `audit head` exports it.
    func head() -> [UInt8] {
        var bytes: [UInt8] = []
        statement(.head, at: position, 3).appendLine(signedWith: key, to: &bytes)
        return bytes
    }

    static func segment(_ number: UInt64) -> String { JournalName.segment(stream, number).text }

    func verify(heads: [UInt8] = [], isKeyed: Bool = true) -> AuditVerification {
        AuditVerifier(key: isKeyed ? key.publicKey : nil, heads: heads).verify(names: files.keys.sorted()) { name in
            files[name].map { .bytes($0) } ?? .unreadable("no such file")
        }
    }
}

extension AuditVerification {
    var faults: [String] { findings.filter { $0.weight == .fault }.map(\.description) }
    var notes: [String] { findings.filter { $0.weight == .note }.map(\.description) }
}

/// The lines of a file, each with its line feed.
func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map {
        $0 + [UInt8(ascii: "\n")]
    }
}
