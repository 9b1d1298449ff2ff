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

    private final class Facts: Sendable {
        let name: ByteString
        let definition: JSONValue
        let digest: [UInt8]
        let inputSchema: JSONValue?
        let schema: InputSchema
        let schemaWalk: SchemaWalk
        let declaredArguments: DeclaredArguments

        init(name: ByteString, definition: JSONValue) {
            self.name = name
            self.definition = definition
            digest = SHA256.digest(JSONCanonical.exact(definition))
            inputSchema = definition["inputSchema"]
            schema = InputSchema(inputSchema)
            schemaWalk = SchemaWalk(inputSchema)
            declaredArguments = DeclaredArguments(inputSchema)
        }
    }

    private let facts: Facts
    /// The class recorded when a person accepted the definition.
    public var toolClass: ToolClass?
    /// The severity recorded with it.
    public var severity: ToolSeverity?
    /// How it stands now.
    public var standing: Standing

    /// The exact name.
    public var name: ByteString { facts.name }
    /// The whole element of `tools/list`.
    public var definition: JSONValue { facts.definition }
    /// SHA-256 of the definition's exact canonical form: what a pin is.
    public var digest: [UInt8] { facts.digest }
    /// Its `inputSchema`.
    var inputSchema: JSONValue? { facts.inputSchema }
    var schema: InputSchema { facts.schema }
    var schemaWalk: SchemaWalk { facts.schemaWalk }
    var declaredArguments: DeclaredArguments { facts.declaredArguments }

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
        facts = Facts(name: ByteString(name.bytes), definition: definition)
        self.toolClass = toolClass
        self.severity = severity
        self.standing = standing
    }

    /// Whether the schema could not be compiled or refers outside itself.
    public var hasUnusableSchema: Bool { schema.isUnusable }
}
