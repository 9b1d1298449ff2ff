public import Base
public import JSONText

/// Why a tool's `x-mcp-header` annotations are invalid; such a tool is left out of the catalogue (MC-04).
public enum AnnotationFault: Error, Sendable, Hashable {
    /// The name is not text, empty, too long, or not an HTTP token.
    case name
    /// Two annotations give the same name, case aside.
    case duplicate
    /// The property is neither string nor integer nor boolean.
    case type
    /// The property cannot be reached from the root through `properties` alone.
    case position
    /// More annotations, or a larger schema, than we read.
    case tooLarge
}

/// The arguments of one tool that its schema wants mirrored as `Mcp-Param-*` (26/http, SEP-2243).
public struct ParameterHeaders: Sendable, Hashable {
    /// One mirrored argument.
    public struct Entry: Sendable, Hashable {
        /// The name behind `Mcp-Param-`, as annotated.
        public let name: ByteString
        /// The same in lower case, for comparing.
        let lowered: ByteString
        /// The keys from the arguments object down.
        public let path: [ByteString]

        /// The whole field name, as it is sent.
        public var fieldName: [UInt8] {
            var text: [UInt8] = []
            text.reserveCapacity(10 + name.count)
            text.append("Mcp-Param-")
            text.append(contentsOf: name.bytes)
            return text
        }
    }

    /// The mirrored arguments, in the schema's order.
    public let entries: [Entry]

    /// No mirrored arguments.
    public static let none = ParameterHeaders(entries: [])

    private init(entries: [Entry]) {
        self.entries = entries
    }

    /// Whether the tool has none.
    public var isEmpty: Bool { entries.isEmpty }

    /// Collects and checks the annotations of an `inputSchema`.
    ///
    /// Linear in the schema.
    public init(inputSchema: JSONValue, limits: MCPLimits = .standard) throws(AnnotationFault) {
        var walk = AnnotationWalk(limits: limits)
        try walk.run(inputSchema)
        entries = walk.entries
    }

    /// Compares the fields of a request with its arguments (MS-15): present exactly when the argument is neither absent
    /// nor null, and equal; numbers by value (MS-16).
    ///
    /// - Returns: how many fields the schema does not declare; they are dropped, never used in a decision (A8).
    @discardableResult
    public func check(
        _ headers: [ParameterHeader],
        arguments: JSONValue?,
        limits: MCPLimits = .standard
    ) throws(HeaderFault) -> Int {
        guard headers.count <= limits.maximumParameterHeaders else {
            throw .tooMany
        }
        var declared = 0
        for entry in entries {
            var found: ArraySlice<UInt8>?
            for header in headers where header.name == entry.lowered {
                guard found == nil else {
                    throw .duplicated(field: ByteString(entry.fieldName))
                }
                found = header.value
                declared += 1
            }
            try check(found, entry, arguments)
        }
        return headers.count - declared
    }

    private func check(
        _ value: ArraySlice<UInt8>?,
        _ entry: Entry,
        _ arguments: JSONValue?
    ) throws(HeaderFault) {
        let field = ByteString(entry.fieldName)
        guard let argument = ParameterHeaders.argument(entry.path, in: arguments) else {
            guard value == nil else {
                throw .unexpected(field: field)
            }
            return
        }
        if argument.kind == .array || argument.kind == .object {
            // They have no text form: nothing can be equal to them. The schema refuses them later, in words.
            guard value == nil else {
                throw .mismatched(field: field)
            }
            return
        }
        guard let value else {
            throw .missing(field: field)
        }
        guard let text = HeaderValue.decoded(value) else {
            throw .malformed(field: field)
        }
        let isEqual =
            switch argument.kind {
            case .string: argument.string?.isEqual(to: text) ?? false
            case .boolean: text.isEqual(to: argument.boolean == true ? "true" : "false")
            case .number: ExactDecimal(lexeme: text.span).map { $0 == argument.number?.decimal } ?? false
            case .null, .array, .object: false
            }
        guard isEqual else {
            throw .mismatched(field: field)
        }
    }

    /// The fields to send with `arguments`, computed from the very values that go into the body (MC-03).
    ///
    /// - Throws: when a value is too long for a header field.
    public func fields(
        for arguments: JSONValue?,
        limits: MCPLimits = .standard
    ) throws(HeaderFault) -> [OutgoingHeader] {
        var fields: [OutgoingHeader] = []
        for entry in entries {
            guard let argument = ParameterHeaders.argument(entry.path, in: arguments) else {
                continue
            }
            guard let text = ParameterHeaders.text(of: argument) else {
                continue
            }
            let value = HeaderValue.encoded(text)
            guard value.count <= limits.maximumHeaderValueBytes else {
                throw .malformed(field: ByteString(entry.fieldName))
            }
            fields.append(OutgoingHeader(name: entry.fieldName, value: value))
        }
        return fields
    }

    /// The argument at a path; `nil` when absent, null, or below something that is no object.
    private static func argument(_ path: [ByteString], in arguments: JSONValue?) -> JSONValue? {
        guard var value = arguments else {
            return nil
        }
        for key in path {
            guard let next = value.member(key.bytes) else {
                return nil
            }
            value = next
        }
        return value.isNull ? nil : value
    }

    private static func text(of argument: JSONValue) -> [UInt8]? {
        switch argument.kind {
        case .string: argument.string?.bytes
        case .boolean: Array((argument.boolean == true ? "true" : "false").utf8)
        case .number: argument.number.map { ParameterHeaders.digits($0) }
        case .null, .array, .object: nil
        }
    }

    /// Whole numbers without exponent and fraction, as receivers read them; anything else as it was written.
    private static func digits(_ number: JSONNumber) -> [UInt8] {
        if let whole = number.int {
            var text: [UInt8] = []
            text.append(decimal: whole)
            return text
        }
        return Array(number.lexeme)
    }
}

/// A field of an upstream request, ready to be sent.
public struct OutgoingHeader: Sendable, Hashable {
    /// The name as it is sent.
    public let name: [UInt8]
    /// The value, visible ASCII.
    public let value: [UInt8]
}

/// Walks a schema once, with an own stack, and knows of every object whether it is a schema that `properties` alone
/// lead to.
private struct AnnotationWalk {
    private struct Step {
        let schema: JSONValue
        /// The keys from the root; `nil` when the way here used another keyword than `properties`.
        let path: [ByteString]?
    }

    private let limits: MCPLimits
    private var pending: [Step] = []
    private var seen = 0
    private(set) var entries: [ParameterHeaders.Entry] = []

    init(limits: MCPLimits) {
        self.limits = limits
    }

    mutating func run(_ schema: JSONValue) throws(AnnotationFault) {
        pending = [Step(schema: schema, path: [])]
        while let step = pending.popLast() {
            try visit(step)
        }
        // The stack turns the order around; the schema's own order is kept for deterministic headers.
        entries.reverse()
    }

    private mutating func visit(_ step: Step) throws(AnnotationFault) {
        seen += 1
        guard seen <= limits.maximumSchemaNodes else {
            throw .tooLarge
        }
        for member in step.schema.members {
            if member.key.isEqual(to: "x-mcp-header") {
                try annotate(member.value, step)
            } else if member.key.isEqual(to: "properties") {
                for property in member.value.members {
                    let path = step.path.map { $0 + [ByteString(property.key.bytes)] }
                    pending.append(Step(schema: property.value, path: path))
                }
            } else if AnnotationWalk.holdsNamedSchemas(member.key) {
                for named in member.value.members {
                    pending.append(Step(schema: named.value, path: nil))
                }
            } else if !AnnotationWalk.holdsValues(member.key) {
                appendSchemas(in: member.value)
            }
        }
    }

    private mutating func appendSchemas(in value: JSONValue) {
        switch value.kind {
        case .object:
            pending.append(Step(schema: value, path: nil))
        case .array:
            for element in value.elements where element.kind == .object {
                pending.append(Step(schema: element, path: nil))
            }
        default:
            break
        }
    }

    private mutating func annotate(_ value: JSONValue, _ step: Step) throws(AnnotationFault) {
        guard let path = step.path, !path.isEmpty else {
            throw .position
        }
        guard let name = value.string?.bytes, (1...256).contains(name.count), name.allSatisfy(\.isTokenByte) else {
            throw .name
        }
        let type = step.schema["type"]?.string
        let mirrored: [StaticString] = ["string", "integer", "boolean"]
        guard let type, mirrored.contains(where: { type.isEqual(to: $0) }) else {
            throw .type
        }
        let lowered = ByteString(name.map(\.asciiLowered))
        guard !entries.contains(where: { $0.lowered == lowered }) else {
            throw .duplicate
        }
        guard entries.count < limits.maximumAnnotations else {
            throw .tooLarge
        }
        entries.append(ParameterHeaders.Entry(name: ByteString(name), lowered: lowered, path: path))
    }

    /// Keywords whose members are schemas under names of the author's choice.
    private static func holdsNamedSchemas(_ key: JSONString) -> Bool {
        let keywords: [StaticString] = ["patternProperties", "$defs", "definitions", "dependentSchemas"]
        return keywords.contains { key.isEqual(to: $0) }
    }

    /// Keywords whose value is data and no schema.
    private static func holdsValues(_ key: JSONString) -> Bool {
        let keywords: [StaticString] = ["const", "enum", "default", "examples"]
        return keywords.contains { key.isEqual(to: $0) }
    }
}

extension UInt8 {
    /// Whether the byte may stand in an HTTP token (RFC 9110, section 5.6.2).
    var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
