import Base
import JSONText

/// A value on its way to the page: keys in the order they shall stand, scalars as they shall be spelled.
indirect enum JSONLayout: Sendable {
    case scalar([UInt8])
    case list([JSONLayout])
    case object([Member])

    struct Member: Sendable {
        let key: [UInt8]
        let value: JSONLayout
    }

    /// A value as it was read: numbers keep their digits, strings get their shortest escapes.
    ///
    /// Recursion ends at the document's depth limit.
    init(_ value: JSONValue) {
        switch value.kind {
        case .null, .boolean, .number: self = .scalar(Array(value.rawBytes))
        case .string: self = .text(value.string?.bytes ?? [])
        case .array: self = .list(value.elements.map { JSONLayout($0) })
        case .object: self = .object(value.members.map { Member(key: $0.key.bytes, value: JSONLayout($0.value)) })
        }
    }

    /// A string.
    static func text(_ bytes: [UInt8]) -> JSONLayout {
        var writer = JSONWriter(reserving: bytes.count + 2)
        writer.string(bytes)
        return .scalar(writer.output)
    }

    /// A string.
    static func text(_ text: String) -> JSONLayout {
        .text(Array(text.utf8))
    }

    /// How many containers stand inside each other, this one included; 0 for a scalar or an empty one.
    var nesting: Int {
        switch self {
        case _ where isEmptyContainer: 0
        case .scalar: 0
        case .list(let elements): 1 + (elements.map(\.nesting).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.nesting).max() ?? 0)
        }
    }

    /// Whether it is a list of several things that are more than scalars: each gets a line.
    var isSeveralContainers: Bool {
        guard case .list(let elements) = self, elements.count > 1 else {
            return false
        }
        return elements.contains { $0.nesting > 0 }
    }

    var isEmptyContainer: Bool {
        switch self {
        case .scalar: false
        case .list(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        }
    }
}

/// Writes a layout with two spaces of indentation, small values on one line.
struct JSONLayoutWriter {
    /// LIMIT: a value stands on one line when the line then has at most so many bytes.
    private static let maximumLine = 100

    private var output: [UInt8] = []
    private var lineStart = 0

    /// The whole document, with a line end.
    static func write(_ root: JSONLayout) -> [UInt8] {
        var writer = JSONLayoutWriter()
        writer.write(root, depth: 0)
        writer.output.append("\n")
        return writer.output
    }

    private mutating func write(_ value: JSONLayout, depth: Int) {
        if fitsOnLine(value, depth: depth) {
            let mark = output.count
            appendInline(value)
            // One byte more for the comma that may follow.
            if output.count - lineStart < Self.maximumLine || value.nesting == 0 {
                return
            }
            output.removeLast(output.count - mark)
        }
        switch value {
        case .scalar(let bytes): output.append(contentsOf: bytes)
        case .list(let elements):
            output.append("[")
            for (index, element) in elements.enumerated() {
                beginItem(index, depth: depth + 1)
                write(element, depth: depth + 1)
            }
            endItems("]", depth: depth)
        case .object(let members):
            output.append("{")
            for (index, member) in members.enumerated() {
                beginItem(index, depth: depth + 1)
                appendKey(member.key)
                write(member.value, depth: depth + 1)
            }
            endItems("}", depth: depth)
        }
    }

    /// The document and its sections are spread out, so that a line of a change is a rule.
    private func fitsOnLine(_ value: JSONLayout, depth: Int) -> Bool {
        if value.isEmptyContainer {
            return true
        }
        guard !value.isSeveralContainers else {
            return false
        }
        let nesting = value.nesting
        guard depth >= 2 else {
            guard depth == 1, case .list = value else {
                return nesting == 0
            }
            return nesting <= 1
        }
        return nesting <= 2
    }

    private mutating func appendInline(_ value: JSONLayout) {
        switch value {
        case .scalar(let bytes): output.append(contentsOf: bytes)
        case .list(let elements):
            output.append("[")
            for (index, element) in elements.enumerated() {
                separate(index)
                appendInline(element)
            }
            output.append("]")
        case .object(let members):
            output.append("{")
            for (index, member) in members.enumerated() {
                separate(index)
                appendKey(member.key)
                appendInline(member.value)
            }
            output.append("}")
        }
    }

    private mutating func separate(_ index: Int) {
        if index > 0 {
            output.append(", ")
        }
    }

    private mutating func appendKey(_ key: [UInt8]) {
        if case .scalar(let bytes) = JSONLayout.text(key) {
            output.append(contentsOf: bytes)
        }
        output.append(": ")
    }

    private mutating func beginItem(_ index: Int, depth: Int) {
        if index > 0 {
            output.append(",")
        }
        newLine(depth: depth)
    }

    private mutating func endItems(_ bracket: StaticString, depth: Int) {
        newLine(depth: depth)
        output.append(bracket)
    }

    private mutating func newLine(depth: Int) {
        output.append("\n")
        lineStart = output.count
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
}
