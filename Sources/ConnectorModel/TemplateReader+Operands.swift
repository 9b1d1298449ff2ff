import Base
import JSONText
import Settings
import YAMLText

/// What operators hold.
extension TemplateReader {
    /// A template whose kind is checked as far as the file alone tells.
    static func checked(
        _ node: YAMLNode,
        _ wanted: ValueType,
        of name: String,
        _ context: inout ReadingContext
    ) -> Template {
        let template = read(node, &context)
        if !template.type.fits(wanted) {
            context.add(
                .wrongType,
                at: node.position,
                "\(name) takes a \(wanted.rawValue), this is a \(template.type.rawValue)"
            )
        }
        return template
    }

    /// One word: a scalar that is not empty, one of `allowed` where there is such a list.
    static func word(
        _ node: YAMLNode,
        of name: String,
        allowed: [String]?,
        _ context: inout ReadingContext
    ) -> ByteString {
        guard let bytes = node.scalar else {
            context.add(.wrongType, at: node.position, "\(name) takes a word")
            return ""
        }
        if let allowed, !allowed.contains(where: { Array($0.utf8) == bytes }) {
            let list = allowed.map { "`\($0)`" }.joined(separator: ", ")
            context.add(
                .badValue,
                at: node.position,
                "`\(bytes.shown)` is no word of \(name)",
                remedy: "known: \(list)"
            )
        }
        return ByteString(bytes)
    }

    /// A list of words.
    static func words(_ node: YAMLNode, of name: String, _ context: inout ReadingContext) -> [ByteString] {
        guard let elements = node.elements else {
            context.add(.wrongType, at: node.position, "\(name) takes a list of names")
            return []
        }
        return elements.map { word($0, of: name, allowed: nil, &context) }
    }

    /// A JSON Pointer's tokens.
    static func pointer(_ node: YAMLNode, _ context: inout ReadingContext) -> [ByteString] {
        guard let bytes = node.scalar, let tokens = JSONPointer.tokens(of: bytes) else {
            context.add(
                .badValue,
                at: node.position,
                "not a JSON Pointer",
                remedy: "write `/key/0/key`, or `\"\"` for the whole"
            )
            return []
        }
        return tokens.map { ByteString($0) }
    }

    /// Conditions and what follows from each, one after the other.
    static func readCases(
        _ node: YAMLNode,
        into operation: inout Operation,
        _ context: inout ReadingContext
    ) {
        for element in node.elements ?? [] {
            let fields = Fields(element, what: "a case", known: ["when", "then"], problems: &context.problems)
            guard let when = fields?["when"]?.value, let then = fields?["then"]?.value else {
                context.add(.missingKey, at: element.position, "a case has `when` and `then`")
                continue
            }
            operation.operands.append(read(when, &context))
            operation.operands.append(read(then, &context))
        }
        if operation.operands.isEmpty {
            context.add(.wrongType, at: node.position, "`$choose` takes a list of `{when, then}`")
        }
    }

    /// An object whose texts are pointers into the value at hand; anything else is a template.
    static func picks(_ node: YAMLNode, _ context: inout ReadingContext) -> Template {
        guard let entries = node.entries else {
            context.add(.wrongType, at: node.position, "`$pick` takes a mapping of names to pointers")
            return .constant(.null)
        }
        return .object(
            entries.map { entry in
                let key = ByteString(entry.key)
                guard entry.value.scalar != nil else {
                    return TemplateMember(key: key, value: read(entry.value, &context))
                }
                var operation = Operation(kind: .at, position: entry.value.position)
                operation.words = pointer(entry.value, &context)
                return TemplateMember(key: key, value: .operation(operation))
            }
        )
    }
}

/// HTTP statuses in a file: `404`, or `5xx` for a class.
struct StatusRange: Sendable, Hashable {
    let range: Range<Int>

    /// Reads three digits or a digit and `xx`.
    init?(_ text: ByteString) {
        let bytes = text.bytes
        guard bytes.count == 3, let first = bytes[0].decimalDigit, (1...5).contains(first) else {
            return nil
        }
        if bytes[1...].isEqual(to: "xx") {
            range = (first * 100)..<(first * 100 + 100)
            return
        }
        guard let tens = bytes[1].decimalDigit, let ones = bytes[2].decimalDigit else {
            return nil
        }
        let status = first * 100 + tens * 10 + ones
        range = status..<(status + 1)
    }

    static func isStatus(_ text: ByteString) -> Bool {
        StatusRange(text) != nil
    }
}
