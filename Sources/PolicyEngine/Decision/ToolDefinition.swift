public import Base
import Cryptography
public import JSONText

/// A tool as its server describes it and as a person accepted it.
///
/// Made once per definition, shared by all calls: the schema is compiled here.
public struct ToolDefinition: Sendable {
    /// How the definition stands against what was accepted (policy-language.md, section 3, step 4).
    public enum Standing: Sendable, Hashable {
        /// As it was when it was pinned.
        case pinned
        /// Changed since.
        case changed
        /// It appeared after the server was accepted.
        case new
    }

    /// The exact name.
    public let name: ByteString
    /// The whole element of `tools/list`.
    public let definition: JSONValue
    /// SHA-256 of the definition's exact canonical form: what a pin is.
    public let digest: [UInt8]
    /// The class recorded when a person accepted the definition.
    public var toolClass: ToolClass?
    /// The severity recorded with it.
    public var severity: ToolSeverity?
    /// How it stands now.
    public var standing: Standing
    /// Its `inputSchema`, for defaults and declared names.
    let inputSchema: JSONValue?
    let schema: InputSchema
    let declaredArguments: DeclaredArguments

    /// Reads one element of `tools/list`; `nil` when it is not an object with a text `name`.
    public init?(
        _ definition: JSONValue,
        toolClass: ToolClass? = nil,
        severity: ToolSeverity? = nil,
        standing: Standing = .pinned
    ) {
        guard let name = definition["name"]?.string else {
            return nil
        }
        self.name = ByteString(name.bytes)
        self.definition = definition
        digest = SHA256.digest(JSONCanonical.exact(definition))
        self.toolClass = toolClass
        self.severity = severity
        self.standing = standing
        inputSchema = definition["inputSchema"]
        schema = InputSchema(inputSchema)
        declaredArguments = DeclaredArguments(inputSchema)
    }

    /// Whether the schema could not be compiled or refers outside itself.
    public var hasUnusableSchema: Bool { schema.isUnusable }
}
