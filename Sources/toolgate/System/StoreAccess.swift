import EventLoops
import StoreSQLite
import Stores

/// Opens the embedded store for a command.
enum StoreAccess {
    /// The store of a data directory; made when it is not there.
    static func open(_ directory: DataDirectory) throws(CommandFailure) -> SQLiteStore {
        try attempt(directory) { () throws(StoreError) in
            try SQLiteStore(opening: directory.store, time: SystemTime())
        }
    }

    /// The store of a data directory; `nil` when none was made there yet.
    static func openExisting(_ directory: DataDirectory) throws(CommandFailure) -> SQLiteStore? {
        guard FileAccess.stamp(directory.store) != nil else {
            return nil
        }
        return try open(directory)
    }

    /// Does something with the store of a directory; its errors become a sentence and an exit code: 1 when the request
    /// was at fault, 3 when the store was.
    static func attempt<Value>(
        _ directory: DataDirectory,
        _ body: () throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        try attempt(directory.store, body)
    }

    /// The same for a store that lies anywhere.
    static func attempt<Value>(
        _ path: String,
        _ body: () throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            let message = error.message(at: path)
            throw error.isAboutRequest ? .refused(message) : .environment(message)
        }
    }
}
