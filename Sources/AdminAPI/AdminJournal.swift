public import Base
public import Stores

/// Which decisions are wanted; a part that is `nil` asks nothing.
public struct DecisionFilter: Hashable, Sendable {
    /// The grant's label or id.
    public var grant: ByteString?
    /// The server's name.
    public var server: ByteString?
    /// The tool's name.
    public var tool: ByteString?
    /// What was decided, or how it ended: a word of the journal.
    public var outcome: ByteString?
    /// The rule that decided.
    public var rule: ByteString?
    /// What stands somewhere in the row.
    public var text: ByteString?
    /// Not before.
    public var since: WallTime?
    /// Before.
    public var until: WallTime?

    /// Everything.
    public init() {}
}

/// Where a decision stands; the order is by time, then stream, then number.
public struct DecisionPlace: Hashable, Sendable {
    /// When it was noted.
    public let time: WallTime
    /// The stream of the journal it is in.
    public let stream: ByteString
    /// Its number there.
    public let sequence: Int64

    /// A place from its parts.
    public init(time: WallTime, stream: ByteString, sequence: Int64) {
        self.time = time
        self.stream = stream
        self.sequence = sequence
    }

    /// Whether it stands before the other.
    public func isBefore(_ other: DecisionPlace) -> Bool {
        (time, stream, sequence) < (other.time, other.stream, other.sequence)
    }
}

/// A call that was decided, as the journal has it.
public struct Decision: Sendable {
    /// Where it stands.
    public let place: DecisionPlace
    /// One object: the row, its stream, and its end under `end`; without a line end.
    public let json: [UInt8]

    /// A decision from its parts.
    public init(place: DecisionPlace, json: [UInt8]) {
        self.place = place
        self.json = json
    }
}

/// The audit journal as the admin API asks it.
///
/// Blocks, on disks and for long; called on a background thread of its own. It reads the journal's files, as any other
/// process could: no call of an agent knows of it.
public protocol AdminJournal: Sendable {
    /// The newest decisions a filter lets through, the newest first: so many behind a place, or the first.
    func decisions(
        _ filter: DecisionFilter,
        behind place: DecisionPlace?,
        count: Int
    ) throws(StoreError) -> [Decision]

    /// Signed heads of all streams, one statement a line, to be kept elsewhere.
    func heads() throws(StoreError) -> [String]

    /// Whether no row was changed, removed or added, as `audit verify --output json` says it.
    func verify() throws(StoreError) -> [UInt8]

    /// What gives the decisions that are made from now on.
    func follower() throws(StoreError) -> any DecisionFollower
}

/// Gives decisions as they are made; used by one thread at a time.
public protocol DecisionFollower: Sendable {
    /// Those since the last look, the oldest first, and how many were left out because they were too many.
    func look() throws(StoreError) -> (decisions: [Decision], left: Int)
}
