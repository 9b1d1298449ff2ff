/// How much of everything the reader takes before it refuses a document (security.md, H2); checked while reading.
public struct JSONLimits: Sendable, Equatable {
    /// Bytes of the whole document; never more than 1 GiB.
    public var maximumBytes: Int
    /// Arrays and objects inside each other, the outermost counting 1; never more than 1,000.
    ///
    /// The default of 66 gives the arguments of a call, which stand two levels below the request, the 64 that the policy
    /// language grants them (section 2).
    public var maximumDepth: Int
    /// Digits of one number, those of its exponent included.
    public var maximumNumberDigits: Int
    /// Bytes of one string or key as written, between its quotes.
    public var maximumStringBytes: Int
    /// Values and keys of the whole document.
    ///
    /// Each costs 16 bytes of memory while the document lives; never more than 2^27.
    public var maximumNodes: Int

    /// Whether duplicate keys and escaped U+0000 pass, as the grammar alone would have it: for measuring the reader against
    /// public suites, never for anything that is judged.
    package var isGrammarOnly = false

    /// Limits for one kind of document.
    public init(
        maximumBytes: Int = 4 << 20,
        maximumDepth: Int = 66,
        maximumNumberDigits: Int = 1_000,
        maximumStringBytes: Int = 4 << 20,
        maximumNodes: Int = 500_000
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumNumberDigits = maximumNumberDigits
        self.maximumStringBytes = maximumStringBytes
        self.maximumNodes = maximumNodes
    }

    /// What the reader's own structures can bear, whatever was asked for.
    var clamped: JSONLimits {
        var limits = self
        limits.maximumBytes = Swift.min(maximumBytes, 1 << 30)
        limits.maximumDepth = Swift.min(maximumDepth, 1_000)
        limits.maximumNodes = Swift.min(maximumNodes, 1 << 27)
        return limits
    }

    /// 4 MiB, 66 levels, numbers of 1,000 digits, half a million values.
    public static let `default` = JSONLimits()
}
