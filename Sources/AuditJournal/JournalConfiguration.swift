public import Base

/// How a journal is kept.
public struct JournalConfiguration: Sendable {
    /// When a call may go on.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// When its intent has been handed to the system: a crash of the process loses nothing, a loss of power at most the
        /// last ``JournalConfiguration/syncInterval``.
        case grouped
        /// When its intent is on the disk.
        case strict
    }

    /// The folder of the journal's files; made if it is not there.
    public var folder: String
    /// The file of the signing key; should not be in `folder`.
    public var keyPath: String
    /// When a call may go on.
    public var mode: Mode
    /// The name of the machine or installation, for headers and statements.
    public var node: ByteString
    /// Stands before the request numbers of this process; letters, digits and `-` only.
    public var requestPrefix: [UInt8]
    /// In grouped mode, the time from a write to the start of its synchronisation, rounded to ticks of 8 ms.
    public var syncInterval: Duration
    /// In strict mode, how long a synchronisation may take before the calls that wait for it are refused.
    public var syncDeadline: Duration
    /// A segment this large is closed and the next one begun.
    public var maximumSegmentBytes: Int
    /// A segment this old too.
    public var maximumSegmentAge: Duration
    /// How many rows may come between two checkpoints.
    public var checkpointRows: UInt64
    /// How much time may pass between a row and the checkpoint that covers it.
    public var checkpointInterval: Duration
    /// Segments whose last row is older are removed; `nil` for never.
    public var retentionAge: Duration?
    /// The oldest segments are removed while all together have more bytes; `nil` for any number.
    public var retentionBytes: Int?
    /// How many bytes the statements may grow by, beside doubling, before those about removed segments go.
    package var statementSlack = 1 << 20
    /// What takes the place of the disk in tests.
    package var disk: any JournalDisk = SystemDisk()

    /// A grouped journal that keeps everything, in segments of 8 MiB (about 75,000 calls) or a day.
    public init(folder: String, keyPath: String, mode: Mode = .grouped, node: ByteString = "toolgate") {
        self.folder = folder
        self.keyPath = keyPath
        self.mode = mode
        self.node = node
        requestPrefix = []
        syncInterval = .milliseconds(40)
        syncDeadline = .seconds(10)
        maximumSegmentBytes = 8 << 20
        maximumSegmentAge = .seconds(86_400)
        checkpointRows = 1_000
        checkpointInterval = .seconds(10)
    }
}
