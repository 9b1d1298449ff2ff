import AuditJournal
import AuditModel
import Base
import Cryptography
import EventLoops
import Secrets
import Stores

/// How `up` keeps the audit journal.
struct AuditOptions: Sendable {
    static let options = [
        CommandOption(
            "audit",
            "grouped|strict",
            "when a call may go on: noted, or on the disk (default: grouped)",
            environment: "TOOLGATE_AUDIT"
        ),
        CommandOption("audit-digests", nil, "note a keyed digest of every argument (values are never noted)"),
        CommandOption("audit-segment-kib", "N", "begin a new segment of the journal at that size (default: 8192)"),
        CommandOption("audit-keep-days", "N", "remove what is older from the journal (default: never)"),
        CommandOption("audit-keep-mib", "N", "remove the oldest beyond that size (default: never)"),
    ]

    let mode: JournalConfiguration.Mode
    let keepsDigests: Bool
    let segmentKibibytes: Int?
    let keptDays: Int?
    let keptMebibytes: Int?

    init(_ invocation: Invocation) throws(CommandFailure) {
        let word = invocation.value("audit") ?? "grouped"
        guard let mode = JournalConfiguration.Mode(rawValue: word) else {
            throw .usage("`--audit` cannot be `\(word)`: it is `grouped` or `strict`")
        }
        self.mode = mode
        keepsDigests = invocation.isOn("audit-digests")
        segmentKibibytes = try Self.number("audit-segment-kib", in: 64...(1 << 19), invocation)
        keptDays = try Self.number("audit-keep-days", in: 1...36_500, invocation)
        keptMebibytes = try Self.number("audit-keep-mib", in: 128...(1 << 24), invocation)
    }

    private static func number(
        _ name: String,
        in range: ClosedRange<Int>,
        _ invocation: Invocation
    ) throws(CommandFailure) -> Int? {
        guard let text = invocation.value(name) else {
            return nil
        }
        return try WholeNumber.parse(text, option: "--\(name)", in: range)
    }

    /// Opens the journal of a data directory: recovers what a process before left, says what that was.
    func open(_ directory: DataDirectory, console: Console) throws(CommandFailure) -> AuditJournal {
        var configuration = JournalConfiguration(
            folder: directory.journal,
            keyPath: directory.journalKey,
            mode: mode
        )
        configuration.requestPrefix = TextCoding.hexadecimal(Random.bytes(4))
        configuration.maximumSegmentBytes = segmentKibibytes.map { $0 << 10 } ?? configuration.maximumSegmentBytes
        configuration.retentionAge = keptDays.map { .seconds($0 * 86_400) }
        configuration.retentionBytes = keptMebibytes.map { $0 << 20 }
        let journal: AuditJournal
        do throws(JournalFailure) {
            journal = try AuditJournal(configuration, time: SystemTime()) { failure in
                console.say("toolgate: the audit journal: \(failure)")
            }
        } catch {
            throw .environment("cannot keep the audit journal: \(error)")
        }
        tell(journal.recovery, console)
        return journal
    }

    private func tell(_ recovery: RecoveryReport, _ console: Console) {
        if recovery.closedIntents > 0 {
            console.say(
                "toolgate: the process before ended with \(recovery.closedIntents) calls under way; the journal has them as "
                    + "`unknown`"
            )
        }
        for file in recovery.cutFiles {
            console.say("toolgate: the incomplete end of a segment of the journal was set aside as `\(file)`")
        }
        for stream in recovery.damagedStreams {
            console.say("toolgate: warning: the journal's stream `\(stream)` is damaged: run `toolgate audit verify`")
        }
    }
}
