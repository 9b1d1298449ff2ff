/// Why a definition is suspect.
public struct PoisonFinding: Sendable, Hashable {
    /// The reasons, as programs read them.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Tells the model to set other instructions aside.
        case overridesInstructions = "overrides-instructions"
        /// Asks to keep something from the user.
        case secrecy = "secrecy"
        /// Names a place where secrets lie, and what to do with them.
        case credentialPath = "credential-path"
        /// Tells the model to carry data away.
        case exfiltration = "exfiltration"
        /// Steers other tools or other servers.
        case otherTools = "other-tools"
        /// Poses as the system, or gives the model a new part.
        case roleChange = "role-change"
        /// Says that consent is there or not needed.
        case consent = "consent"
        /// Has the model run a command.
        case runsCommand = "runs-command"
        /// Mark-up that speaks to a model, or that hides.
        case markup = "markup"
        /// Characters that are not seen.
        case invisible = "invisible-characters"
        /// Characters that turn the direction of writing.
        case bidirectional = "bidirectional-characters"
        /// Control characters, as terminals obey them.
        case control = "control-characters"
        /// Text pushed out of sight by white space.
        case farAway = "hidden-by-space"
        /// A long encoded text.
        case encoded = "encoded-text"
        /// A name of letters that look like others, or almost that of another tool.
        case lookAlike = "look-alike-name"
        /// A schema that costs more than it says.
        case schemaBomb = "schema-bomb"
    }

    /// Which.
    public let code: Code
    /// The exact words, cut to 160 bytes; what is not seen is written as `\u{…}`.
    public let quote: String
    /// Where they stand: a JSON Pointer into the definition.
    public let source: String
    /// What they do, for a person.
    public var says: String {
        switch code {
        case .overridesInstructions: "tells the model to set its instructions aside"
        case .secrecy: "asks to keep something from the user"
        case .credentialPath: "points at a place where secrets lie"
        case .exfiltration: "tells the model to carry data away"
        case .otherTools: "steers how other tools are used"
        case .roleChange: "poses as the system, or gives the model a new part"
        case .consent: "says that consent is given or not needed"
        case .runsCommand: "has the model run a command"
        case .markup: "has mark-up that speaks to a model or hides text"
        case .invisible: "has characters that are not seen"
        case .bidirectional: "has characters that turn the direction of writing"
        case .control: "has control characters, which terminals obey"
        case .farAway: "has text pushed out of sight"
        case .encoded: "has a long encoded text"
        case .lookAlike: "has a name that looks like another"
        case .schemaBomb: "has a schema that costs more than it says"
        }
    }
}
