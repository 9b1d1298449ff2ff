import Base
import JSONSchema
import JSONText

/// Judging arguments, and telling agents what is wrong with them in the connector's own words.
extension ArgumentSchema {
    /// The arguments as templates take them: whole numbers in their plain spelling.
    func arguments(_ given: JSONValue?, words: ConnectorWords) throws(ConnectorFailure) -> [ConnectorMember] {
        let object = given.flatMap { $0.isNull ? nil : $0 } ?? Self.none
        guard let object else {
            return []
        }
        let members = object.members.map { ConnectorMember(ByteString($0.key.bytes), ConnectorValue($0.value)) }
        let missing = required.filter { name in !members.contains { $0.key == name } }
        guard missing.isEmpty else {
            throw needs(missing, words)
        }
        let unknown = members.filter { member in !isOpen && !properties.contains { $0.name == member.key } }
        guard unknown.isEmpty else {
            let names = unknown.prefix(8).map { $0.key.bytes.prefix(64) }.joined(separator: Array(", ".utf8))
            throw ConnectorFailure(
                kind: .invalid,
                sentence: ByteString(words.unknown.bytes + [UInt8(ascii: " ")] + names + [UInt8(ascii: ".")])
            )
        }
        if let violation = schema.validate(object) {
            let tokens = JSONPointer.tokens(of: Array(violation.instancePath.utf8)) ?? []
            throw needs([ByteString(tokens.first ?? Array("arguments".utf8))], words)
        }
        return members.map { member in
            let property = properties.first { $0.name == member.key }
            guard property?.type == "integer", let number = member.value.decimal else {
                return member
            }
            return ConnectorMember(member.key, ConnectorValue(number))
        }
    }

    /// `{}`, for calls without arguments.
    private static let none: JSONValue? = {
        do throws(JSONError) {
            return try JSONDocument(Array("{}".utf8)).root
        } catch {
            return nil
        }
    }()

    /// What is missing or wrong, in the form `Requer id (número), text (texto)`.
    func needs(_ names: [ByteString], _ words: ConnectorWords, kind: ByteString? = nil) -> ConnectorFailure {
        var output = words.required.bytes
        for (index, name) in names.enumerated() {
            output.append(contentsOf: Array(index == 0 ? " ".utf8 : ", ".utf8))
            output.append(contentsOf: name.bytes)
            let property = properties.first { $0.name == name }
            let choices = property?.choices ?? []
            let type = kind ?? property?.type ?? ""
            let word =
                choices.isEmpty
                ? (words.types[type] ?? type).bytes : Array(choices.map(\.bytes).joined(separator: Array(", ".utf8)))
            if !word.isEmpty {
                output.append(contentsOf: Array(" (".utf8) + word + [UInt8(ascii: ")")])
            }
        }
        output.append(".")
        return ConnectorFailure(kind: .invalid, sentence: ByteString(output))
    }

    /// What a template could not do, as the call's failure.
    func failure(_ failure: EvaluationFailure, words: ConnectorWords) -> ConnectorFailure {
        switch failure {
        case .argument(let name, .denied):
            ConnectorFailure(
                kind: .invalid,
                sentence: ByteString(words.denied.bytes + [UInt8(ascii: " ")] + name.bytes + [UInt8(ascii: ".")])
            )
        case .argument(let name, let reason):
            needs([name], words, kind: ByteString(reason.rawValue))
        case .type, .zone, .tooMuchWork:
            ConnectorFailure(kind: .unreadable)
        }
    }
}
