public import JSONText

/// A compiled JSON Schema: 2020-12, 2019-09 or draft-07, all assertion keywords, `format` not asserted.
///
/// Compiling and judging are bounded whatever the schema and the value say, and nothing is ever fetched: schemas come
/// from upstreams, which are hostile until proven otherwise (security.md, E7). May be used on many threads at once.
public struct Schema: Sendable {
    private let program: SchemaProgram

    /// Compiles a schema.
    ///
    /// `dialect` holds where there is no `$schema`. References may lead into the schema itself and to `registry`.
    ///
    /// - Throws: ``SchemaError`` for what is no schema of its dialect, for references that lead outside, for patterns
    ///   that cannot be matched in linear time, and for schemas beyond `limits`.
    public init(
        _ document: JSONValue,
        registry: SchemaRegistry = .none,
        dialect: SchemaDialect = .draft202012,
        limits: SchemaLimits = .default
    ) throws(SchemaError) {
        var compiler = SchemaCompiler(registry: registry, dialect: dialect, limits: limits)
        program = try compiler.compile(document)
    }

    /// The first violation, `nil` for a valid value.
    ///
    /// Numbers are compared by exact decimal value. When the steps granted for the value's size do not suffice, that is
    /// a violation of `(limit)`.
    public func validate(_ value: JSONValue) -> SchemaViolation? {
        value.withCursor { validate($0, in: value.document) }
    }

    /// The first violation, `nil` for a valid value; `document` must be the one the value stands in.
    ///
    /// As ``validate(_:)``, for who has a cursor already.
    public func validate(_ value: JSONCursor, in document: JSONDocument) -> SchemaViolation? {
        var validator = Validator(program, document)
        return validator.violation(of: value)
    }
}
