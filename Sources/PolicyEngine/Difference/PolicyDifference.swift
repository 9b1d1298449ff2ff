import Base
import JSONText

/// Compares two policies by what their documents say (policy-language.md, section 7): which calls are newly allowed,
/// newly denied, newly limited.
///
/// Without tools, a pattern is judged by a name of its own that no other key knows; with tools, by the tools there are.
public struct PolicyDifference {
    private let old: PolicySide
    private let new: PolicySide
    private var changes: [PolicyChange] = []

    private init(old: CompiledPolicy, new: CompiledPolicy) {
        self.old = PolicySide(old)
        self.new = PolicySide(new)
    }

    /// What is different, in the order of the language's sections; empty when every call is decided the same.
    public static func changes(
        from old: CompiledPolicy,
        to new: CompiledPolicy,
        tools: ToolSet? = nil
    ) -> [PolicyChange] {
        var difference = PolicyDifference(old: old, new: new)
        difference.compareDocuments()
        if let tools {
            difference.compare(tools: tools)
        } else {
            difference.compareSubjects()
        }
        difference.compareShared()
        difference.compareAccess()
        return difference.changes
    }

    private mutating func add(
        _ effect: PolicyChange.Effect,
        _ pointer: String,
        _ sentence: String,
        tools: [ByteString] = []
    ) {
        changes.append(PolicyChange(effect: effect, pointer: pointer, tools: tools, sentence: sentence))
    }

    // MARK: What holds for the whole document

    private mutating func compareDocuments() {
        let (before, after) = (old.document, new.document)
        if before.mode != after.mode {
            if after.mode == .shadow {
                add(
                    .newlyAllowed,
                    "/mode",
                    "nothing but hidden and unknown tools is refused any more: `mode` is `shadow`"
                )
            } else {
                add(.newlyDenied, "/mode", "what was only recorded is enforced: `mode` is no longer `shadow`")
            }
        }
        if before.timezone?.value != after.timezone?.value {
            let name = after.timezone?.value.text ?? "UTC"
            add(.mixed, "/timezone", "times and calendar windows are those of `\(name)`")
        }
        if before.showsDenied != after.showsDenied {
            let what = after.showsDenied ? "shown in lists and denied when called" : "hidden"
            add(.wording, "/show_denied", "tools that nothing covers are \(what)")
        }
        if (before.classes == nil) != (after.classes == nil) {
            if after.classes == nil {
                add(
                    .mixed,
                    "/classes",
                    "tools without an accepted class are no longer denied for that: no `classes` any more"
                )
            } else {
                add(.newlyDenied, "/classes", "tools that no key names and that have no accepted class are denied")
            }
        }
    }

    // MARK: Subjects

    /// Every key, hidden name and class of either document, and everything else.
    private mutating func compareSubjects() {
        var names: [ByteString] = []
        var seen: Set<ByteString> = []
        for side in [new, old] {
            for key in side.document.tools.map(\.key) + side.document.hide.map(\.value) where seen.insert(key).inserted
            {
                names.append(key)
            }
        }
        for name in names {
            compare(old.standing(of: name), new.standing(of: name), subject: "`\(name)`", tools: [])
        }
        if old.document.classes != nil || new.document.classes != nil {
            for toolClass in ToolClass.allCases {
                let subject = "tools of class `\(toolClass.rawValue)` that no key names"
                compare(old.standing(of: toolClass), new.standing(of: toolClass), subject: subject, tools: [])
            }
        }
        let (before, after) = (old.standingOfOthers, new.standingOfOthers)
        // A key `*` or `hide: ["*"]` leaves nothing else.
        if !before.isEmpty || !after.isEmpty {
            compare(before, after, subject: "every other tool", tools: [])
        }
    }

    /// Tools that the same two entries govern are told together.
    private mutating func compare(tools: ToolSet) {
        var groups: [(before: ToolStanding, after: ToolStanding, tools: [ByteString])] = []
        var places: [String: Int] = [:]
        for tool in tools.tools {
            let before = old.standing(of: tool.name, toolClass: tool.toolClass)
            let after = new.standing(of: tool.name, toolClass: tool.toolClass)
            let key = "\(before.identity)\n\(after.identity)"
            if let place = places[key] {
                groups[place].tools.append(tool.name)
            } else {
                places[key] = groups.count
                groups.append((before, after, [tool.name]))
            }
        }
        for group in groups {
            let shown = group.tools.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
            let more = group.tools.count > 3 ? " and \(group.tools.count - 3) more" : ""
            compare(group.before, group.after, subject: shown + more, tools: group.tools)
        }
    }

    private mutating func compare(
        _ before: ToolStanding,
        _ after: ToolStanding,
        subject: String,
        tools: [ByteString]
    ) {
        let pointer = after.pointer ?? before.pointer ?? "/default"
        switch (before.kind, after.kind) {
        case (.refused(let was), .refused(let now)):
            if was != now {
                add(.wording, pointer, "\(subject): still refused, \(was) before, \(now) now", tools: tools)
            }
        case (.refused(let was), .covered):
            let rules = after.hasRules ? ", as far as its rules let it" : ""
            add(.newlyAllowed, pointer, "\(subject): newly allowed\(rules); it was \(was)", tools: tools)
        case (.covered, .refused(let now)):
            add(.newlyDenied, pointer, "\(subject): newly denied, it is \(now)", tools: tools)
        case (.covered, .covered):
            compareChecks(before, after, subject: subject, tools: tools)
            compareRules(before.rules, after.rules, subject: subject, tools: tools, pointer: pointer)
        }
    }

    private mutating func compareChecks(
        _ before: ToolStanding,
        _ after: ToolStanding,
        subject: String,
        tools: [ByteString]
    ) {
        let pointer = (after.pointer ?? "") + "/arguments"
        if before.validates != after.validates {
            let effect: PolicyChange.Effect = after.validates ? .newlyDenied : .newlyAllowed
            let what = after.validates ? "arguments have to" : "arguments no longer have to"
            add(effect, pointer, "\(subject): \(what) satisfy the tool's schema", tools: tools)
        }
        if before.isClosed != after.isClosed {
            let effect: PolicyChange.Effect = after.isClosed ? .newlyDenied : .newlyAllowed
            let what = after.isClosed ? "are refused" : "are no longer refused"
            add(effect, pointer, "\(subject): arguments the schema does not name \(what)", tools: tools)
        }
    }

    private mutating func compareRules(
        _ before: PolicyRules?,
        _ after: PolicyRules?,
        subject: String,
        tools: [ByteString],
        pointer: String
    ) {
        var comparison = RulesComparison(subject: subject, tools: tools, pointer: pointer)
        comparison.compare(before, after)
        changes += comparison.changes
    }

    /// `all_tools`.
    private mutating func compareShared() {
        compareRules(
            old.document.allTools,
            new.document.allTools,
            subject: "every call",
            tools: [],
            pointer: "/all_tools"
        )
    }

    // MARK: Resources, prompts, client requests

    private mutating func compareAccess() {
        compare(old.document.resources, new.document.resources, what: "resources", section: "/resources")
        compare(old.document.prompts, new.document.prompts, what: "prompts", section: "/prompts")
        if old.document.defaultAction != new.document.defaultAction {
            let allows = new.document.defaultAction == .allow
            let what = allows ? "newly allowed" : "newly denied"
            add(
                allows ? .newlyAllowed : .newlyDenied,
                "/default",
                "resources and prompts that neither list matches: \(what)"
            )
        }
        for kind in ClientRequestKind.allCases {
            let (before, after) = (old.policy.allows(kind), new.policy.allows(kind))
            if before != after {
                let what = after ? "newly allowed" : "newly denied"
                add(
                    after ? .newlyAllowed : .newlyDenied,
                    "/client_requests/\(kind.rawValue)",
                    "the server's requests for \(kind.rawValue): \(what)"
                )
            }
        }
    }

    private mutating func compare(_ before: AccessList, _ after: AccessList, what: String, section: String) {
        compare(before.allow, after.allow, section: "\(section)/allow") { pattern, isAdded in
            isAdded
                ? (.newlyAllowed, "\(what) `\(pattern)`: allowed")
                : (.newlyDenied, "\(what) `\(pattern)`: no longer allowed by name")
        }
        compare(before.deny, after.deny, section: "\(section)/deny") { pattern, isAdded in
            isAdded
                ? (.newlyDenied, "\(what) `\(pattern)`: denied")
                : (.newlyAllowed, "\(what) `\(pattern)`: no longer denied by name")
        }
    }

    private mutating func compare(
        _ before: [Located<ByteString>],
        _ after: [Located<ByteString>],
        section: String,
        describe: (ByteString, Bool) -> (PolicyChange.Effect, String)
    ) {
        let (old, new) = (Set(before.map(\.value)), Set(after.map(\.value)))
        for item in after where !old.contains(item.value) {
            let (effect, sentence) = describe(item.value, true)
            add(effect, item.location.pointer.description, sentence)
        }
        for item in before where !new.contains(item.value) {
            let (effect, sentence) = describe(item.value, false)
            add(effect, item.location.pointer.description, sentence)
        }
    }
}
