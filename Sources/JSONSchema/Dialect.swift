import Base
import JSONText

/// A published version of JSON Schema.
public enum SchemaDialect: Int, Sendable, Comparable {
    /// Draft 7.
    case draft7
    /// Draft 2019-09.
    case draft201909
    /// Draft 2020-12, which is what a schema without `$schema` is.
    case draft202012

    /// Age.
    public static func < (left: SchemaDialect, right: SchemaDialect) -> Bool { left.rawValue < right.rawValue }
}

/// A dialect and which of its keywords assert anything.
struct Dialect {
    var version: SchemaDialect
    var hasApplicators = true
    var hasValidation = true
    var hasUnevaluated = true

    init(_ version: SchemaDialect) {
        self.version = version
    }

    /// The dialect that a `$schema` names; `nil` for any other URI.
    ///
    /// A trailing `#` and `http` or `https` are the same.
    init?(uri: ArraySlice<UInt8>) {
        var name = uri.last == UInt8(ascii: "#") ? uri.dropLast() : uri
        if name.hasPrefix("https:") {
            name = name.dropFirst(6)
        } else if name.hasPrefix("http:") {
            name = name.dropFirst(5)
        }
        if name.isEqual(to: "//json-schema.org/draft/2020-12/schema") {
            self.init(.draft202012)
        } else if name.isEqual(to: "//json-schema.org/draft/2019-09/schema") {
            self.init(.draft201909)
        } else if name.isEqual(to: "//json-schema.org/draft-07/schema") {
            self.init(.draft7)
        } else {
            return nil
        }
    }

    /// The dialect a meta-schema describes by its `$vocabulary`; `nil` when it requires one that is unknown here.
    init?(metaschema: JSONValue) {
        guard let uri = metaschema["$schema"]?.string?.slice, let parent = Dialect(uri: uri) else {
            return nil
        }
        self = parent
        guard let vocabularies = metaschema["$vocabulary"], vocabularies.kind == .object else {
            return
        }
        hasApplicators = false
        hasValidation = false
        hasUnevaluated = false
        for member in vocabularies.members {
            let name = member.key.slice
            guard let slash = name.lastIndex(of: UInt8(ascii: "/")), name.hasPrefix("https://json-schema.org/draft/20")
            else {
                if member.value.boolean != false {
                    return nil
                }
                continue
            }
            let isKnown = enable(vocabulary: name[(slash + 1)...])
            if !isKnown, member.value.boolean != false {
                return nil
            }
        }
    }

    /// Turns on what one vocabulary brings; false when it is unknown.
    private mutating func enable(vocabulary name: ArraySlice<UInt8>) -> Bool {
        if name.isEqual(to: "applicator") {
            hasApplicators = true
            // In 2019-09 the unevaluated keywords belong to the applicators.
            hasUnevaluated = hasUnevaluated || version == .draft201909
        } else if name.isEqual(to: "validation") {
            hasValidation = true
        } else if name.isEqual(to: "unevaluated") {
            hasUnevaluated = true
        } else {
            let silent: [StaticString] = ["core", "meta-data", "content", "format", "format-annotation"]
            return silent.contains { name.isEqual(to: $0) }
        }
        return true
    }
}
