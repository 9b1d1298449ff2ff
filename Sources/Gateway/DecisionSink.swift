/// Where decision records go: the seam between the gateway and whoever keeps them.
///
/// The gateway hands over whole lines in chunks, at most one per worker and 50 ms. An implementation must not block:
/// it queues the chunk for a thread of its own.
public protocol DecisionSink: Sendable {
    /// Takes a run of whole lines, each ended by a line feed. Called on a worker's thread.
    func write(_ lines: [UInt8])

    /// Whether records can still be kept. When not, nothing more is forwarded (security.md, H6): calls that cannot be
    /// recorded do not happen.
    var isAccepting: Bool { get }
}

/// Drops every record; for embedders that want none.
public struct NullDecisionSink: DecisionSink {
    /// A sink that keeps nothing.
    public init() {}

    /// Drops the lines.
    public func write(_ lines: [UInt8]) {}

    /// Always.
    public var isAccepting: Bool { true }
}
