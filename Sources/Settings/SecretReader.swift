internal import Base
internal import YAMLText

/// Reads `{secret: env:NAME}`, `{secret: file:PATH}` and `{secret: store:NAME}`; the first two with their values.
///
/// No message ever holds the value, nor a part of it.
enum SecretReader {
    private static let forms = "write `{secret: env:NAME}`, `{secret: file:PATH}` or `{secret: store:NAME}`"

    static func read(
        _ node: YAMLNode,
        sources: SettingsSources,
        problems: inout Problems
    ) -> (source: HeaderSource, value: [UInt8]?)? {
        guard let fields = Fields(node, what: "a secret", known: ["secret"], problems: &problems),
            let reference = fields.requiredText("secret", remedy: forms, problems: &problems),
            let entry = fields["secret"]
        else {
            return nil
        }
        let position = entry.value.position
        guard let colon = reference.firstIndex(of: UInt8(ascii: ":")), colon + 1 < reference.count else {
            problems.add(.badValue, at: position, "a secret is given by reference only", remedy: forms)
            return nil
        }
        let name = String(decoding: reference[(colon + 1)...], as: UTF8.self)
        switch String(decoding: reference[..<colon], as: UTF8.self) {
        case "env":
            return variable(name, at: position, sources: sources, problems: &problems)
                .map { (.environment(ByteString(name)), $0) }
        case "file" where name.utf8.contains(0):
            problems.add(.badValue, at: position, "a path holds no U+0000", remedy: forms)
            return nil
        case "file":
            return file(name, at: position, sources: sources, problems: &problems).map { (.file(ByteString(name)), $0) }
        case "store":
            guard EntityName.isValid(ByteString(name)) else {
                problems.add(
                    .badValue,
                    at: position,
                    "`\(Array(name.utf8).shown)` is no name of a credential",
                    remedy: EntityName.rule
                )
                return nil
            }
            return (.stored(ByteString(name)), nil)
        default:
            // The text is not shown: it may be the secret itself.
            problems.add(.badValue, at: position, "a secret is given by reference only", remedy: forms)
            return nil
        }
    }

    private static func variable(
        _ name: String,
        at position: YAMLPosition,
        sources: SettingsSources,
        problems: inout Problems
    ) -> [UInt8]? {
        let isName = name.utf8.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || byte == UInt8(ascii: "_")
        }
        guard isName else {
            problems.add(.badValue, at: position, "`\(Array(name.utf8).shown)` is no name of a variable")
            return nil
        }
        guard let value = sources.variable(name), !value.isEmpty else {
            problems.add(
                .unreadable,
                at: position,
                "the environment variable `\(name)` is not set",
                remedy: "set it for the gateway's process, or use `file:PATH`"
            )
            return nil
        }
        return value
    }

    private static func file(
        _ path: String,
        at position: YAMLPosition,
        sources: SettingsSources,
        problems: inout Problems
    ) -> [UInt8]? {
        switch sources.file(path) {
        case .failure(let failure):
            problems.add(
                .unreadable,
                at: position,
                "the secret's file `\(Array(path.utf8).shown)` cannot be read: \(failure.reason)"
            )
            return nil
        case .success(let content):
            let bytes = SecretText.trimmed(content)
            guard !bytes.isEmpty else {
                problems.add(.unreadable, at: position, "the secret's file `\(Array(path.utf8).shown)` is empty")
                return nil
            }
            return bytes
        }
    }
}

/// A secret in a file.
public enum SecretText {
    /// The file's bytes without the one line break at their end that editors and `echo` put there.
    public static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var trimmed = bytes
        if trimmed.last == 0x0A {
            trimmed.removeLast()
            if trimmed.last == 0x0D {
                trimmed.removeLast()
            }
        }
        return trimmed
    }
}
