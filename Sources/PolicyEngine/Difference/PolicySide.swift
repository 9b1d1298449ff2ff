import Base

/// What a policy says of a tool, rules aside.
struct ToolStanding {
    enum Kind: Equatable {
        /// Never let through, and why in words.
        case refused(String)
        /// Let through as far as rules go.
        case covered
    }

    let kind: Kind
    /// Where that stands; `nil` for what no key says.
    let pointer: String?
    var rules: PolicyRules?
    var validates = true
    var isClosed = false

    /// Whether two tools of this standing are treated alike.
    var identity: String { "\(kind) \(pointer ?? "")" }

    /// Nothing to say: what would be said stands elsewhere.
    var isEmpty = false

    var hasRules: Bool {
        guard let rules else {
            return false
        }
        return !rules.require.isEmpty || !rules.denyIf.isEmpty || !rules.requireApproval.isEmpty
            || !rules.limits.isEmpty || rules.concurrency != nil
    }
}

/// One of the two policies compared.
struct PolicySide {
    let policy: CompiledPolicy
    private let entries: [ByteString: PolicyEntry]
    private let patterns: [(pattern: NamePattern, key: ByteString)]

    var document: PolicyDocument { policy.document }

    init(_ policy: CompiledPolicy) {
        self.policy = policy
        entries = Dictionary(policy.document.tools.map { ($0.key, $0) }) { first, _ in first }
        patterns = policy.document.tools.filter(\.isPattern).map { (NamePattern($0.key), $0.key) }
            .sorted { $0.0.specificity > $1.0.specificity }
    }

    /// A name or pattern without a known class; a pattern stands for a name of its own that only it was made for.
    func standing(of name: ByteString, toolClass: ToolClass? = nil) -> ToolStanding {
        let probe = Self.probe(name)
        if let place = document.hide.first(where: { NamePattern($0.value).matches(probe.bytes) }) {
            return ToolStanding(kind: .refused("hidden"), pointer: place.location.pointer.description)
        }
        guard let entry = entry(governing: probe) else {
            return toolClass.map { standing(of: $0) } ?? standingWithoutKey
        }
        let pointer = entry.location.pointer.description
        guard !entry.isHidden else {
            return ToolStanding(kind: .refused("hidden"), pointer: pointer)
        }
        let checks = document.arguments
        return ToolStanding(
            kind: .covered,
            pointer: pointer,
            rules: entry.rules,
            validates: entry.arguments.validate ?? checks.validate ?? true,
            isClosed: entry.arguments.closed ?? checks.closed ?? false
        )
    }

    /// Tools of a class that no key names.
    func standing(of toolClass: ToolClass) -> ToolStanding {
        guard let classes = document.classes, let entry = classes.first(where: { $0.toolClass == toolClass }) else {
            return byDefault
        }
        let pointer = entry.location.pointer.description
        guard !entry.isHidden else {
            return ToolStanding(kind: .refused("hidden"), pointer: pointer)
        }
        return ToolStanding(
            kind: .covered,
            pointer: pointer,
            rules: entry.rules,
            validates: document.arguments.validate ?? true,
            isClosed: document.arguments.closed ?? false
        )
    }

    /// Tools that no key, hidden name or class of the document knows.
    var standingOfOthers: ToolStanding {
        let hasAll = entries[ByteString("*")] != nil || document.hide.contains { $0.value == ByteString("*") }
        var standing = hasAll ? standing(of: ByteString("*")) : standingWithoutKey
        standing.isEmpty = hasAll
        return standing
    }

    private var standingWithoutKey: ToolStanding {
        document.classes == nil ? byDefault : ToolStanding(kind: .refused("without a class"), pointer: "/classes")
    }

    private var byDefault: ToolStanding {
        guard document.defaultAction == .allow else {
            return ToolStanding(kind: .refused("denied by default"), pointer: "/default")
        }
        return ToolStanding(
            kind: .covered,
            pointer: "/default",
            validates: document.arguments.validate ?? true,
            isClosed: document.arguments.closed ?? false
        )
    }

    private func entry(governing name: ByteString) -> PolicyEntry? {
        if let exact = entries[name] {
            return exact
        }
        return patterns.first { $0.pattern.matches(name.bytes) }.flatMap { entries[$0.key] }
    }

    /// A name that matches a pattern and, short of bad luck, nothing that was not meant for it: each star is replaced by
    /// a byte that no name has.
    private static func probe(_ pattern: ByteString) -> ByteString {
        ByteString(pattern.bytes.map { $0 == UInt8(ascii: "*") ? 0xFF : $0 })
    }
}
