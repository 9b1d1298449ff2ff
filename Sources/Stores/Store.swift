internal import Base

/// What outlives the process: one organisation's servers, policies, grants, members, sealed credentials, pins and
/// counters, with every change of them on record.
///
/// Synchronous and blocking by design: each call may wait for a disk or for another process. Callers are the command
/// line and background threads; it is **never called on a loop's thread**, and never on the way of a call, for which
/// workers have their snapshot. Any number of threads and processes may use one store at once.
///
/// INVARIANT: every change is one transaction; it moves ``revision()`` up by exactly one and leaves an ``AdminEvent``
/// for each record it touched, or it leaves nothing at all. A change that changes nothing has no revision of its own.
///
/// No method may be called from inside the `body` of another one on the same store.
public protocol Store: Sendable {
    /// Reads a consistent state: what `body` sees is one moment's, whatever others write meanwhile.
    ///
    /// The reader is good for the time of the call only.
    func read<Value: Sendable>(
        _ body: (StoreReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value

    /// Changes the configuration: all `body` does, or nothing when it throws.
    ///
    /// Once this returns, the change survives a loss of power. Changes follow one another, those of other processes too.
    ///
    /// - Parameters:
    ///   - author: who is answerable; stands in the events.
    ///   - revision: the revision the caller's knowledge is from; `nil` to change whatever is there.
    ///   - body: makes the changes; the writer is good for the time of the call only.
    /// - Returns: what `body` returned.
    /// - Throws: ``StoreError/conflict(expected:found:)`` when the store has moved on from `revision`.
    func change<Value: Sendable>(
        by author: Author,
        expecting revision: Int?,
        _ body: (StoreWriter) throws(StoreError) -> Value
    ) throws(StoreError) -> Value

    /// Keeps facts of running that are nobody's decision: counters and last uses.
    ///
    /// No revision, no events. It survives the end of the process in any case; with `isDurable`, a loss of power too.
    func keep<Value: Sendable>(
        isDurable: Bool,
        _ body: (StoreLedger) throws(StoreError) -> Value
    ) throws(StoreError) -> Value

    /// The number of the last change, by whatever process; 0 for a new store.
    ///
    /// Cheap enough to be asked five times a second.
    func revision() throws(StoreError) -> Int

    /// Looks for damage: findings for people, none when all is well.
    ///
    /// Reads everything; takes as long as that takes.
    func check() throws(StoreError) -> [String]
}

extension Store {
    /// ``change(by:expecting:_:)`` from whatever revision the store has.
    public func change<Value: Sendable>(
        by author: Author,
        _ body: (StoreWriter) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try change(by: author, expecting: nil, body)
    }
}
