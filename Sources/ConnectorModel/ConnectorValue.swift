public import Base
public import JSONText

/// One value as templates see it: JSON, detached from the text it was read from.
///
/// Numbers keep their spelling, so that what the agent wrote is what the API gets.
public indirect enum ConnectorValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number, by its lexeme in JSON's grammar.
    case number(ByteString)
    /// Text, valid UTF-8.
    case text(ByteString)
    /// Values in order.
    case list([ConnectorValue])
    /// Members in order; no two have the same key.
    case object([ConnectorMember])
}

/// A key and its value.
public struct ConnectorMember: Sendable {
    /// The key.
    public var key: ByteString
    /// The value.
    public var value: ConnectorValue

    /// A member from its parts.
    public init(_ key: ByteString, _ value: ConnectorValue) {
        self.key = key
        self.value = value
    }
}

extension ConnectorValue {
    /// A copy of a value that was read; recursion is as deep as the reader's limit.
    public init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .boolean: self = .boolean(value.boolean == true)
        case .number: self = .number(ByteString(value.rawBytes))
        case .string: self = .text(ByteString(value.string?.bytes ?? []))
        case .array: self = .list(value.elements.map { ConnectorValue($0) })
        case .object:
            self = .object(value.members.map { ConnectorMember(ByteString($0.key.bytes), ConnectorValue($0.value)) })
        }
    }

    /// A whole number.
    public init(_ number: Int) {
        self = .number(ByteString(String(number)))
    }

    /// Text.
    public init(_ text: String) {
        self = .text(ByteString(text))
    }

    /// An exact number in canonical spelling.
    public init(_ decimal: ExactDecimal) {
        self = .number(ByteString(decimal.text))
    }

    /// The shortest number that reads back as `value`; 0 for what is no number.
    init(double value: Double) {
        self.init(ExactDecimal(shortestOf: value) ?? .zero)
    }

    /// The member with this key.
    public subscript(key: ByteString) -> ConnectorValue? {
        guard case .object(let members) = self else {
            return nil
        }
        return members.first { $0.key == key }?.value
    }

    /// The value a JSON Pointer's tokens lead to (RFC 6901).
    func at(_ tokens: [ByteString]) -> ConnectorValue? {
        var value = self
        for token in tokens {
            guard let child = value.child(token) else {
                return nil
            }
            value = child
        }
        return value
    }

    private func child(_ token: ByteString) -> ConnectorValue? {
        guard case .list(let elements) = self else {
            return self[token]
        }
        guard token.count <= 9, token.bytes.allSatisfy({ $0.decimalDigit != nil }), !token.isEmpty else {
            return nil
        }
        let index = token.bytes.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return elements.indices.contains(index) ? elements[index] : nil
    }

    /// The exact value of a number.
    public var decimal: ExactDecimal? {
        guard case .number(let lexeme) = self else {
            return nil
        }
        return ExactDecimal(lexeme: lexeme.bytes.span)
    }

    /// The bytes of text.
    public var text: ByteString? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The elements of a list.
    public var elements: [ConnectorValue]? {
        if case .list(let elements) = self { elements } else { nil }
    }

    /// The members of an object.
    public var members: [ConnectorMember]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// Whether it is `null` or text without a single byte.
    var isBlank: Bool {
        switch self {
        case .null: true
        case .text(let text): text.isEmpty
        default: false
        }
    }

    /// What a condition makes of it: `false`, `null`, 0 and empty text are not so.
    var isTrue: Bool {
        switch self {
        case .null: false
        case .boolean(let value): value
        case .number: decimal?.isZero == false
        case .text(let text): !text.isEmpty
        case .list, .object: true
        }
    }

    /// Equal as JSON: numbers by value, members in any order.
    func isEqual(to other: ConnectorValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.number, .number): decimal == other.decimal
        case (.text(let left), .text(let right)): left == right
        case (.list(let left), .list(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { other[$0.key]?.isEqual(to: $0.value) == true }
        default: false
        }
    }

    /// A scalar as text: numbers and truth values in JSON's spelling, `null` as nothing; `nil` for the rest.
    var scalarText: ByteString? {
        switch self {
        case .null: ByteString([])
        case .boolean(let value): value ? "true" : "false"
        case .number(let lexeme): lexeme
        case .text(let text): text
        case .list, .object: nil
        }
    }
}

// MARK: - Writing

extension ConnectorValue {
    /// Appends the value as compact JSON.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .boolean(let value): writer.boolean(value)
        case .number(let lexeme): writer.raw(lexeme.bytes)
        case .text(let text): writer.string(text.bytes)
        case .list(let elements):
            writer.beginArray()
            for element in elements {
                element.write(to: &writer)
            }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key.bytes)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// Compact JSON.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.output
    }

    /// JSON for people: one member or element a line, two spaces a level.
    public var indented: [UInt8] {
        var output: [UInt8] = []
        indent(at: 0, to: &output)
        return output
    }

    private func indent(at level: Int, to output: inout [UInt8]) {
        switch self {
        case .list(let elements) where !elements.isEmpty:
            output.append("[")
            for (index, element) in elements.enumerated() {
                Self.breakLine(isFirst: index == 0, level: level + 1, to: &output)
                element.indent(at: level + 1, to: &output)
            }
            Self.breakLine(isFirst: true, level: level, to: &output)
            output.append("]")
        case .object(let members) where !members.isEmpty:
            output.append("{")
            for (index, member) in members.enumerated() {
                Self.breakLine(isFirst: index == 0, level: level + 1, to: &output)
                output.append(contentsOf: ConnectorValue.text(member.key).json)
                output.append(": ")
                member.value.indent(at: level + 1, to: &output)
            }
            Self.breakLine(isFirst: true, level: level, to: &output)
            output.append("}")
        default: output.append(contentsOf: json)
        }
    }

    private static func breakLine(isFirst: Bool, level: Int, to output: inout [UInt8]) {
        output.append(isFirst ? "\n" : ",\n")
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: level * 2))
    }
}
