/// Every bound of the HTTP machines.
///
/// A value out of the documented range is brought into it.
public struct HTTPLimits: Hashable, Sendable {
    /// Most bytes of a head, from the first byte of the start line to the empty line (default 32 KiB).
    ///
    /// Beyond: 431.
    public var maximumHeadBytes: Int
    /// Most fields in one head (default 100, at most 250).
    ///
    /// Beyond: 431.
    public var maximumFieldCount: Int
    /// Most bytes of a request target (default 4 KiB).
    ///
    /// Beyond: 414.
    public var maximumTargetBytes: Int
    /// Most bytes of a body, however it is framed (default 4 MiB).
    ///
    /// Beyond: 413.
    public var maximumBodyBytes: Int
    /// Most bytes of a trailer section (default 4 KiB).
    ///
    /// Trailers are checked and dropped.
    public var maximumTrailerBytes: Int
    /// Most fields in a trailer section (default 16).
    public var maximumTrailerCount: Int
    /// Most interim (1xx) responses before the final one (default 8).
    public var maximumInterimResponses: Int

    /// The default bounds, with any of them replaced.
    public init(
        maximumHeadBytes: Int = 32 * 1024,
        maximumFieldCount: Int = 100,
        maximumTargetBytes: Int = 4 * 1024,
        maximumBodyBytes: Int = 4 * 1024 * 1024,
        maximumTrailerBytes: Int = 4 * 1024,
        maximumTrailerCount: Int = 16,
        maximumInterimResponses: Int = 8
    ) {
        // LIMIT: a head's offsets are kept in 32 bits and its field numbers in 8.
        self.maximumHeadBytes = min(max(maximumHeadBytes, 64), 16 * 1024 * 1024)
        self.maximumFieldCount = min(max(maximumFieldCount, 1), HTTPFields.capacity)
        self.maximumTargetBytes = max(maximumTargetBytes, 1)
        self.maximumBodyBytes = max(maximumBodyBytes, 0)
        self.maximumTrailerBytes = min(max(maximumTrailerBytes, 2), 1024 * 1024)
        self.maximumTrailerCount = min(max(maximumTrailerCount, 0), HTTPFields.capacity)
        self.maximumInterimResponses = max(maximumInterimResponses, 0)
    }

    /// The bounds a server starts from.
    public static let `default` = HTTPLimits()

    /// The bounds a client starts from: a body has no end of its own here, because a stream may run for days.
    public static let response = HTTPLimits(maximumHeadBytes: 64 * 1024, maximumBodyBytes: .max)
}
