import Base
import Patterns

/// What answers never show: fields by name, query parameters of addresses, texts by pattern, and the secrets themselves.
struct RedactionRules: Sendable {
    /// What stands in the place of what was taken out.
    static let mask: ByteString = "[redacted]"
    /// The same.
    private static let sign: StaticString = "[redacted]"

    /// Keys of answers whose values are masked, at any depth.
    var fields: Set<ByteString> = []
    /// Query parameters whose values are masked wherever an address shows one.
    var parameters: [ByteString] = []
    /// Texts that are masked whole when one matches.
    var patterns: [Pattern] = []

    /// The value without what must not show; `secrets` are masked inside any text and key.
    func cleaned(_ value: ConnectorValue, masking secrets: CredentialMask) -> ConnectorValue {
        switch value {
        case .text(let text): return .text(cleaned(text, masking: secrets))
        case .list(let elements): return .list(elements.map { cleaned($0, masking: secrets) })
        case .object(let members):
            return .object(
                members.map { member in
                    let key = masked(member.key, secrets)
                    if fields.contains(member.key), !member.value.isBlank {
                        return ConnectorMember(key, .text(Self.mask))
                    }
                    return ConnectorMember(key, cleaned(member.value, masking: secrets))
                }
            )
        case .null, .boolean, .number: return value
        }
    }

    func cleaned(_ text: ByteString, masking secrets: CredentialMask) -> ByteString {
        if patterns.contains(where: { $0.matches(text.bytes) }) {
            return Self.mask
        }
        return withoutParameters(masked(text, secrets))
    }

    private func masked(_ text: ByteString, _ secrets: CredentialMask) -> ByteString {
        ByteString(secrets.masking(text.bytes, with: Self.sign))
    }

    /// `?name=value` and `&name=value` with the value masked; names are compared without case.
    private func withoutParameters(_ text: ByteString) -> ByteString {
        let bytes = text.bytes
        guard !parameters.isEmpty, bytes.contains(UInt8(ascii: "=")) else {
            return text
        }
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            output.append(bytes[index])
            let begins =
                bytes[index] == UInt8(ascii: "?") || bytes[index] == UInt8(ascii: "&")
                || bytes[index] == UInt8(ascii: ";") || bytes[index] == UInt8(ascii: "#")
            index += 1
            guard begins, let name = parameter(at: index, in: bytes) else {
                continue
            }
            output.append(contentsOf: bytes[index..<(index + name + 1)])
            output.append(contentsOf: Self.mask.bytes)
            index += name + 1
            while index < bytes.count, !Self.endsValue(bytes[index]) {
                index += 1
            }
        }
        return ByteString(output)
    }

    /// The length of the masked parameter's name that stands at `index` with `=` behind it.
    private func parameter(at index: Int, in bytes: [UInt8]) -> Int? {
        for name in parameters where bytes.count - index > name.count {
            let end = index + name.count
            let own = ErrorRules.lowered(ByteString(bytes[index..<end]))
            if bytes[end] == UInt8(ascii: "="), own == ErrorRules.lowered(name) {
                return name.count
            }
        }
        return nil
    }

    private static func endsValue(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
    }
}
