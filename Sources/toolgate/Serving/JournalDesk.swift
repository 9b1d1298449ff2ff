import AdminAPI
import AuditJournal
import AuditModel
import Base
import Cryptography
import EventLoops
import StoreSQLite
import Stores

#if canImport(Glibc)
import Glibc
#endif

/// The journal of the data folder as the admin API asks it: the same table and files as `toolgate audit` reads.
struct JournalDesk: AdminJournal {
    let directory: DataDirectory

    func decisions(
        _ filter: DecisionFilter,
        behind place: DecisionPlace?,
        count: Int
    ) throws(StoreError) -> [Decision] {
        let wanted = AuditFilter(filter)
        let start = place.map { place in
            AuditTableCall(
                stream: place.stream,
                sequence: place.sequence,
                time: place.time,
                row: AuditTablePlace(segment: 0, offset: 0)
            )
        }
        let path = directory.journalTable
        let entries = try JournalTable.with(path, of: directory.journal) { table throws(StoreError) in
            try table.fill()
            return try table.newest(count, wanted, behind: start)
        }
        return entries.reversed().map { Decision($0) }
    }

    func heads() throws(StoreError) -> [String] {
        try asked { () throws(CommandFailure) in
            let folder = try AuditFolder(path: directory.journal)
            let key = try AuditFolder.asked { () throws(JournalFailure) in
                try JournalKeys.load(path: "\(directory.path)/audit-signing-key")
            }
            let lines = try AuditHead.lines(in: folder, signedWith: key, at: SystemTime().wallTime)
            return String(decoding: lines, as: UTF8.self).split(separator: "\n").map { String($0) }
        }
    }

    func verify() throws(StoreError) -> [UInt8] {
        try asked { () throws(CommandFailure) in
            let folder = try AuditFolder(path: directory.journal)
            var key: Ed25519.PublicKey?
            if folder.names.contains(JournalKeys.publicName) {
                key = try AuditFolder.asked { () throws(JournalFailure) in
                    try JournalKeys.loadPublic(path: "\(folder.path)/\(JournalKeys.publicName)")
                }
            }
            return AuditCommands.json(AuditCommands.verification(of: folder, key: key, heads: []))
        }
    }

    func follower() throws(StoreError) -> any DecisionFollower {
        try asked { () throws(CommandFailure) in try JournalFollower(AuditFolder(path: directory.journal)) }
    }

    private func asked<Value>(_ body: () throws(CommandFailure) -> Value) throws(StoreError) -> Value {
        do throws(CommandFailure) {
            return try body()
        } catch {
            throw .failed(detail: error.message)
        }
    }
}

/// Gives decisions as their rows are appended; a call that goes on waits for its end, but not for long.
// ISOLATION: asked by one thread at a time, as the protocol says: the admin listener's thread for the journal.
final class JournalFollower: DecisionFollower, @unchecked Sendable {
    /// LIMIT: decisions of one look; the oldest of more are left out.
    private static let maximumCount = 512
    /// LIMIT: calls whose end is waited for.
    private static let maximumOpen = 4_096
    /// How long an end is waited for, in milliseconds.
    private static let patience: Int64 = 5_000

    private struct Key: Hashable {
        let stream: AuditStream
        let sequence: UInt64
    }

    private var follower: AuditFollower
    private var open: [Key: AuditEntry] = [:]
    private let time = SystemTime()

    init(_ folder: AuditFolder) throws(CommandFailure) {
        follower = AuditFollower(folder)
        // On Linux that is this thread alone; it gives way to those that serve.
        _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 10)
        try follower.begin(showing: 1) { _, _ in }
    }

    func look() throws(StoreError) -> (decisions: [Decision], left: Int) {
        var ready: [AuditEntry] = []
        do throws(CommandFailure) {
            try follower.look { row, stream in take(row, of: stream, &ready) }
        } catch {
            throw .failed(detail: error.message)
        }
        let now = time.wallTime.milliseconds
        for (key, entry) in open where now - entry.row.time.milliseconds > Self.patience {
            ready.append(entry)
            open[key] = nil
        }
        ready.sort { ($0.row.time, $0.stream, $0.row.sequence) < ($1.row.time, $1.stream, $1.row.sequence) }
        let shown = ready.suffix(Self.maximumCount)
        return (shown.map { Decision($0) }, ready.count - shown.count)
    }

    private func take(_ row: AuditRow, of stream: AuditStream, _ ready: inout [AuditEntry]) {
        if let intent = row.closedIntent {
            if var entry = open.removeValue(forKey: Key(stream: stream, sequence: intent)) {
                entry.outcome = row
                ready.append(entry)
            }
        } else if row.kind == .intent {
            let entry = AuditEntry(stream: stream, row: row)
            if row.opensCall, open.count < Self.maximumOpen {
                open[Key(stream: stream, sequence: row.sequence)] = entry
            } else {
                ready.append(entry)
            }
        }
    }
}

extension Decision {
    /// An entry of the journal, in the form `audit query --output json` prints.
    init(_ entry: AuditEntry) {
        let place = DecisionPlace(
            time: entry.row.time,
            stream: ByteString(entry.stream.name),
            sequence: Int64(clamping: entry.row.sequence)
        )
        self.init(place: place, json: AuditCommands.joined(entry).dropLast())
    }

    private init(place: DecisionPlace, json: ArraySlice<UInt8>) {
        self.init(place: place, json: Array(json))
    }
}
