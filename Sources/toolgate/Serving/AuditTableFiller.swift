import Base
import EventLoops
import Stores
import StoreSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Fills the journal's table behind a running gateway, on a thread of its own that gives way to those that serve.
///
/// Nothing waits for it: whoever asks the table takes in first what is not in it yet.
// ISOLATION: the table, the timer and what is remembered of them are used on the thread's own loop only.
final class AuditTableFiller: @unchecked Sendable {
    private static let interval = Duration.seconds(1)
    /// How long it waits when the table cannot be filled.
    private static let pause = Duration.seconds(30)

    private let folder: String
    private let path: String
    private let say: @Sendable (String) -> Void
    private let pool: WorkerPool
    private let isEnding = Atomic(false)
    private var timer: LoopTimer?
    private var table: JournalTable?
    /// The file that was opened: somebody may have removed it since.
    private var file: FileAccess.Stamp?
    private var trouble: String?

    /// Begins to fill.
    init(_ directory: DataDirectory, say: @escaping @Sendable (String) -> Void) throws(CommandFailure) {
        folder = directory.journal
        path = directory.journalTable
        self.say = say
        pool = try WorkerPool(count: 1)
        let loop = pool.workers[0].loop
        loop.execute { [self] in
            // On Linux that is this thread alone. Should it be refused, it goes on with the rights of others.
            _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 10)
            timer = LoopTimer(on: loop) { [weak self] in
                guard let self else {
                    return
                }
                timer?.set(after: fill() ? Self.interval : Self.pause)
            }
            timer?.set(after: Self.interval)
        }
    }

    /// Ends within a step; waits until the thread has ended.
    func stop() {
        isEnding.store(true, ordering: .relaxed)
        pool.workers[0].loop.execute { [self] in
            timer?.cancel()
            timer = nil
            table = nil
        }
        pool.stop()
    }

    /// Takes in what is new; whether that went well.
    private func fill() -> Bool {
        do throws(StoreError) {
            try open()
            try table?.fill { !self.isEnding.load(ordering: .relaxed) }
            trouble = nil
            return true
        } catch {
            table = nil
            if error.isCuredByNewTable {
                SQLiteAuditTable.remove(path)
            }
            let sentence = "the table of the audit journal cannot be filled, `audit query` takes longer: "
            if trouble != error.message(at: path) {
                say(sentence + error.message(at: path))
            }
            trouble = error.message(at: path)
            return error.isCuredByNewTable
        }
    }

    /// Sees that the open table is the one with the name.
    private func open() throws(StoreError) {
        let present = FileAccess.stamp(path)
        if table != nil, let present, let file, present.inode == file.inode, present.device == file.device {
            return
        }
        table = nil
        table = JournalTable(try SQLiteAuditTable(opening: path), of: folder)
        file = FileAccess.stamp(path)
    }
}
