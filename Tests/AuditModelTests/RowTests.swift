import AuditModel
import Base
import Cryptography
import JSONText
import TestSupport
import Testing

@Suite("rows")
struct RowTests {
    /// The lines of a sealed group, without the seal.
    private func text(_ rows: inout RowBuffer) -> [String] {
        rows.seal()
        let group = String(decoding: rows.bytes.prefix { $0 != UInt8(ascii: "\t") }, as: UTF8.self)
        return group.split(separator: "\n").map(String.init)
    }

    /// The whole rows of a buffer.
    private func rows(_ bytes: [UInt8]) -> [AuditRow] { Array(SegmentRows(bytes)) }

    @Test("an intent is numbers of what is defined before it, and reads as one object without what is absent")
    func intent() throws {
        var rows = RowBuffer(at: .start, requestPrefix: Array("p-".utf8))
        rows.append(SampleJournal.header())
        var intent = SampleJournal.intent(1)
        intent.shape.shadow = CallShape.Shadow(.deny, rule: "strict")
        intent.shape.argumentKeys = #"["id"]"#
        intent.shape.clientName = "agent"
        intent.shape.clientVersion = "1.0"
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
        #expect(rows.append(intent) == 2)
        let caller = #""grant":"ci","grant_id":"g1","server":"crm","policy":"sales","policy_version":"0123456789ab""#
        let shape =
            #""method":"tools/call","tool":"tool_1","revision":"2026-07-28","outcome":"allow","rule":"read","#
            + #""shadow":{"outcome":"deny","rule":"strict"},"argument_keys":["id"],"#
            + #""client":{"name":"agent","version":"1.0"}"#
        let calls = #""counter":"calls","sliding_ns":60000000000,"scope":"grant","holder_kind":"grant","holder":"g1""#
        let spend =
            #""counter":"spend","calendar":"day","scope":"member","key":"$.account","holder_kind":"member","holder":"m1""#
        #expect(
            text(&rows).dropFirst() == [
                #"{"define":1,\#(caller)}"#, #"{"define":2,\#(shape)}"#, #"{"define":3,\#(calls)}"#,
                #"{"define":4,\#(spend)}"#,
                #"["i",2,1795000001000,1,1,2,[[3,1],[4,12.5,1795000000000,1795000060000,"abcd"]]]"#,
            ]
        )
        let read = try #require(self.rows(rows.bytes).last)
        let expected =
            #"{"seq":2,"kind":"intent","time":"2026-11-18T11:06:41.000Z","request_id":"p-0000000000000001","#
            + #"\#(caller),\#(shape),"charges":[{\#(calls),"amount":1},"#
            + #"{\#(spend),"amount":12.5,"from_ms":1795000000000,"until_ms":1795000060000,"value_digest":"abcd"}]}"#
        #expect(String(decoding: read.bytes, as: UTF8.self) == expected)
        #expect(read.charges == intent.charges)
        #expect(read.opensCall && read.sequence == 2)
    }

    @Test("what is the same is defined once a segment, and again in the next")
    func definitions() throws {
        var rows = RowBuffer(at: .start)
        for segment in 1...2 as ClosedRange<UInt64> {
            rows.append(SampleJournal.header(segment))
            for number in 0..<3 {
                var intent = SampleJournal.intent(0)
                intent.requestID = UInt64(number)
                _ = rows.append(intent)
            }
            let lines = text(&rows)
            #expect(lines.filter { $0.hasPrefix(#"{"define":"#) }.count == 2)
            #expect(self.rows(rows.bytes).map(\.kind) == [.segment, .intent, .intent, .intent])
            rows.removeAll()
        }
    }

    @Test("H1: names a client makes up fill no memory: definitions are forgotten and given again")
    func manyShapes() throws {
        var rows = RowBuffer(at: .start)
        rows.append(SampleJournal.header())
        for number in 0..<40_000 {
            #expect(rows.append(SampleJournal.intent(number)) != nil)
        }
        _ = rows.append(SampleJournal.intent(1))
        rows.seal()
        let read = self.rows(rows.bytes)
        #expect(read.count == 40_002)
        #expect(read.last?.text("tool") == "tool_1")
        let numbers = lines(rows.bytes).filter { $0.starts(with: Array(#"{"define":"#.utf8)) }
        #expect(numbers.count > 40_002, "some were defined twice")
    }

    @Test("an outcome is its values in a fixed order, and reads as one object")
    func outcome() throws {
        var rows = RowBuffer(at: .start)
        var outcome = AuditOutcome(time: SampleJournal.time(1), result: .toolError, upstreamStatus: 200, bytes: 17)
        outcome.duration = .milliseconds(3)
        outcome.isGivenBack = true
        rows.append(outcome, of: 7)
        rows.append(AuditOutcome(time: SampleJournal.time(1), result: .unknown), of: 8)
        #expect(
            text(&rows) == [
                #"["o",1,1795000001000,7,"tool_error",200,3000,17,true]"#, #"["o",2,1795000001000,8,"unknown"]"#,
            ]
        )
        let read = self.rows(rows.bytes).map { String(decoding: $0.bytes, as: UTF8.self) }
        let start = #""kind":"outcome","time":"2026-11-18T11:06:41.000Z""#
        #expect(
            read == [
                #"{"seq":1,\#(start),"intent":7,"result":"tool_error","upstream_status":200,"duration_us":3000,"#
                    + #""bytes":17,"given_back":true}"#,
                #"{"seq":2,\#(start),"intent":8,"result":"unknown"}"#,
            ]
        )
    }

    @Test("a row that names what is not defined, or repeats a field, is none")
    func badReferences() {
        let define = #"{"define":1,"outcome":"allow"}"#
        func last(_ lines: [String]) -> RowReader.Reading? {
            var reader = RowReader()
            return lines.map { reader.read(Array($0.utf8)[...]) }.last
        }
        func isRow(_ lines: [String]) -> Bool { if case .row = last(lines) { true } else { false } }
        #expect(isRow([define, #"["i",2,1795000001000,1,1,1]"#]) == false, "two outcomes")
        #expect(isRow([define, #"{"define":2}"#, #"["i",2,1795000001000,1,2,1]"#]))
        #expect(!isRow([define, #"["i",2,1795000001000,1,2,1]"#]), "2 is not defined")
        #expect(!isRow([define, #"{"define":2,"seq":9}"#, #"["i",2,1795000001000,1,2,1]"#]), "another number")
        #expect(!isRow([#"{"define":1}"#, #"{"define":1,"x":1}"#]), "defined twice")
        #expect(!isRow([#"{"seq":1,"kind":"intent","time":"2026-11-18T11:06:41.000Z","outcome":"allow"}"#]))
        #expect(!isRow([#"["o",2,9223372036854775807,1,"ok"]"#]), "no time")
    }

    @Test("the digest of a group is SHA-256 over a zero byte, the digest before it and the group's bytes")
    func chain() throws {
        let journal = try SampleJournal(segments: 1, calls: 2, checkpointRows: 0)
        var previous = [UInt8](repeating: 0, count: 32)
        var group: [UInt8] = []
        var seals = 0
        for line in lines(try #require(journal.files[SampleJournal.segment(1)])) {
            let parts = line.dropLast().split(separator: UInt8(ascii: "\t"))
            group += parts[0]
            guard parts.count == 2 else {
                group.append(UInt8(ascii: "\n"))
                continue
            }
            let digest = SHA256.digest([0] + previous + group)
            #expect(TextCoding.hexadecimal(digest) == Array(parts[1]))
            (previous, group) = (digest, [])
            seals += 1
        }
        #expect(group.isEmpty && seals == 4, "the segment's first row, two calls, the last row")
    }

    @Test("E4, E9: names with controls, marks of direction, invisible characters or broken UTF-8 are escaped")
    func escapes() throws {
        var intent = SampleJournal.intent(0)
        intent.shape.tool = ByteString("a\"\\\n\u{7f}\u{9b}\u{202e}\u{2028}\u{200b}\u{e0041}\u{fe0f}é😀")
        intent.shape.clientName = ByteString([0x61, 0xff, 0xc2])
        var rows = RowBuffer(at: .start)
        _ = rows.append(intent)
        let text = text(&rows).joined()
        let escaped = #""tool":"a\"\\\u000a\u007f\u009b\u202e\u2028\u200b\udb40\udc41\ufe0fé😀""#
        #expect(text.contains(escaped), "\(text)")
        #expect(text.contains("\"name\":\"a\u{fffd}\u{fffd}\""))
        #expect(self.rows(rows.bytes).first?.text("tool") == intent.shape.tool)
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
        intent.shape.tool = ByteString([UInt8](repeating: UInt8(ascii: "a"), count: RowBuffer.maximumRowBytes))
        #expect(rows.append(intent) == nil)
        #expect(rows.bytes.isEmpty && rows.position == .start)
        #expect(rows.append(SampleJournal.intent(0)) == 1)
    }

    @Test("a segment cut at any byte is whole groups and at most one torn end, never an altered one")
    func tornTails() throws {
        let journal = try SampleJournal(segments: 1, calls: 3, checkpointRows: 0)
        let whole = try #require(journal.files[SampleJournal.segment(1)])
        let ends = SegmentGroups(whole).compactMap { if case .group(let group) = $0 { group.end } else { nil } }
        #expect(ends.last == whole.count)
        for count in 0...whole.count {
            let isTorn = count > 0 && !ends.contains(count)
            var groups = 0
            var torn = 0
            for part in SegmentGroups(Array(whole[..<count])) {
                switch part {
                case .group: groups += 1
                case .torn: torn += 1
                case .malformed: Issue.record("malformed at \(count)")
                }
            }
            #expect(groups == ends.count { $0 <= count } && torn == (isTorn ? 1 : 0), "\(count)")
        }
    }

    @Test("the reader takes any bytes")
    func anyBytes() {
        var random = SeededRandom(state: 5)
        let alphabet = Array("\t\n0af{}[],\":,seqkindio".utf8) + [0, 0xff]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            }
            for row in SegmentRows(bytes) {
                _ = row.header
            }
            var reader = RowReader()
            _ = reader.read(bytes[...])
            _ = SegmentStart(bytes)
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
