internal import Base
package import YAMLText

/// The entries of one mapping, checked against the keys that may stand there.
package struct Fields {
    private let entries: [YAMLEntry]
    /// Where the mapping starts.
    package let position: YAMLPosition
    /// What it is, for messages: `a server`.
    package let what: String

    /// Takes a mapping; anything else is a problem, and so is every key that is not in `known`.
    package init?(_ node: YAMLNode, what: String, known: [StaticString], problems: inout Problems) {
        guard let entries = node.entries else {
            problems.add(
                .wrongType,
                at: node.position,
                "\(what) must be a mapping",
                remedy: "write it as `key: value` lines; known keys: \(Self.list(known))"
            )
            return nil
        }
        self.entries = entries
        position = node.position
        self.what = what
        let names = known.map { ByteString(stringLiteral: $0).bytes }
        for entry in entries where !names.contains(entry.key) {
            let nearest = NearestName.of(entry.key, among: names)
            problems.add(
                .unknownKey,
                at: entry.keyPosition,
                "`\(entry.key.shown)` is no key of \(what)",
                remedy: nearest.map { "did you mean `\($0.shown)`?" } ?? "known keys: \(Self.list(known))"
            )
        }
    }

    private static func list(_ known: [StaticString]) -> String {
        known.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// The entry of a key, if it is there.
    package subscript(_ key: StaticString) -> YAMLEntry? {
        entries.first { $0.key.isEqual(to: key) }
    }

    /// The value of a key that must be there.
    package func required(_ key: StaticString, remedy: String, problems: inout Problems) -> YAMLNode? {
        guard let entry = self[key] else {
            problems.add(.missingKey, at: position, "\(what) has no `\(key)`", remedy: remedy)
            return nil
        }
        return entry.value
    }

    /// The bytes of a scalar that is not empty; plain and quoted ones alike.
    package func text(_ key: StaticString, problems: inout Problems) -> [UInt8]? {
        guard let entry = self[key] else {
            return nil
        }
        guard let bytes = entry.value.scalar, !bytes.isEmpty else {
            problems.add(.wrongType, at: entry.value.position, "`\(key)` of \(what) must be text")
            return nil
        }
        return bytes
    }

    /// Text that must be there.
    package func requiredText(_ key: StaticString, remedy: String, problems: inout Problems) -> [UInt8]? {
        guard required(key, remedy: remedy, problems: &problems) != nil else {
            return nil
        }
        return text(key, problems: &problems)
    }

    /// `true` or `false` without quotes; `false` when the key is not there.
    package func flag(_ key: StaticString, problems: inout Problems) -> Bool {
        guard let entry = self[key] else {
            return false
        }
        if case .scalar(let bytes, isPlain: true) = entry.value.content {
            if bytes.isEqual(to: "true") {
                return true
            }
            if bytes.isEqual(to: "false") {
                return false
            }
        }
        problems.add(.wrongType, at: entry.value.position, "`\(key)` of \(what) must be `true` or `false`")
        return false
    }

    /// One of a few words; `nil` when the key is not there.
    package func word<Word: RawRepresentable<String> & CaseIterable>(
        _ key: StaticString,
        problems: inout Problems
    ) -> Word? {
        guard let entry = self[key] else {
            return nil
        }
        if let bytes = entry.value.scalar, let word = Word.allCases.first(where: { Array($0.rawValue.utf8) == bytes }) {
            return word
        }
        let words = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: " or ")
        problems.add(.badValue, at: entry.value.position, "`\(key)` of \(what) must be \(words)")
        return nil
    }

    /// The nodes of a list; none when the key is not there.
    package func list(_ key: StaticString, problems: inout Problems) -> [YAMLNode] {
        guard let entry = self[key] else {
            return []
        }
        guard let elements = entry.value.elements else {
            problems.add(
                .wrongType,
                at: entry.value.position,
                "`\(key)` must be a list",
                remedy: "begin each entry with `- `"
            )
            return []
        }
        return elements
    }

    /// A name as servers, policies and bundles have it; a problem when it is not one or missing.
    func name(problems: inout Problems) -> Named? {
        let rule = EntityName.rule
        guard let bytes = requiredText("name", remedy: rule, problems: &problems), let entry = self["name"] else {
            return nil
        }
        guard EntityName.isValid(bytes) else {
            problems.add(.badValue, at: entry.value.position, "`\(bytes.shown)` is no name", remedy: rule)
            return nil
        }
        return Named(name: ByteString(bytes), position: entry.value.position)
    }

    /// The identity an `id` key gives, else the one that follows from the name.
    func identity(kind: StaticString, name: ByteString, problems: inout Problems) -> EntityID {
        guard let text = text("id", problems: &problems), let entry = self["id"] else {
            return EntityID(kind: kind, name: name)
        }
        guard let id = EntityID(text: text) else {
            problems.add(
                .badValue,
                at: entry.value.position,
                "`id` of \(what) must be a UUID",
                remedy: "write 8-4-4-4-12 hexadecimal digits, or leave `id` out: one follows from the name"
            )
            return EntityID(kind: kind, name: name)
        }
        return id
    }
}

/// A name and where it stands.
struct Named {
    let name: ByteString
    let position: YAMLPosition
}

extension [UInt8] {
    /// For messages: at most 64 bytes, controls replaced.
    package var shown: String {
        let text = String(decoding: prefix(64), as: UTF8.self).unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : String(scalar)
        }
        return text.joined() + (count > 64 ? "…" : "")
    }
}
