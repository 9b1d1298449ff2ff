internal import Base
internal import JSONText
package import YAMLText

/// A JSON document written as YAML, for policies that stand in the configuration itself.
///
/// Only JSON's own spellings of `null`, truth values and numbers mean those; other plain text is text, except where
/// YAML's core schema would read something else into it: that is refused, so that nobody has to guess (B9).
package enum InlineDocument {
    /// The document as compact JSON, problems added for every scalar that cannot be taken at its word.
    package static func json(_ node: YAMLNode, problems: inout Problems) -> [UInt8] {
        var writer = JSONWriter()
        write(node, to: &writer, problems: &problems)
        return writer.output
    }

    /// Recursion is as deep as the nodes are, which the YAML reader bounds.
    private static func write(_ node: YAMLNode, to writer: inout JSONWriter, problems: inout Problems) {
        switch node.content {
        case .scalar(let bytes, let isPlain):
            writeScalar(bytes, isPlain: isPlain, at: node.position, to: &writer, problems: &problems)
        case .sequence(let nodes):
            writer.beginArray()
            for element in nodes {
                write(element, to: &writer, problems: &problems)
            }
            writer.endArray()
        case .mapping(let entries):
            writer.beginObject()
            for entry in entries {
                writer.key(entry.key)
                write(entry.value, to: &writer, problems: &problems)
            }
            writer.endObject()
        }
    }

    private static func writeScalar(
        _ bytes: [UInt8],
        isPlain: Bool,
        at position: YAMLPosition,
        to writer: inout JSONWriter,
        problems: inout Problems
    ) {
        guard isPlain else {
            writer.string(bytes)
            return
        }
        if bytes.isEqual(to: "null") || bytes.isEqual(to: "true") || bytes.isEqual(to: "false")
            || ExactDecimal(lexeme: bytes.span) != nil
        {
            writer.raw(bytes)
            return
        }
        if isAmbiguous(bytes) {
            problems.add(
                .badValue,
                at: position,
                "`\(String(decoding: bytes, as: UTF8.self))` could be text, a number, a truth value or nothing",
                remedy: "quote it if it is text, else write it as JSON does (`null`, `true`, `false`, `12`, `0.5`)"
            )
        }
        writer.string(bytes)
    }

    /// Whether YAML's core schema (1.2.2, section 10.3.2) takes the text for something else in another spelling.
    private static func isAmbiguous(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty || bytes.isEqual(to: "~") {
            return true
        }
        let lower = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        if lower.isEqual(to: "null") || lower.isEqual(to: "true") || lower.isEqual(to: "false") {
            return true
        }
        let unsigned = lower[(lower[0] == UInt8(ascii: "+") || lower[0] == UInt8(ascii: "-") ? 1 : 0)...]
        if unsigned.isEqual(to: ".inf") || unsigned.isEqual(to: ".nan") {
            return true
        }
        if unsigned.hasPrefix("0x") || unsigned.hasPrefix("0o") {
            return unsigned.count > 2 && unsigned.dropFirst(2).allSatisfy { $0.hexadecimalDigit != nil }
        }
        // What is left of the core schema's numbers: digits, at most one point, an exponent; `01`, `+1`, `.5`, `1.`.
        let mantissa = unsigned.prefix { $0 != UInt8(ascii: "e") }
        let exponent = unsigned.dropFirst(mantissa.count).dropFirst()
        let exponentDigits = exponent.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        return mantissa.contains { $0.decimalDigit != nil }
            && mantissa.allSatisfy { $0.decimalDigit != nil || $0 == UInt8(ascii: ".") }
            && mantissa.count { $0 == UInt8(ascii: ".") } <= 1 && exponent.count - exponentDigits.count <= 1
            && exponentDigits.allSatisfy { $0.decimalDigit != nil }
            && (mantissa.count == unsigned.count || !exponentDigits.isEmpty)
    }

    /// The place of the node at a JSON Pointer, or of the last one on the way to it that exists.
    static func position(ofPointer pointer: [UInt8], in root: YAMLNode) -> YAMLPosition {
        var node = root
        var position = root.position
        for token in pointer.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            let key = unescaped(token)
            if let entry = node.entries?.first(where: { $0.key == key }) {
                (node, position) = (entry.value, entry.keyPosition)
            } else if let elements = node.elements, let index = Int(String(decoding: key, as: UTF8.self)),
                elements.indices.contains(index)
            {
                node = elements[index]
                position = node.position
            } else {
                return position
            }
        }
        return position
    }

    private static func unescaped(_ token: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var rest = token
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "~"), let digit = rest.first,
                digit == UInt8(ascii: "0") || digit == UInt8(ascii: "1")
            {
                rest = rest.dropFirst()
                output.append(digit == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
            } else {
                output.append(byte)
            }
        }
        return output
    }
}
