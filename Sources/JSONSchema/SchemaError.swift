/// Why a schema cannot be compiled.
///
/// Every call of its tool is then denied (policy-language.md, section 3, step 6).
public enum SchemaErrorReason: Error, Hashable, Sendable {
    /// Neither an object nor a boolean stands where a schema should.
    case notASchema
    /// A value that this keyword cannot have.
    case invalidKeyword(String)
    /// A `$schema` that is no dialect known here, or a vocabulary that is required and unknown.
    case unknownDialect
    /// A reference to something that is not in the schema. Nothing is ever fetched.
    case unresolvedReference
    /// Two subschemas with the same identifier or anchor.
    case duplicateIdentifier
    /// References that lead back to themselves without going deeper into the value.
    case endlessReference
    /// A regular expression that RE2 cannot match exactly as ECMA-262 means it, or that is too large.
    case unsupportedPattern
    /// More subschemas than allowed.
    case tooManySubschemas
    /// More regular expressions than allowed.
    case tooManyPatterns
}

/// Where and why compiling stopped.
public struct SchemaError: Error, Hashable, Sendable {
    /// Where in its document, as a JSON Pointer.
    public let pointer: String
    /// What it is.
    public let reason: SchemaErrorReason

    init(_ pointer: String, _ reason: SchemaErrorReason) {
        self.pointer = pointer
        self.reason = reason
    }
}

extension SchemaError: CustomStringConvertible {
    /// One line for whoever looks after the server; the pointer is the upstream's text.
    public var description: String { "\(reason) at `#\(pointer)`" }
}

extension SchemaErrorReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .notASchema: "not a schema: an object or a boolean is needed"
        case .invalidKeyword(let name): "a value that `\(name)` cannot have"
        case .unknownDialect: "an unknown dialect or vocabulary; use 2020-12, 2019-09 or draft-07"
        case .unresolvedReference: "a reference to something outside the schema"
        case .duplicateIdentifier: "an identifier that is already taken"
        case .endlessReference: "a reference that leads back to itself"
        case .unsupportedPattern: "a regular expression that cannot be matched in linear time"
        case .tooManySubschemas: "too many subschemas"
        case .tooManyPatterns: "too many regular expressions"
        }
    }
}
