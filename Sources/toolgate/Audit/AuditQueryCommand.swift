import AuditModel
import Base
import Stores

extension AuditCommands {
    static let query = Command(
        ["audit", "query"],
        "find calls and changes in the journal",
        details:
            "Calls are shown with how they ended, the newest last. In the data folder a table made from the journal\n"
            + "(audit-table.sqlite) says where to look; what it has not taken in yet is taken in first. It may be removed\n"
            + "at any time. Of another folder, DIR, all segments are read.",
        operands: AuditFolder.operand,
        options: AuditFilter.options + [
            CommandOption("limit", "COUNT", "at most so many, the newest (default 100)"), .output,
        ] + AuditFolder.options,
        examples: [
            ("what was refused today", "toolgate audit query --outcome deny --since 2026-11-21T00:00:00Z"),
            ("every call of one tool by one grant", "toolgate audit query --grant ci-runner --tool delete_contact"),
        ]
    ) { invocation throws(CommandFailure) in
        let limit = try number(invocation, "limit", default: 100)
        let filter = try AuditFilter(invocation)
        let folder = try AuditFolder(invocation)
        let found: [AuditEntry]
        if let answered = tabled(limit, filter, folder, invocation) {
            found = answered
        } else {
            found = try scanned(limit, filter, folder)
        }
        for entry in found {
            if invocation.printsJSON {
                invocation.console.writeOutput(joined(entry))
            } else {
                invocation.console.output(AuditText.line(entry))
            }
        }
        return .done
    }

    /// What the table of the data folder's journal finds; `nil` when there is none to ask.
    private static func tabled(
        _ limit: Int,
        _ filter: AuditFilter,
        _ folder: AuditFolder,
        _ invocation: Invocation
    ) -> [AuditEntry]? {
        guard invocation.operands.isEmpty else {
            return nil
        }
        let directory: DataDirectory
        do throws(CommandFailure) {
            directory = try ServiceKeys.openExisting(invocation)
        } catch {
            invocation.console.say("note: all segments are read, without a table: \(error.message)")
            return nil
        }
        do throws(StoreError) {
            return try JournalTable.with(directory.journalTable, of: folder.path) { table throws(StoreError) in
                try table.fill()
                return try table.newest(limit, filter)
            }
        } catch {
            let problem = error.message(at: directory.journalTable)
            invocation.console.say("note: all segments are read, without a table: \(problem)")
            return nil
        }
    }

    /// The same from the segments alone.
    static func scanned(
        _ limit: Int,
        _ filter: AuditFilter,
        _ folder: AuditFolder
    ) throws(CommandFailure) -> [AuditEntry] {
        var found: [AuditEntry] = []
        func keepNewest() {
            found.sort { ($0.row.time, $0.stream, $0.row.sequence) < ($1.row.time, $1.stream, $1.row.sequence) }
            found.removeFirst(max(0, found.count - limit))
        }
        for stream in folder.streams {
            try withJoin(filter, folder, stream) { entry in
                found.append(entry)
                if found.count > 2 * limit {
                    keepNewest()
                }
            }
        }
        keepNewest()
        return found
    }

    /// An entry as one object: the row, its stream, and its end under `end`.
    static func joined(_ entry: AuditEntry) -> [UInt8] {
        var line = AuditText.json(entry.row.bytes, of: entry.stream)
        guard let outcome = entry.outcome else {
            return line
        }
        line.removeLast(2)
        line.append(#","end":"#)
        line.append(contentsOf: outcome.bytes)
        line.append("}\n")
        return line
    }
}
