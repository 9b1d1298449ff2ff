public import Base

/// One thing that is different between two policies, and what it does to calls.
public struct PolicyChange: Sendable, Hashable {
    /// What it does; stable names for machines.
    public enum Effect: String, Sendable, Hashable, CaseIterable {
        /// Calls that were refused or hidden are let through.
        case newlyAllowed = "newly-allowed"
        /// Calls that were let through are refused or hidden.
        case newlyDenied = "newly-denied"
        /// Calls that only went through are counted, or fewer of them fit.
        case newlyLimited = "newly-limited"
        /// More calls fit, or they are no longer counted.
        case lessLimited = "less-limited"
        /// A person has to agree.
        case newlyApproved = "newly-needs-approval"
        /// No person has to agree any more.
        case lessApproved = "no-longer-needs-approval"
        /// Some calls may be newly allowed and others newly denied.
        case mixed = "mixed"
        /// No call is decided differently: texts, labels, what is recorded or shown.
        case wording = "no-decision-changes"
    }

    /// What it does to calls.
    public let effect: Effect
    /// Where the new document says so; where the old one did, for what is gone.
    public let pointer: String
    /// The names it is about, when tools were given.
    public let tools: [ByteString]
    /// What is different, for people.
    public let sentence: String
}
