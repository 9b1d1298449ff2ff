import JSONText

/// What became of a tool whose definition changed: its class and severity before and after, and what is suspect now.
///
/// Pure; linear in the definitions.
public struct ToolDrift: Sendable {
    /// Which way the risk went.
    public enum Direction: String, Sendable, Hashable, CaseIterable {
        /// More dangerous than what was accepted, or newly suspect, or not known before.
        case raised
        /// As dangerous.
        case same
        /// Less dangerous.
        case lowered
    }

    /// What the rules say of the definition that was accepted; `nil` for a tool that is new.
    public let before: Classification?
    /// What they say of the one that is offered.
    public let after: Classification
    /// What is suspect in the offered definition and was not in the accepted one.
    public let findings: [PoisonFinding]
    /// The members of the definition that are different, in the order of their names.
    public let fields: [String]

    /// Compares two definitions of one tool.
    ///
    /// - Parameters:
    ///   - old: the one that was accepted; `nil` for none.
    ///   - new: the one that is offered.
    public init(from old: DescribedTool?, to new: DescribedTool) {
        before = old.map { Classifier.classify($0) }
        after = Classifier.classify(new)
        let known = Set(old.map { PoisonScanner.scan($0) } ?? [])
        findings = PoisonScanner.scan(new).filter { !known.contains($0) }
        fields = Self.fields(old?.definition, new.definition)
    }

    private static func fields(_ old: JSONValue?, _ new: JSONValue?) -> [String] {
        guard let old, let new, old.kind == .object, new.kind == .object else {
            return []
        }
        var before: [String: ArraySlice<UInt8>] = [:]
        for member in old.members {
            before[member.key.text] = member.value.rawBytes
        }
        var different: Set<String> = []
        for member in new.members where before.removeValue(forKey: member.key.text) != member.value.rawBytes {
            different.insert(member.key.text)
        }
        return different.union(before.keys).sorted()
    }

    /// Which way the risk went: the class counts first, then the severity argued for it, then what is suspect.
    public var direction: Direction {
        guard let before else {
            return .raised
        }
        if (before.category, before.severity) < (after.category, after.severity) || !findings.isEmpty {
            return .raised
        }
        return (after.category, after.severity) < (before.category, before.severity) ? .lowered : .same
    }

    /// What happened, in a person's words.
    public var sentence: String {
        let now = "\(after.category.rawValue), \(after.severity.rawValue)"
        var text: String
        if let before {
            let then = "\(before.category.rawValue), \(before.severity.rawValue)"
            text = then == now ? "still \(now)" : "was \(then), would be \(now)"
        } else {
            text = "new: \(now)"
        }
        text += fields.isEmpty ? "" : "; different: \(fields.joined(separator: ", "))"
        return findings.isEmpty
            ? text : text + "; newly suspect: \(Set(findings.map(\.code.rawValue)).sorted().joined(separator: ", "))"
    }
}
