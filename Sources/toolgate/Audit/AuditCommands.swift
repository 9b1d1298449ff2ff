import AuditJournal
import AuditModel
import Base
import Cryptography
import EventLoops
import JSONText

#if canImport(Glibc)
import Glibc
#endif

/// `toolgate audit …`: what people do with the journal.
///
/// All of it works on the files, beside a running gateway or on a copy.
enum AuditCommands {
    static let all = [verify, head, tail, query, export]

    // MARK: verify

    static let verify = Command(
        ["audit", "verify"],
        "check that no row of the journal was changed, removed or added",
        details:
            "Needs only the files and the public key. A chain alone cannot show that rows are missing at its end:\n"
            + "keep the output of `toolgate audit head` somewhere else, and give it with `--head`.\n"
            + "Without `--public-key` the key that lies in the folder is taken, which somebody who may change the folder\n"
            + "may have changed too. Exit code 1 when there is a fault; notes do not count.",
        operands: AuditFolder.operand,
        options: [
            CommandOption("head", "FILE", "heads exported before and kept elsewhere"),
            CommandOption("public-key", "FILE", "the journal's public key (default: public-key in the folder)"),
            .output,
        ] + AuditFolder.options,
        examples: [
            ("the journal of this gateway", "toolgate audit verify --head heads-2026-11-01.txt"),
            ("a copy, somewhere else", "toolgate audit verify ./copy-of-audit --public-key toolgate-audit.pub"),
        ]
    ) { invocation throws(CommandFailure) in
        let folder = try AuditFolder(invocation)
        let console = invocation.console
        let named = invocation.value("public-key")
        let own = "\(folder.path)/\(JournalKeys.publicName)"
        var key: Ed25519.PublicKey?
        if named != nil || folder.names.contains(JournalKeys.publicName) {
            key = try AuditFolder.asked { () throws(JournalFailure) in try JournalKeys.loadPublic(path: named ?? own) }
        }
        if named == nil {
            console.say("note: the public key is the folder's own; give one kept elsewhere with `--public-key`")
        }
        var heads: [UInt8] = []
        if let file = invocation.value("head") {
            heads = try AuditFolder.asked { () throws(JournalFailure) in try JournalFiles.read(file) }
        }
        let result = verification(of: folder, key: key, heads: heads)
        report(result, invocation)
        return result.isSound ? .done : .refused
    }

    /// What a journal's files come to.
    static func verification(
        of folder: AuditFolder,
        key: Ed25519.PublicKey?,
        heads: [UInt8]
    ) -> AuditVerification {
        AuditVerifier(key: key, heads: heads).verify(names: folder.names) { name in
            do throws(CommandFailure) {
                return .bytes(try folder.read(name))
            } catch {
                return .unreadable(error.message)
            }
        }
    }

    private static func report(_ result: AuditVerification, _ invocation: Invocation) {
        let console = invocation.console
        guard !invocation.printsJSON else {
            console.writeOutput(json(result))
            return
        }
        for finding in result.findings {
            let colour: Console.Colour = finding.weight == .fault ? .red : .dim
            console.output("\(console.coloured(finding.weight.rawValue, colour)): \(finding)")
        }
        for stream in result.streams {
            let proven = max(stream.provenByCheckpoint, stream.provenByHead)
            let rows = "\(stream.rows) rows in \(stream.segments) segments"
            console.output("\(stream.stream.name): \(rows), signed for up to row \(proven) of \(stream.lastSequence)")
        }
        console.output(result.isSound ? console.coloured("sound", .green) : console.coloured("not sound", .red))
    }

    static func json(_ result: AuditVerification) -> [UInt8] {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("sound")
        writer.boolean(result.isSound)
        writer.key("findings")
        writer.beginArray()
        for finding in result.findings {
            writer.beginObject()
            writer.key("weight")
            writer.string(finding.weight.rawValue)
            for (key, value) in [("file" as StaticString, finding.file), ("stream", finding.stream?.name)] {
                if let value {
                    writer.key(key)
                    writer.string(value)
                }
            }
            for (key, value) in [("line" as StaticString, finding.line), ("seq", finding.sequence.map { Int($0) })] {
                if let value {
                    writer.key(key)
                    writer.number(value)
                }
            }
            writer.key("meaning")
            writer.string(finding.meaning)
            writer.endObject()
        }
        writer.endArray()
        writer.key("streams")
        writer.beginArray()
        for stream in result.streams {
            writer.beginObject()
            writer.key("stream")
            writer.string(stream.stream.name)
            let numbers: [(StaticString, Int)] = [
                ("segments", stream.segments), ("rows", Int(stream.rows)), ("last_seq", Int(stream.lastSequence)),
                ("proven_by_checkpoint", Int(stream.provenByCheckpoint)), ("proven_by_head", Int(stream.provenByHead)),
            ]
            for (key, value) in numbers {
                writer.key(key)
                writer.number(value)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    // MARK: head

    static let head = Command(
        ["audit", "head"],
        "print signed heads of all streams, to keep somewhere else",
        details:
            "Whoever has such heads can prove later that no row up to them is missing: `toolgate audit verify --head`.\n"
            + "Send them to another machine, a ticket, a printer; once a day is usual. Needs the signing key.",
        operands: AuditFolder.operand,
        options: [
            CommandOption("signing-key", "FILE", "the signing key (default: audit-signing-key in the data folder)")
        ] + AuditFolder.options,
        examples: [("once a day, from cron", "toolgate audit head | ssh archive 'cat >> toolgate-heads.txt'")]
    ) { invocation throws(CommandFailure) in
        let folder = try AuditFolder(invocation)
        let path: String
        if let named = invocation.value("signing-key") {
            path = named
        } else {
            path = "\(try ServiceKeys.folder(invocation))/audit-signing-key"
        }
        let key = try AuditFolder.asked { () throws(JournalFailure) in try JournalKeys.load(path: path) }
        let output = try AuditHead.lines(in: folder, signedWith: key, at: SystemTime().wallTime)
        guard !output.isEmpty else {
            throw .environment("there is no row in `\(folder.path)`: is it the folder of a journal?")
        }
        invocation.console.writeOutput(output)
        return .done
    }

    // MARK: tail

    static let tail = Command(
        ["audit", "tail"],
        "show the newest rows of the journal, and new ones as they come",
        operands: AuditFolder.operand,
        options: [
            CommandOption("follow", nil, "go on showing new rows until interrupted", letter: "f"),
            CommandOption("lines", "COUNT", "how many rows to begin with (default 20)", letter: "n"),
            .output,
        ] + AuditFolder.options,
        examples: [
            ("watch", "toolgate audit tail -f"),
            ("the last hundred, for a program", "toolgate audit tail -n 100 --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let count = try number(invocation, "lines", default: 20)
        var follower = AuditFollower(try AuditFolder(invocation))
        let console = invocation.console
        let show = { (row: AuditRow, stream: AuditStream) in
            if invocation.printsJSON {
                console.writeOutput(AuditText.json(row.bytes, of: stream))
            } else {
                console.output(AuditText.line(row, of: stream))
            }
        }
        try follower.begin(showing: count, show)
        while invocation.isOn("follow") {
            // A person watches: five looks a second are enough, and cost a listing of a folder each.
            usleep(200_000)
            try follower.look(show)
        }
        return .done
    }

    // MARK: export

    static let export = Command(
        ["audit", "export"],
        "write the journal as JSON Lines or CSV",
        details: "JSON Lines: one whole row a line, with its stream; call and end are two rows.\n"
            + "CSV: one record a call or change, its end beside it; cells a spreadsheet might run are made text.",
        operands: AuditFolder.operand,
        options: [
            CommandOption("format", "FORM", "jsonl (default) or csv", choices: ["jsonl", "csv"])
        ] + AuditFilter.options + AuditFolder.options,
        examples: [
            ("everything, for another program", "toolgate audit export > audit.jsonl"),
            (
                "a month, for a spreadsheet",
                "toolgate audit export --format csv --since 2026-11-01T00:00:00Z > november.csv"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let filter = try AuditFilter(invocation)
        let folder = try AuditFolder(invocation)
        let console = invocation.console
        let isCSV = invocation.value("format") == "csv"
        if isCSV {
            console.writeOutput(AuditText.csvHeader)
        }
        for stream in folder.streams {
            if isCSV {
                try withJoin(filter, folder, stream) { console.writeOutput(AuditText.csv($0)) }
                continue
            }
            var wanted: Set<UInt64> = []
            try folder.forEachRow(of: stream) { row in
                if filter.admits(row) {
                    wanted.insert(row.sequence)
                    console.writeOutput(AuditText.json(row.bytes, of: stream))
                } else if let intent = row.closedIntent, wanted.contains(intent) {
                    console.writeOutput(AuditText.json(row.bytes, of: stream))
                }
            }
        }
        return .done
    }

    static func withJoin(
        _ filter: AuditFilter,
        _ folder: AuditFolder,
        _ stream: AuditStream,
        _ take: @escaping (AuditEntry) -> Void
    ) throws(CommandFailure) {
        var join = AuditJoin(filter, take)
        try folder.forEachRow(of: stream) { row in join.add(row, of: stream) }
        join.finish()
    }

    static func number(
        _ invocation: Invocation,
        _ option: String,
        default standard: Int
    ) throws(CommandFailure) -> Int {
        guard let text = invocation.value(option) else {
            return standard
        }
        guard let number = Int(text), (1...100_000).contains(number) else {
            throw .usage("`--\(option)` cannot be `\(text)`: write a number from 1 to 100000")
        }
        return number
    }
}
