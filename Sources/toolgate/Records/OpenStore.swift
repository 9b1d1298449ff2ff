import Administration
import Base
import EventLoops
import Stores

/// The store a command works on, and who works on it; errors become a sentence and an exit code.
///
/// Used beside a running gateway or without one: a change is a transaction, and a gateway takes it in within a second.
struct OpenStore {
    private let store: any Store
    private let path: String
    private let author: Author

    /// The store of `--data`, which must be there.
    init(existing invocation: Invocation) throws(CommandFailure) {
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            throw .environment(
                "there is no store in `\(directory.path)`: is `--data` the right folder? `toolgate server add` and "
                    + "`toolgate apply` make one"
            )
        }
        self.store = store
        path = directory.store
        author = OperatorName.author(invocation)
    }

    /// The store of `--data`, made when it is not there.
    init(making invocation: Invocation) throws(CommandFailure) {
        let directory = try ServiceKeys.open(invocation)
        store = try StoreAccess.open(directory)
        path = directory.store
        author = OperatorName.author(invocation)
    }

    /// Reads one moment's state.
    func read<Value: Sendable>(
        _ body: (Records) throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try body(Records(reader)) }
        }
    }

    /// Keeps what is no change of the configuration; it survives a loss of power.
    func keep<Value: Sendable>(
        _ body: (StoreLedger, Records) throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.keep(isDurable: true) { ledger throws(StoreError) in try body(ledger, Records(ledger.reader)) }
        }
    }

    /// Changes the store: all `body` does, or nothing.
    ///
    /// `revision` is what the person was asked about: a change in between is a refusal.
    func change<Value: Sendable>(
        expecting revision: Int? = nil,
        _ body: (StoreWriter, Records) throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.change(by: author, expecting: revision) { writer throws(StoreError) in
                try body(writer, Records(writer.reader))
            }
        }
    }
}

/// Who changes the store from the command line.
enum OperatorName {
    /// The system user, by the name the environment gives; it is for the record, and no proof of identity.
    static func author(_ invocation: Invocation) -> Author {
        let environment = invocation.console.environment
        let names = ["SUDO_USER", "USER", "LOGNAME"].compactMap { environment[$0] }
        return Author(.commandLine, name: ByteString(names.first { !$0.isEmpty } ?? "unknown"))
    }
}
