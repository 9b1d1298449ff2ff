import AuditJournal
import AuditModel
import Base
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A journal of three streams that grows at random: calls that end at once, late or never, changes, segments, a clock
/// that jumps back, ends that are torn.
final class RandomJournal {
    let path: String
    var folder: String { "\(path)/audit" }
    var table: String { "\(path)/audit-table.sqlite" }
    private var random: SeededRandom
    private var streams: [RandomStream]

    /// With fewer tools more calls have everything in common.
    init(seed: UInt64, tools: Int = 8) throws {
        path = try FileAccess.makeTemporaryFolder(prefix: "toolgate-table")
        random = SeededRandom(state: seed)
        #expect(mkdir("\(path)/audit", 0o700) == 0)
        streams = [.worker(0), .worker(1), .admin].map { RandomStream($0, tools: tools) }
    }

    deinit {
        for folder in [folder, path] {
            for name in (try? JournalFiles.names(in: folder)) ?? [] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
    }

    /// Writes some groups to each stream.
    func grow(groups: Int) throws {
        for stream in streams {
            for _ in 0..<Int.random(in: 0...groups, using: &random) {
                stream.writeGroup(&random)
                if Int.random(in: 0..<12, using: &random) == 0 {
                    stream.endSegment()
                }
            }
            try stream.flush(to: folder)
        }
    }

    /// Removes the oldest segment of a stream that has more than one, as retention does.
    func prune() throws {
        let names = try JournalFiles.names(in: folder).filter { $0.hasPrefix("worker-0") }
        if names.count > 1 {
            unlink("\(folder)/\(names[0])")
        }
    }

    /// Takes bytes off the end of a stream, and lets it go on from there with another history.
    func cut() throws {
        try streams[0].cut(in: folder)
    }

    /// All filters there are, with words that are there and some that are not.
    func filters() throws -> [[String]] {
        let words: [(String, [String])] = [
            ("grant", ["grant-1", "id-2", "none"]), ("server", ["server-0"]),
            ("tool", ["tool-3", "\"odd\\tool\u{e9}"]),
            ("outcome", ["deny", "allow", "ok", "tool_error", "unknown"]), ("rule", ["rule-2"]),
            ("since", ["2026-11-18T11:06:50Z"]), ("until", ["2026-11-18T11:07:20Z"]),
            ("text", ["tool-3", "revoke", "0000000000000001", "nowhere"]), ("limit", ["1", "7", "100000"]),
        ]
        var filters: [[String]] = [[]]
        for (option, values) in words {
            filters += values.map { ["--\(option)", $0] }
        }
        for _ in 0..<8 {
            var filter: [String] = []
            for (option, values) in words where Int.random(in: 0..<3, using: &random) == 0 {
                filter += ["--\(option)", values.randomElement(using: &random) ?? ""]
            }
            filters.append(filter)
        }
        return filters
    }
}

/// One stream of a ``RandomJournal``.
private final class RandomStream {
    private let stream: AuditStream
    private var rows: RowBuffer
    private var segment: UInt64 = 0
    private var files: [String: [UInt8]] = [:]
    private var written: Set<String> = []
    private var open: [UInt64] = []
    private var time: Int64 = 1_795_000_000_000

    private let tools: Int

    init(_ stream: AuditStream, tools: Int) {
        self.stream = stream
        self.tools = tools
        rows = RowBuffer(at: .start, requestPrefix: Array("r-".utf8))
    }

    private var name: String { JournalName.segment(stream, segment).text }

    private func take() {
        rows.seal()
        files[name, default: []] += rows.bytes
        rows.removeAll()
    }

    private func beginSegment() {
        segment += 1
        let header = SegmentHeader(
            time: WallTime(milliseconds: time),
            stream: stream,
            segment: segment,
            node: "t",
            cause: .rotation,
            open: open
        )
        rows.append(header)
        take()
    }

    func endSegment() {
        guard segment > 0 else {
            return
        }
        rows.appendEnd(at: WallTime(milliseconds: time))
        take()
        beginSegment()
    }

    func writeGroup(_ random: inout SeededRandom) {
        if segment == 0 {
            beginSegment()
        }
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            // Many rows share a millisecond, over streams too; now and then the clock goes back.
            time += Int64.random(in: 0...2, using: &random) * 500
            if Int.random(in: 0..<40, using: &random) == 0 {
                time -= 5_000
            }
            stream == .admin ? writeChange(&random) : writeCall(&random)
        }
        while !open.isEmpty, Int.random(in: 0..<3, using: &random) > 0 {
            end(open.remove(at: Int.random(in: open.indices, using: &random)), &random)
        }
        take()
    }

    private func writeChange(_ random: inout SeededRandom) {
        let change = AdminChange(
            time: WallTime(milliseconds: time),
            event: Int.random(in: 1...99, using: &random),
            author: "operator:ann",
            action: "revoke",
            subjectKind: "grant",
            subject: ByteString("grant-\(Int.random(in: 0..<3, using: &random))")
        )
        #expect(rows.append(change) != nil)
    }

    private func writeCall(_ random: inout SeededRandom) {
        let decisions: [AuditDecision] = [.allow, .allow, .allow, .deny, .rateLimited]
        let decision = decisions.randomElement(using: &random) ?? .deny
        var intent = AuditIntent(
            time: WallTime(milliseconds: time),
            requestID: .random(in: 0...20, using: &random),
            outcome: decision
        )
        let number = Int.random(in: 0..<3, using: &random)
        intent.caller = .caller(
            grant: ByteString("grant-\(number)"),
            grantID: ByteString("id-\(number)"),
            server: ByteString("server-\(number % 2)")
        )
        let tool = Int.random(in: 0..<tools, using: &random)
        intent.shape.method = "tools/call"
        if tool > 0 {
            intent.shape.tool = tool == 7 ? "\"odd\\tool\u{e9}" : ByteString("tool-\(tool)")
            intent.shape.rule = "rule-\(tool % 3)"
        }
        guard let sequence = rows.append(intent) else {
            Issue.record("a row is too long")
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0, 1: end(sequence, &random)
        case 2 where decision == .allow: open.append(sequence)
        default: break
        }
    }

    /// An end of a call that was refused is none: some are written, to be left out.
    private func end(_ intent: UInt64, _ random: inout SeededRandom) {
        let result = [AuditResult.ok, .ok, .toolError, .unknown].randomElement(using: &random) ?? .ok
        rows.append(AuditOutcome(time: WallTime(milliseconds: time), result: result, upstreamStatus: 200), of: intent)
    }

    /// Writes the files; behind the last one stands what a crash in the middle of a write leaves.
    func flush(to folder: String) throws {
        for (name, bytes) in files {
            let file = "\(folder)/\(name)"
            // What was written and is not there was removed, as retention does.
            guard written.insert(name).inserted || FileAccess.stamp(file) != nil else {
                continue
            }
            try FileAccess.write(bytes + (name == self.name ? Array(#"["i",77,"#.utf8) : []), to: file)
        }
    }

    /// Goes back by some groups, and writes others in their place.
    func cut(in folder: String) throws {
        guard let bytes = files[name] else {
            return
        }
        var groups: [RowGroup] = []
        for case .group(let group) in SegmentGroups(bytes) {
            groups.append(group)
        }
        guard groups.count > 2, let last = groups[groups.count / 2].rows.last?.row else {
            return
        }
        let group = groups[groups.count / 2]
        files[name] = Array(bytes[..<group.end])
        open.removeAll { $0 > last.sequence }
        rows.rewind(to: ChainPosition(next: last.sequence + 1, head: group.digest))
    }
}
