import AuditModel
import Base
import Cryptography
import JSONText
import TestSupport
import Testing

@Suite("rows")
struct RowTests {
    private func row(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != UInt8(ascii: "\t") }, as: UTF8.self)
    }

    @Test("an intent's row has its keys in a fixed order and nothing that is absent")
    func intent() throws {
        var rows = RowBuffer(at: .start, requestPrefix: Array("p-".utf8))
        var intent = SampleJournal.intent(1)
        intent.shadow = (.deny, "strict")
        intent.argumentKeys = Array(#"["id"]"#.utf8)
        intent.clientName = "agent"
        intent.clientVersion = "1.0"
        let window = SampleJournal.time(0)..<SampleJournal.time(60)
        let daily = AuditCounter(name: "spend", window: .calendar("day"), scope: "member", keyPath: "$.account")
        intent.charges = [
            AuditCharge(
                counter: AuditCounter(name: "calls", window: .sliding(nanoseconds: 60_000_000_000), scope: "grant"),
                holderKind: "grant",
                holder: "g1",
                amount: ExactDecimal(1)
            ),
            AuditCharge(
                counter: daily,
                holderKind: "member",
                holder: "m1",
                value: ByteString([0xab, 0xcd]),
                amount: try #require(ExactDecimal(shortestOf: 12.5)),
                calendarWindow: window
            ),
        ]
        #expect(rows.append(intent) == 1)
        let expected =
            #"{"seq":1,"kind":"intent","time":"2026-11-18T11:06:41.000Z","request_id":"p-0000000000000001","grant":"ci","#
            + #""grant_id":"g1","server":"crm","method":"tools/call","tool":"tool_1","revision":"2026-07-28","#
            + #""policy":"sales","policy_version":"0123456789ab","outcome":"allow","rule":"read","#
            + #""shadow":{"outcome":"deny","rule":"strict"},"argument_keys":["id"],"#
            + #""client":{"name":"agent","version":"1.0"},"charges":["#
            + #"{"counter":"calls","sliding_ns":60000000000,"scope":"grant","holder_kind":"grant","holder":"g1","amount":1},"#
            + #"{"counter":"spend","calendar":"day","scope":"member","key":"$.account","holder_kind":"member","holder":"m1","#
            + #""value_digest":"abcd","amount":12.5,"from_ms":1795000000000,"until_ms":1795000060000}]}"#
        #expect(row(rows.bytes) == expected)
        let read = try #require(AuditRow(Array(expected.utf8)))
        #expect(read.charges == intent.charges)
        #expect(read.opensCall && read.sequence == 1)
    }

    @Test("the digest of a row is SHA-256 over a zero byte, the digest before it and the row's bytes")
    func chain() throws {
        let journal = try SampleJournal(segments: 1, calls: 2, checkpointRows: 0)
        var previous = [UInt8](repeating: 0, count: 32)
        for line in lines(try #require(journal.files[SampleJournal.segment(1)])) {
            let parts = line.dropLast().split(separator: UInt8(ascii: "\t"))
            let digest = SHA256.digest([0] + previous + parts[0])
            #expect(TextCoding.hexadecimal(digest) == Array(parts[1]))
            previous = digest
        }
    }

    @Test("E4, E9: names with controls, marks of direction, invisible characters or broken UTF-8 are escaped")
    func escapes() throws {
        var intent = SampleJournal.intent(0)
        intent.tool = ByteString("a\"\\\n\u{7f}\u{9b}\u{202e}\u{2028}\u{200b}\u{e0041}\u{fe0f}é😀")
        intent.clientName = ByteString([0x61, 0xff, 0xc2])
        var rows = RowBuffer(at: .start)
        _ = rows.append(intent)
        let text = row(rows.bytes)
        let escaped = #""tool":"a\"\\\u000a\u007f\u009b\u202e\u2028\u200b\udb40\udc41\ufe0fé😀""#
        #expect(text.contains(escaped), "\(text)")
        #expect(text.contains("\"name\":\"a\u{fffd}\u{fffd}\""))
        #expect(AuditRow(Array(text.utf8))?.text("tool") == intent.tool)
    }

    @Test("K3: what is noted about arguments are names and keyed digests, never a value")
    func digests() throws {
        let arguments = try JSONDocument(Array(#"{"b":"hunter2","a":{"x":1.0,"y":[true]}}"#.utf8)).root
        let digester = ArgumentDigester(key: [UInt8](repeating: 1, count: 32))
        let text = String(decoding: digester.digests(of: arguments), as: UTF8.self)
        #expect(!text.contains("hunter2") && text.hasPrefix(#"{"a":""#) && text.utf8.count == 2 * 71 - 1 + 2 - 2 + 2)
        let other = try JSONDocument(Array(#"{"a":{"y":[true],"x":1},"b":"hunter2"}"#.utf8)).root
        #expect(digester.digests(of: other) == Array(text.utf8), "spelling and order of members do not matter")
        let otherKey = ArgumentDigester(key: [UInt8](repeating: 2, count: 32))
        #expect(otherKey.digests(of: arguments) != Array(text.utf8))
        let empty = try JSONDocument(Array("{}".utf8)).root
        #expect(digester.digests(of: empty).isEmpty)
    }

    @Test("a row beyond the format's length is refused and leaves the chain as it was")
    func tooLong() {
        var rows = RowBuffer(at: .start)
        var intent = SampleJournal.intent(0)
        intent.tool = ByteString([UInt8](repeating: UInt8(ascii: "a"), count: RowBuffer.maximumRowBytes))
        #expect(rows.append(intent) == nil)
        #expect(rows.bytes.isEmpty && rows.position == .start)
        #expect(rows.append(SampleJournal.intent(0)) == 1)
    }

    @Test("a segment cut at any byte is whole rows and at most one torn line, never an altered one")
    func tornTails() throws {
        let journal = try SampleJournal(segments: 1, calls: 3, checkpointRows: 0)
        let whole = try #require(journal.files[SampleJournal.segment(1)])
        for count in 0...whole.count {
            let feeds = whole[..<count].filter { $0 == UInt8(ascii: "\n") }.count
            let isTorn = count > 0 && whole[count - 1] != UInt8(ascii: "\n")
            var rows = 0
            var torn = 0
            for line in SegmentLines(Array(whole[..<count])) {
                switch line {
                case .row: rows += 1
                case .torn: torn += 1
                case .malformed: Issue.record("malformed at \(count)")
                }
            }
            #expect(rows == feeds && torn == (isTorn ? 1 : 0), "\(count)")
        }
    }

    @Test("the reader takes any bytes")
    func anyBytes() {
        var random = SeededRandom(state: 5)
        let alphabet = Array("\t\n0af{}\":,seqkind".utf8) + [0, 0xff]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            }
            for case .row(let line) in SegmentLines(bytes) {
                _ = AuditRow(bytes[line.row])?.header
            }
            _ = AuditRow(bytes)
            _ = AuditStatement.lines(of: bytes, key: nil)
        }
    }

    @Test("a file's name is read exactly as it is written")
    func names() throws {
        let stream = try #require(AuditStream("worker-12"))
        #expect(JournalName("worker-12.00000003.rows") == .segment(stream, 3))
        #expect(JournalName("worker-12.00000003.cut") == .cut(stream, 3))
        #expect(JournalName("worker-12.123456789.rows") == .segment(stream, 123_456_789))
        for name in [
            "worker-12.3.rows", "worker-12.000000003.rows", "worker-12.00000000.rows", "Worker.00000001.rows",
            "a.00000001.rows.new", "a.00000001", ".00000001.rows", "a.+0000001.rows", "lock",
        ] {
            #expect(JournalName(name) == nil, "\(name)")
        }
        #expect(AuditStream("") == nil && AuditStream("../x") == nil && AuditStream("0a") == nil)
    }
}
