import AuditModel
import Base
import Cryptography
import TestSupport
import Testing

@Suite("the verifier")
struct VerifierTests {
    @Test("a journal nobody touched has no fault, and all its rows are proven by a head of its end")
    func sound() throws {
        let journal = try SampleJournal()
        let result = journal.verify(heads: journal.head())
        #expect(result.findings.isEmpty, "\(result.findings)")
        #expect(result.streams.map(\.rows) == [66])
        #expect(result.streams.map(\.provenByHead) == [66])
        #expect(result.streams.map(\.provenByCheckpoint) == [63])
    }

    @Test("K2, FA4: each of 1,000 random edits, deletions, insertions and reorderings is found")
    func tampering() throws {
        var random = SeededRandom(state: 20_261_121)
        let journal = try SampleJournal()
        let names = journal.files.keys.sorted()
        for round in 0..<1_000 {
            var changed = journal
            let name = try #require(names.randomElement(using: &random))
            let before = try #require(journal.files[name])
            var after = before
            while after == before {
                after = Tampering.allCases[round % Tampering.allCases.count].applied(to: before, &random)
            }
            changed.files[name] = after
            // Checkpoints that lack or stand twice prove less or nothing new: only what they say can be false.
            let result = changed.verify(heads: journal.head())
            let isHarmless = name == JournalName.statementsName && lines(after).allSatisfy(lines(before).contains)
            #expect(!result.isSound || isHarmless, "round \(round): \(name)")
        }
    }

    @Test("K2: what stands behind the last row of an ended segment is found, also without a digest of its own")
    func behindTheEnd() throws {
        var journal = try SampleJournal()
        let name = SampleJournal.segment(3)
        let row = lines(journal.files[name] ?? [])[1]
        let bare: [UInt8] = Array(row.prefix { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\n") })
        journal.files[name]?.append(contentsOf: bare + [UInt8(ascii: "\n")])
        #expect(!journal.verify(heads: journal.head()).isSound)
    }

    enum Tampering: CaseIterable {
        case flipBit, editByte, deleteByte, insertByte, deleteLine, duplicateLine, insertLine, swapLines, deleteRange

        func applied(to bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
            var bytes = bytes
            var lines = lines(bytes)
            let byte = Int.random(in: bytes.indices, using: &random)
            let line = Int.random(in: lines.indices, using: &random)
            switch self {
            case .flipBit: bytes[byte] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case .editByte: bytes[byte] = UInt8.random(in: 0x20..<0x7f, using: &random)
            case .deleteByte: bytes.remove(at: byte)
            case .insertByte: bytes.insert(UInt8.random(in: 0x20..<0x7f, using: &random), at: byte)
            case .deleteRange:
                bytes.removeSubrange(byte..<min(bytes.count, byte + Int.random(in: 1..<2_000, using: &random)))
            case .deleteLine:
                lines.remove(at: line)
                bytes = Array(lines.joined())
            case .duplicateLine:
                lines.insert(lines[line], at: Int.random(in: 0...lines.count, using: &random))
                bytes = Array(lines.joined())
            case .insertLine:
                let text = #"{"seq":9,"kind":"intent","time":"2026-11-21T00:00:00.000Z","outcome":"allow"}"#
                let digest = String(repeating: "ab", count: 32)
                lines.insert(Array("\(text)\t\(digest)\n".utf8), at: Int.random(in: 0...lines.count, using: &random))
                bytes = Array(lines.joined())
            case .swapLines:
                lines.swapAt(line, Int.random(in: lines.indices, using: &random))
                bytes = Array(lines.joined())
            }
            return bytes
        }
    }

    @Test("K2: an edited row is one finding, with its file and the lines that were written with it")
    func place() throws {
        var journal = try SampleJournal(checkpointRows: 0)
        var rows = lines(try #require(journal.files[SampleJournal.segment(2)]))
        let text = String(decoding: rows[16], as: UTF8.self)
        rows[16] = Array(
            text.replacing("\"ok\"", with: "\"unknown\"").utf8
        )
        #expect(rows[16] != Array(text.utf8))
        journal.files[SampleJournal.segment(2)] = Array(rows.joined())
        let expected =
            "worker-0.00000002.rows, line 15: rows up to line 17 altered, or what stands before altered, removed or moved"
        #expect(journal.verify().faults == [expected])
    }

    @Test("K2: removed rows and segments are named")
    func missing() throws {
        let journal = try SampleJournal(checkpointRows: 0)
        var changed = journal
        var rows = lines(try #require(journal.files[SampleJournal.segment(1)]))
        rows.removeSubrange(5...10)
        changed.files[SampleJournal.segment(1)] = Array(rows.joined())
        #expect(changed.verify().faults.contains { $0.hasSuffix("line 7: rows 4 to 7 are missing") })
        changed = journal
        changed.files[SampleJournal.segment(2)] = nil
        #expect(changed.verify().faults == ["stream worker-0: segment 2 is missing"])
        changed = journal
        changed.files[SampleJournal.segment(1)] = nil
        let faults = changed.verify().faults
        #expect(faults == ["stream worker-0: segment 1 is missing, and no signed statement says that they were pruned"])
    }

    @Test("K2: every truncation is found with a head exported before, and every end without one is called unproven")
    func truncation() throws {
        let journal = try SampleJournal(segments: 2, calls: 3, checkpointRows: 0)
        let name = SampleJournal.segment(2)
        let whole = try #require(journal.files[name])
        for count in whole.indices {
            var changed = journal
            changed.files[name] = count == 0 ? nil : Array(whole[..<count])
            #expect(!changed.verify(heads: journal.head()).isSound, "\(count) bytes left")
            let alone = changed.verify()
            #expect(alone.isSound && alone.notes.contains { $0.contains("the end is unproven: no row is covered") })
        }
    }

    @Test("K2: rows and their checkpoints removed together are found only with an exported head, and that is said")
    func rolledBack() throws {
        let journal = try SampleJournal()
        var older = journal
        older.files[SampleJournal.segment(3)] = nil
        // Segments 1 and 2 have 44 rows, of which 7, 21 and 35 have checkpoints.
        older.files[JournalName.statementsName] = Array(
            lines(journal.files[JournalName.statementsName] ?? []).prefix(3).joined()
        )
        let alone = older.verify()
        #expect(alone.isSound)
        #expect(alone.notes.contains { $0.contains("no exported head was given") })
        #expect(older.verify(heads: journal.head()).faults.contains { $0.contains("rows 45 to 66 are missing") })
        older.files[JournalName.statementsName] = journal.files[JournalName.statementsName]
        #expect(older.verify().faults.contains { $0.contains("rows 45 to 63 are missing: the checkpoint of") })
    }

    @Test("K2: who rewrites a row and every digest behind it is caught by the checkpoints' signatures")
    func rehashed() throws {
        var journal = try SampleJournal()
        var position = ChainPosition.start
        let hash = ChainHash()
        for number in UInt64(1)...3 {
            let name = SampleJournal.segment(number)
            var output: [UInt8] = []
            var group: [UInt8] = []
            for line in lines(try #require(journal.files[name])) {
                let row = line.prefix { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\n") }
                var text = String(decoding: row, as: UTF8.self).replacing("tool_3", with: "tool_4")
                if let start = text.range(of: #""previous":""#) {
                    let end = text.index(start.upperBound, offsetBy: 64)
                    text = text.replacingCharacters(start.upperBound..<end, with: position.head.description)
                }
                group += text.utf8
                if line.contains(UInt8(ascii: "\t")) {
                    let digest = hash.digest(of: group.span, after: position.head)
                    position = ChainPosition(next: position.next, head: digest)
                    output += group + Array("\t\(digest)\n".utf8)
                    group = []
                } else {
                    group.append(UInt8(ascii: "\n"))
                }
            }
            journal.files[name] = output
        }
        let faults = journal.verify().faults
        #expect(faults.count == 4, "\(faults)")
        #expect(faults.allSatisfy { $0.contains("the row is not the one the checkpoint of") })
        journal.files[JournalName.statementsName] = nil
        #expect(journal.verify().isSound, "without key and heads a rewritten chain is a chain")
    }

    @Test("a statement of one kind is none of another, and one of another key is none")
    func domains() throws {
        let journal = try SampleJournal()
        let checkpoint = String(decoding: lines(journal.files[JournalName.statementsName] ?? [])[0], as: UTF8.self)
        let renamed = checkpoint.replacing(#""kind":"checkpoint""#, with: #""kind":"head""#)
        #expect(journal.verify(heads: Array(renamed.utf8)).faults.count == 1)
        var foreign: [UInt8] = []
        journal.statement(.head, at: journal.position, 3).appendLine(signedWith: .generate(), to: &foreign)
        #expect(journal.verify(heads: foreign).faults.count == 1)
        #expect(journal.verify(isKeyed: false).notes.contains { $0.contains("signatures were not checked") })
    }

    @Test("pruned segments are no fault when a signed statement says so")
    func pruned() throws {
        var journal = try SampleJournal()
        let first = try #require(journal.files[SampleJournal.segment(1)])
        let digest = try #require(Digest256(hexadecimal: first.dropLast().suffix(64)))
        let end = ChainPosition(next: UInt64(SegmentRows(first).reduce(0) { count, _ in count + 1 }) + 1, head: digest)
        journal.files[SampleJournal.segment(1)] = nil
        journal.statement(.pruned, at: end, 1).appendLine(
            signedWith: journal.key,
            to: &journal.files[JournalName.statementsName, default: []]
        )
        let result = journal.verify(heads: journal.head())
        #expect(result.isSound, "\(result.findings)")
        #expect(result.notes.first?.contains("segments up to 1 were pruned") == true)
    }

    /// Where the chain stands behind a segment.
    private static func end(of segment: UInt64, in journal: SampleJournal) throws -> ChainPosition {
        let bytes = try #require(journal.files[SampleJournal.segment(segment)])
        let digest = try #require(Digest256(hexadecimal: bytes.dropLast().suffix(64)))
        let last = try #require(SegmentRows(bytes).reduce(nil) { _, row in row.sequence })
        return ChainPosition(next: last + 1, head: digest)
    }

    @Test("a crash in the middle of removing what a signed statement speaks of is no fault")
    func halfPruned() throws {
        var journal = try SampleJournal()
        let statement = journal.statement(.pruned, at: try Self.end(of: 2, in: journal), 2)
        journal.files[SampleJournal.segment(1)] = nil
        #expect(journal.verify().faults.count == 1)
        statement.appendLine(signedWith: journal.key, to: &journal.files[JournalName.statementsName, default: []])
        #expect(journal.verify(heads: journal.head()).isSound)
        // What it speaks of may go; nothing else may.
        let second = journal.files.removeValue(forKey: SampleJournal.segment(2))
        #expect(journal.verify(heads: journal.head()).isSound)
        journal.files[SampleJournal.segment(3)] = nil
        journal.files[SampleJournal.segment(2)] = second
        #expect(!journal.verify(heads: journal.head()).isSound)
    }

    @Test("K2: without the statements about removed segments the rest verifies, and its end is as proven as before")
    func statementsWithoutPruned() throws {
        var journal = try SampleJournal()
        var old: [UInt8] = []
        let first = journal.statement(.pruned, at: try Self.end(of: 1, in: journal), 1)
        let second = journal.statement(.pruned, at: try Self.end(of: 2, in: journal), 2)
        for statement in [first, second] {
            statement.appendLine(signedWith: journal.key, to: &old)
        }
        let name = JournalName.statementsName
        let all = try #require(journal.files[name]) + Array("no statement\n".utf8) + old
        let kept = AuditStatement.withoutPruned(all, behind: [second])
        let statements = AuditStatement.lines(of: kept, key: journal.key.publicKey)
        #expect(statements.filter { $0 == .malformed }.count == 1)
        #expect(statements.contains(.statement(second, isSigned: true)))
        #expect(!statements.contains(.statement(first, isSigned: true)))
        for case .statement(let statement, _) in statements where statement.kind == .checkpoint {
            #expect(statement.sequence > second.sequence)
        }
        // Nothing is said about another stream, or about none.
        #expect(AuditStatement.withoutPruned(all, behind: []) == all)
        for number in 1...2 as ClosedRange<UInt64> {
            journal.files[SampleJournal.segment(number)] = nil
        }
        journal.files[name] = all
        let before = journal.verify().streams.first?.provenByCheckpoint
        journal.files[name] = kept
        let result = journal.verify()
        #expect(result.faults.count == 1 && result.streams.first?.provenByCheckpoint == before && before ?? 0 > 0)
        // Rows that are cut off the end are still missed.
        let third = try #require(journal.files[SampleJournal.segment(3)])
        journal.files[SampleJournal.segment(3)] = Array(lines(third).dropLast(8).joined())
        #expect(journal.verify().faults.contains { $0.contains("missing") })
    }

    @Test("what recovery set aside must be there and unaltered")
    func cuts() throws {
        let tail = Array(#"{"seq":"#.utf8)
        let cut = SegmentHeader.Cut(segment: 1, bytes: tail.count, digest: try #require(Digest256(SHA256.digest(tail))))
        var rows = RowBuffer(at: .start)
        rows.append(SegmentHeader(time: SampleJournal.time(0), stream: .admin, segment: 1, node: "n", cause: .first))
        rows.seal()
        var files = [JournalName.segment(.admin, 1).text: rows.bytes]
        rows.removeAll()
        rows.append(
            SegmentHeader(
                time: SampleJournal.time(0),
                stream: .admin,
                segment: 2,
                node: "n",
                cause: .crash,
                cuts: [cut]
            )
        )
        rows.seal()
        files[JournalName.segment(.admin, 2).text] = rows.bytes
        func faults() -> [String] {
            AuditVerifier(key: nil).verify(names: files.keys.sorted()) { .bytes(files[$0] ?? []) }.faults
        }
        #expect(faults() == ["admin.00000001.cut: what recovery set aside (7 bytes) is missing"])
        files["admin.00000001.cut"] = tail
        #expect(faults() == [])
        files["admin.00000001.cut"] = tail + [1]
        #expect(faults() == ["admin.00000001.cut: what recovery set aside has been altered"])
    }

    @Test("an empty folder, a foreign file, an older and a newer format are told, not trapped on")
    func strangeFolders() {
        func faults(_ files: [String: [UInt8]]) -> [String] {
            AuditVerifier(key: nil).verify(names: files.keys.sorted()) { .bytes(files[$0] ?? []) }.faults
        }
        #expect(faults([:]).first?.contains("not one segment") == true)
        #expect(faults(["notes.txt": [1, 2, 3]]).count == 1)
        #expect(!faults(["worker-0.00000001.rows": Array("\n\n\t\n".utf8)]).isEmpty)
        for version in [1, 3] {
            let text = #"{"seq":1,"kind":"segment","time":"2026-11-21T00:00:00.000Z","format":\#(version)}"#
            let lines = "\(text)\t\(String(repeating: "0", count: 64))\n{}\n"
            let place = "worker-0.00000001.rows, line 1: the segment is of version \(version) of the format; "
            #expect(
                faults(["worker-0.00000001.rows": Array(lines.utf8)]) == [place + "this program reads version 2"]
            )
        }
    }
}

extension String {
    func range(of text: String) -> Range<String.Index>? { ranges(of: text).first }

    func replacingCharacters(_ range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
