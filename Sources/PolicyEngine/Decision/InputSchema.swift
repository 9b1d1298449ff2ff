import Base
import JSONSchema
import JSONText

/// What became of a tool's `inputSchema`, and whether arguments satisfy it (policy-language.md, section 3, step 6).
enum InputSchema: Sendable {
    /// There is none: nothing to satisfy.
    case absent
    case compiled(Schema)
    /// It cannot be judged, so every call is denied.
    case unusable

    init(_ value: JSONValue?) {
        guard let value else {
            self = .absent
            return
        }
        do throws(SchemaError) {
            self = .compiled(try Schema(value))
        } catch {
            self = .unusable
        }
    }

    var isUnusable: Bool {
        guard case .unusable = self else {
            return false
        }
        return true
    }

    /// What the schema has against the arguments, as a sentence.
    func problem(of arguments: JSONValue?) -> String? {
        switch self {
        case .absent: return nil
        case .unusable: return Sentences.unusableSchema
        case .compiled(let schema):
            guard let violation = schema.validate(arguments ?? EmptyObject.value) else {
                return nil
            }
            return Sentences.schema(path: violation.instancePath, keyword: violation.keyword)
        }
    }
}

/// Which members of the arguments object a schema knows, for `closed`: those in `properties` and those matched by
/// `patternProperties`, through local `$ref`.
struct DeclaredArguments: Sendable {
    private let names: Set<ByteString>
    /// Refuses what no pattern matches; `nil` when there are no patterns or they cannot be used, which refuses more.
    private let patterns: Schema?

    init(_ schema: JSONValue?) {
        var names: Set<ByteString> = []
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("additionalProperties")
        writer.boolean(false)
        writer.key("patternProperties")
        writer.beginObject()
        var patterns: Set<ByteString> = []
        for view in SchemaWalk(schema).views(of: schema) {
            for member in view["properties"]?.members ?? EmptyObject.value.members {
                names.insert(ByteString(member.key.bytes))
            }
            for member in view["patternProperties"]?.members ?? EmptyObject.value.members
            where patterns.insert(ByteString(member.key.bytes)).inserted {
                writer.key(member.key.bytes)
                writer.boolean(true)
            }
        }
        writer.endObject()
        writer.endObject()
        self.names = names
        self.patterns = patterns.isEmpty ? nil : Self.compiled(writer.output)
    }

    private static func compiled(_ text: [UInt8]) -> Schema? {
        do {
            return try Schema(try JSONDocument(text).root)
        } catch {
            return nil
        }
    }

    /// The first member that is not declared; `nil` when all are.
    func firstUndeclared(of arguments: JSONValue) -> ByteString? {
        for member in arguments.members {
            let key = ByteString(member.key.bytes)
            guard !names.contains(key), !isMatched(key) else {
                continue
            }
            return key
        }
        return nil
    }

    /// Whether a pattern matches the key: an object of it alone is asked.
    private func isMatched(_ key: ByteString) -> Bool {
        guard let patterns else {
            return false
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(key.bytes)
        writer.null()
        writer.endObject()
        do throws(JSONError) {
            return patterns.validate(try JSONDocument(writer.output).root) == nil
        } catch {
            return false
        }
    }
}

/// `{}`, which absent arguments stand for.
enum EmptyObject {
    /// Made once; the literal is JSON, so the other branch is never taken.
    private static let document: JSONDocument? = {
        do throws(JSONError) {
            return try JSONDocument(Array("{}".utf8))
        } catch {
            return nil
        }
    }()

    static var value: JSONValue {
        guard let document else {
            preconditionFailure("the literal {} is JSON")
        }
        return document.root
    }
}
