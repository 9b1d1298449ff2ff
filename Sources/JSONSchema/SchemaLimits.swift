/// How large a schema may be and how long judging a value may take (security.md, E7).
///
/// Of the 7,673 published tool schemas in the corpora the largest has 53 KB.
public struct SchemaLimits: Sendable, Equatable {
    /// Subschemas that are compiled, those reached by reference included.
    public var maximumSubschemas: Int
    /// Different regular expressions in one schema; each may hold up to 1 MiB while it matches.
    public var maximumPatterns: Int
    /// Members looked at while references are followed.
    public var maximumReferenceSteps: Int
    /// Steps for judging a value of no size; a step is one subschema, one member or 16 bytes compared.
    public var baseSteps: Int
    /// Steps more for each byte of the value.
    public var stepsPerByte: Int
    /// Steps for the largest values.
    public var maximumSteps: Int
    /// Subschemas inside each other while judging; never more than 512.
    public var maximumDepth: Int

    /// Limits for schemas of unknown origin.
    public init(
        maximumSubschemas: Int = 10_000,
        maximumPatterns: Int = 200,
        maximumReferenceSteps: Int = 10_000_000,
        baseSteps: Int = 32_768,
        stepsPerByte: Int = 16,
        maximumSteps: Int = 4_000_000,
        maximumDepth: Int = 512
    ) {
        self.maximumSubschemas = maximumSubschemas
        self.maximumPatterns = maximumPatterns
        self.maximumReferenceSteps = maximumReferenceSteps
        self.baseSteps = baseSteps
        self.stepsPerByte = stepsPerByte
        self.maximumSteps = maximumSteps
        self.maximumDepth = maximumDepth
    }

    /// 10,000 subschemas, 200 patterns, 32,768 steps and 16 a byte, at most four million.
    public static let `default` = SchemaLimits()

    /// The steps for judging a value of `count` bytes.
    func steps(forBytes count: Int) -> Int {
        let (extra, overflow) = count.multipliedReportingOverflow(by: stepsPerByte)
        guard !overflow, extra < maximumSteps else {
            return maximumSteps
        }
        return Swift.min(baseSteps + extra, maximumSteps)
    }
}
