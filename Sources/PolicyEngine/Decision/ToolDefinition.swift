public import Base
import Cryptography
public import JSONText
import Synchronization

/// A tool as its server describes it and as a person accepted it.
///
/// Made once per definition, shared by all calls: the schema is compiled once, when it is first needed, or here when it is
/// large. A server may have thousands of tools of which nobody calls more than a few.
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
        private let prepared = AtomicLazyReference<Prepared>()

        init(name: ByteString, definition: JSONValue) {
            self.name = name
            self.definition = definition
            digest = SHA256.digest(JSONCanonical.exact(definition))
            inputSchema = definition["inputSchema"]
            if (inputSchema?.range.count ?? 0) > Facts.largeSchema {
                _ = arguments
            }
        }

        /// What judging needs of the schema; from any thread, the first one's counts.
        var arguments: Prepared {
            prepared.load() ?? prepared.storeIfNil(Prepared(inputSchema))
        }

        /// Schemas of more bytes are compiled where definitions are read and not on the path of a call.
        private static let largeSchema = 4 << 10
    }

    private final class Prepared: Sendable {
        let schema: InputSchema
        let walk: SchemaWalk
        let declared: DeclaredArguments

        init(_ inputSchema: JSONValue?) {
            schema = InputSchema(inputSchema)
            walk = SchemaWalk(inputSchema)
            declared = DeclaredArguments(inputSchema)
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
    var schema: InputSchema { facts.arguments.schema }
    var schemaWalk: SchemaWalk { facts.arguments.walk }
    var declaredArguments: DeclaredArguments { facts.arguments.declared }

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
