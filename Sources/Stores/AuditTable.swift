public import Base

/// The audit journal as a table: where the calls and changes stand that have this in common and happened then.
///
/// It is made from the journal's files and holds nothing that they do not: it may be removed at any time. What a row says
/// is read from the journal. Everything blocks; callable from any thread, and by any number of processes at once.
public protocol AuditTable: Sendable {
    /// How far a stream is in the table; `nil` at the beginning.
    func progress(of stream: ByteString) throws(StoreError) -> AuditTableProgress?

    /// Takes in a step of a stream, all or nothing, when it is still as far as `progress` says.
    ///
    /// Returns `false` when somebody else has filled the table meanwhile: look again how far it is.
    func put(
        _ batch: AuditTableBatch,
        of stream: ByteString,
        behind progress: AuditTableProgress?
    ) throws(StoreError) -> Bool

    /// Forgets all streams but these.
    func keep(_ streams: [ByteString]) throws(StoreError)

    /// What a query finds, the newest first: the next `count` or so behind `place`, or the first.
    ///
    /// Costs what it finds, as long as it asks for no more than a few hundred kinds of calls.
    func find(_ query: AuditTableQuery, behind place: AuditTableCall?, count: Int) throws(StoreError) -> AuditTablePage

    /// The lines rows of a segment refer to, its first row first.
    func definitions(of segment: Int64, in stream: ByteString) throws(StoreError) -> [[UInt8]]
}

/// What calls have in common; a part a row does not have is `nil`.
public struct AuditTableKind: Hashable, Sendable {
    /// The label of the grant.
    public var grant: ByteString?
    /// Its id.
    public var grantID: ByteString?
    /// The server's name.
    public var server: ByteString?
    /// The tool's name.
    public var tool: ByteString?
    /// What was decided: a word of the journal's `outcome`.
    public var outcome: ByteString?
    /// The rule that decided it.
    public var rule: ByteString?
    /// How it ended: a word of the journal's `result`.
    public var result: ByteString?

    /// Of nothing that calls have.
    public init() {}
}

/// Where a line of the journal begins.
public struct AuditTablePlace: Hashable, Sendable {
    /// The number of its segment.
    public let segment: Int64
    /// Bytes of the segment before it.
    public let offset: Int64

    /// A place from its parts.
    public init(segment: Int64, offset: Int64) {
        self.segment = segment
        self.offset = offset
    }
}

/// One call or change; the table's order is by time, then stream, then number.
public struct AuditTableCall: Hashable, Sendable {
    /// The stream of the journal it is in.
    public let stream: ByteString
    /// Its number there.
    public let sequence: Int64
    /// When it was noted.
    public let time: WallTime
    /// Where its row stands.
    public let row: AuditTablePlace
    /// Where the row of its end stands; `nil` while or when there is none.
    public var end: AuditTablePlace?

    /// A call from its parts.
    public init(stream: ByteString, sequence: Int64, time: WallTime, row: AuditTablePlace, end: AuditTablePlace? = nil)
    {
        self.stream = stream
        self.sequence = sequence
        self.time = time
        self.row = row
        self.end = end
    }

    /// Whether it stands before the other in the table's order.
    public func isBefore(_ other: AuditTableCall) -> Bool {
        (time, stream, sequence) < (other.time, other.stream, other.sequence)
    }
}

/// What is looked for; a part that is `nil` asks nothing.
public struct AuditTableQuery: Hashable, Sendable {
    /// What the calls have in common.
    ///
    /// Its ``AuditTableKind/grantID`` is not looked at.
    public var kind = AuditTableKind()
    /// The grant's label or id, whichever it is.
    public var grant: ByteString?
    /// Not before.
    public var since: WallTime?
    /// Before.
    public var until: WallTime?

    /// Everything.
    public init() {}
}

/// What a query found so far.
public struct AuditTablePage: Hashable, Sendable {
    /// The newest first.
    public var calls: [AuditTableCall]
    /// Whether there is nothing behind them.
    public var isLast: Bool

    /// A page from its parts.
    public init(calls: [AuditTableCall], isLast: Bool) {
        self.calls = calls
        self.isLast = isLast
    }
}

/// How far a stream of the journal is in the table.
public struct AuditTableProgress: Hashable, Sendable {
    /// The first segment that was there.
    public var first: Int64
    /// Behind the last line that was taken in.
    public var place: AuditTablePlace
    /// The bytes right before that place: whoever goes on sees whether it is the same file still.
    public var before: [UInt8]

    /// A progress from its parts.
    public init(first: Int64, place: AuditTablePlace, before: [UInt8]) {
        self.first = first
        self.place = place
        self.before = before
    }
}

/// What one step brings.
public struct AuditTableBatch: Sendable {
    /// A line rows of its segment refer to.
    public struct Definition: Sendable {
        /// Its number in its segment; 0 for the segment's first row.
        public let number: Int64
        /// The line.
        public let line: [UInt8]

        /// A definition from its parts.
        public init(number: Int64, line: [UInt8]) {
            self.number = number
            self.line = line
        }
    }

    /// A call or change.
    public struct Entry: Sendable {
        /// The same, as it is found.
        public var call: AuditTableCall
        /// What it has in common with others, as an index into ``AuditTableBatch/kinds``.
        public var kind: Int
        /// Whether an end will come.
        public var isOpen: Bool

        /// An entry from its parts.
        public init(call: AuditTableCall, kind: Int, isOpen: Bool) {
            self.call = call
            self.kind = kind
            self.isOpen = isOpen
        }
    }

    /// The end of a call that an earlier step brought.
    public struct End: Sendable {
        /// The number of the call's row.
        public let sequence: Int64
        /// How it ended.
        public let result: ByteString
        /// Where the row of the end stands.
        public let place: AuditTablePlace

        /// An end from its parts.
        public init(sequence: Int64, result: ByteString, place: AuditTablePlace) {
            self.sequence = sequence
            self.result = result
            self.place = place
        }
    }

    /// Whether the journal is another one than that the table was made from: everything before is forgotten.
    public var startsOver = false
    /// Rows before this number are no longer in the journal.
    public var firstSequence: Int64?
    /// Definitions of the segment ``progress`` is in.
    public var definitions: [Definition] = []
    /// What calls and changes have in common.
    public var kinds: [AuditTableKind] = []
    /// Calls and changes.
    public var entries: [Entry] = []
    /// Ends, in their order.
    public var ends: [End] = []
    /// Where the next step goes on.
    public var progress: AuditTableProgress

    /// A step to there that brings nothing.
    public init(to progress: AuditTableProgress) {
        self.progress = progress
    }
}
