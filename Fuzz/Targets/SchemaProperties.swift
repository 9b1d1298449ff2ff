import JSONSchema
import JSONText

/// What holds for any schema and any values: a text `[schema, value, …]`.
enum SchemaProperties {
    static func check(_ bytes: [UInt8]) {
        guard let document = read(bytes), let source = document.root.element(at: 0), let schema = compile(source) else {
            return
        }
        guard let canonical = read(JSONCanonical.exact(source)), let same = compile(canonical.root) else {
            preconditionFailure("a schema in its canonical form is none")
        }
        for value in document.root.elements.dropFirst().prefix(8) {
            let verdict = schema.validate(value)
            precondition(verdict == schema.validate(value), "the same value is judged in two ways")
            guard let spelled = read(JSONCanonical.exact(value)) else {
                preconditionFailure("a canonical form is refused")
            }
            // The shorter spelling has fewer steps, and the order of members says which violation comes first.
            let others = [schema.validate(spelled.root), same.validate(value)]
            guard ([verdict] + others).allSatisfy({ $0?.keyword != "(limit)" }) else {
                continue
            }
            precondition(others.allSatisfy { ($0 == nil) == (verdict == nil) }, "the spelling decides")
        }
    }

    private static func read(_ bytes: [UInt8]) -> JSONDocument? {
        do {
            return try JSONDocument(bytes)
        } catch {
            return nil
        }
    }

    private static func compile(_ source: JSONValue) -> Schema? {
        do {
            return try Schema(source)
        } catch {
            precondition(!error.description.isEmpty)
            return nil
        }
    }
}
