import Base
import JSONText

/// Where a value stands: two values never start at the same byte of the same document.
struct SchemaLocation: Hashable {
    let document: ObjectIdentifier
    let offset: Int

    init(_ value: JSONValue) {
        document = ObjectIdentifier(value.document)
        offset = value.range.lowerBound
    }
}

/// A schema with a base URI of its own: a document, or a subschema with `$id`.
struct SchemaResource {
    let base: ByteString
    let root: JSONValue
    let dialect: Dialect
    var anchors: [ByteString: JSONValue] = [:]
}

/// All schemas that were read: which resource each belongs to, and what they are called.
///
/// Only places where the dialect has subschemas are looked at: a `$id` inside `const` or `enum` names nothing.
struct SchemaIndex {
    private(set) var resources: [SchemaResource] = []
    private var byURI: [ByteString: Int] = [:]
    private var resourceOf: [SchemaLocation: Int] = [:]
    private let registry: SchemaRegistry
    private let defaultDialect: Dialect
    private let limits: SchemaLimits
    /// Where every dynamic name was given, by resource.
    private(set) var dynamicAnchors: [ByteString: [Int: JSONValue]] = [:]
    /// Members looked at while following pointers.
    private var steps = 0

    init(registry: SchemaRegistry, dialect: SchemaDialect, limits: SchemaLimits) {
        self.registry = registry
        self.limits = limits
        defaultDialect = Dialect(dialect)
    }

    /// The resource a value belongs to, if it was read as a schema.
    func resource(of value: JSONValue) -> Int? {
        resourceOf[SchemaLocation(value)]
    }

    /// Reads a whole document; returns its resource.
    mutating func add(document root: JSONValue, uri: ByteString) throws(SchemaError) -> Int {
        let dialect = try dialect(of: root, inherited: defaultDialect)
        let resource = resources.count
        resources.append(SchemaResource(base: baseURI(of: root, dialect, against: uri), root: root, dialect: dialect))
        try register(uri, resource, at: root)
        if resources[resource].base != uri {
            try register(resources[resource].base, resource, at: root)
        }
        try add(root, to: resource)
        return resource
    }

    /// Reads a subschema that stands where none was expected, such as the target of a pointer into an unknown keyword.
    mutating func add(_ root: JSONValue, to resource: Int) throws(SchemaError) {
        var pending = [(root, resource)]
        while let (value, outer) = pending.popLast() {
            guard resourceOf[SchemaLocation(value)] == nil else {
                continue
            }
            guard resourceOf.count < limits.maximumSubschemas * 4 else {
                throw SchemaError(value.pointer, .tooManySubschemas)
            }
            let inner = try enter(value, from: outer)
            resourceOf[SchemaLocation(value)] = inner
            let start = pending.count
            resources[inner].dialect.forEachSubschema(of: value) { pending.append(($0, inner)) }
            // Last in, first out: reversed, so that the text's order decides which of two names is the duplicate.
            pending[start...].reverse()
        }
    }

    /// Notes what a subschema is called; the result is its own resource when it starts one.
    private mutating func enter(_ value: JSONValue, from outer: Int) throws(SchemaError) -> Int {
        guard value.kind == .object else {
            return outer
        }
        var resource = outer
        let isRoot = SchemaLocation(resources[outer].root) == SchemaLocation(value)
        let dialect = resources[outer].dialect
        // In draft 7 a reference hides everything beside it, the identifier too.
        if let id = value["$id"], !(dialect.version == .draft7 && value["$ref"] != nil) {
            let reference = try uriReference(id, .id)
            if let name = reference.fragment, !name.isEmpty {
                guard dialect.version == .draft7 else {
                    throw SchemaError(id.pointer, .invalidKeyword("$id"))
                }
                try addAnchor(URIReference.decoded(name), at: value, to: resource)
            }
            let isAnchorOnly = reference.fragment != nil && id.string?.slice.first == UInt8(ascii: "#")
            if !isRoot, !isAnchorOnly {
                resource = try addResource(value, reference, inside: outer)
            }
        }
        try addAnchors(of: value, to: resource)
        return resource
    }

    private mutating func addResource(
        _ value: JSONValue,
        _ id: URIReference,
        inside outer: Int
    ) throws(SchemaError) -> Int {
        let base = URIReference.resolve(id, against: resources[outer].base)
        let dialect = try dialect(of: value, inherited: resources[outer].dialect)
        resources.append(SchemaResource(base: base, root: value, dialect: dialect))
        try register(base, resources.count - 1, at: value)
        return resources.count - 1
    }

    private mutating func addAnchors(of value: JSONValue, to resource: Int) throws(SchemaError) {
        let version = resources[resource].dialect.version
        if version >= .draft201909, let anchor = value["$anchor"] {
            try addAnchor(try name(anchor, .anchor), at: value, to: resource)
        }
        if version == .draft202012, let anchor = value["$dynamicAnchor"] {
            let name = try name(anchor, .dynamicAnchor)
            try addAnchor(name, at: value, to: resource)
            dynamicAnchors[ByteString(name), default: [:]][resource] = value
        }
        if version == .draft201909, value["$recursiveAnchor"]?.boolean == true {
            // Means something at the root of a resource only, and is a dynamic anchor without a name there.
            if SchemaLocation(resources[resource].root) == SchemaLocation(value) {
                dynamicAnchors["", default: [:]][resource] = value
            }
        }
    }

    private func name(_ value: JSONValue, _ keyword: SchemaKeyword) throws(SchemaError) -> [UInt8] {
        guard let name = value.string?.bytes, !name.isEmpty else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return name
    }

    private mutating func addAnchor(_ name: [UInt8], at value: JSONValue, to resource: Int) throws(SchemaError) {
        let other = resources[resource].anchors.updateValue(value, forKey: ByteString(name))
        if let other, SchemaLocation(other) != SchemaLocation(value) {
            throw SchemaError(value.pointer, .duplicateIdentifier)
        }
    }

    private mutating func register(_ uri: ByteString, _ resource: Int, at value: JSONValue) throws(SchemaError) {
        guard byURI.updateValue(resource, forKey: uri) == nil else {
            throw SchemaError(value.pointer, .duplicateIdentifier)
        }
    }

    private func uriReference(_ value: JSONValue, _ keyword: SchemaKeyword) throws(SchemaError) -> URIReference {
        guard let text = value.string else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return URIReference(text.slice)
    }

    private func baseURI(of root: JSONValue, _ dialect: Dialect, against uri: ByteString) -> ByteString {
        guard let id = root["$id"]?.string, !(dialect.version == .draft7 && root["$ref"] != nil) else {
            return uri
        }
        return URIReference.resolve(URIReference(id.slice), against: uri)
    }

    /// The dialect a schema declares, or the one around it.
    private func dialect(of root: JSONValue, inherited: Dialect) throws(SchemaError) -> Dialect {
        guard let declaration = root["$schema"] else {
            return inherited
        }
        guard let uri = declaration.string else {
            throw SchemaError(declaration.pointer, .invalidKeyword("$schema"))
        }
        if let known = Dialect(uri: uri.slice) {
            return known
        }
        let name = URIReference.resolve(URIReference(uri.slice), against: "")
        guard let metaschema = registry.documents[name], let custom = Dialect(metaschema: metaschema) else {
            throw SchemaError(declaration.pointer, .unknownDialect)
        }
        return custom
    }
}

// MARK: - references

extension SchemaIndex {
    /// What a reference leads to.
    struct Target {
        let value: JSONValue
        let resource: Int
        /// The plain name it was found by, when it was.
        let anchor: ByteString?
    }

    /// Follows a reference from a resource; registered documents are read when they are first needed.
    mutating func resolve(_ text: JSONValue, _ keyword: SchemaKeyword, from origin: Int) throws(SchemaError) -> Target {
        let reference = try uriReference(text, keyword)
        let resource = try resource(for: reference, from: origin, at: text)
        guard let fragment = reference.fragment.map(URIReference.decoded), !fragment.isEmpty else {
            return Target(value: resources[resource].root, resource: resource, anchor: nil)
        }
        if fragment.first == UInt8(ascii: "/") {
            return try follow(fragment, from: resource, at: text)
        }
        let name = ByteString(fragment)
        guard let value = resources[resource].anchors[name] else {
            throw SchemaError(text.pointer, .unresolvedReference)
        }
        return Target(value: value, resource: resource, anchor: name)
    }

    private mutating func resource(
        for reference: URIReference,
        from origin: Int,
        at text: JSONValue
    ) throws(SchemaError) -> Int {
        let isLocal =
            reference.scheme == nil && reference.authority == nil && reference.path.isEmpty && reference.query == nil
        if isLocal {
            return origin
        }
        let uri = URIReference.resolve(reference, against: resources[origin].base)
        if let known = byURI[uri] {
            return known
        }
        guard let document = registry.documents[uri] else {
            throw SchemaError(text.pointer, .unresolvedReference)
        }
        return try add(document: document, uri: uri)
    }

    /// Walks a JSON Pointer through a resource, minding the resources it enters.
    private mutating func follow(
        _ pointer: [UInt8],
        from start: Int,
        at text: JSONValue
    ) throws(SchemaError) -> Target {
        var resource = start
        var value = resources[start].root
        guard let tokens = JSONPointer.tokens(of: pointer) else {
            throw SchemaError(text.pointer, .unresolvedReference)
        }
        for token in tokens {
            steps += value.count
            guard steps <= limits.maximumReferenceSteps else {
                throw SchemaError(text.pointer, .tooManySubschemas)
            }
            guard let next = value.child(token) else {
                throw SchemaError(text.pointer, .unresolvedReference)
            }
            value = next
            resource = self.resource(of: value) ?? resource
        }
        if self.resource(of: value) == nil {
            try add(value, to: resource)
            resource = self.resource(of: value) ?? resource
        }
        return Target(value: value, resource: resource, anchor: nil)
    }
}
