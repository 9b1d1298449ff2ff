import Base
import JSONText

/// Where rules stand decides which keys they may have.
enum RulesPlace {
    case allTools
    case toolClass
    case tool(key: ByteString)

    var what: String {
        switch self {
        case .allTools: "`all_tools`"
        case .toolClass: "a class"
        case .tool: "a tool"
        }
    }

    var knownKeys: [String] {
        let rules = ["require", "deny_if", "require_approval", "limits", "concurrency"]
        switch self {
        case .allTools: return rules
        case .toolClass: return rules + ["action"]
        case .tool: return rules + ["arguments", "action", "reason", "rate_limit"]
        }
    }
}

/// What `action` may say (policy-language.md, section 1, "Shorthand").
enum ShorthandAction: String, CaseIterable {
    case allow, deny, approve, hide
}

extension PolicyReader {
    mutating func readAllTools(_ value: Located<JSONValue>) -> PolicyRules? {
        guard let object = readObject(value, known: RulesPlace.allTools.knownKeys, what: RulesPlace.allTools.what)
        else {
            return nil
        }
        return readRules(object)
    }

    mutating func readClasses(_ value: Located<JSONValue>) -> [PolicyClassEntry] {
        let known = ToolClass.allCases.map(\.rawValue)
        guard let classes = readObject(value, known: known, what: "`classes`") else {
            return []
        }
        var entries: [PolicyClassEntry] = []
        for toolClass in ToolClass.allCases {
            guard let entry = member(classes, toolClass.rawValue),
                let object = readObject(entry, known: RulesPlace.toolClass.knownKeys, what: RulesPlace.toolClass.what)
            else {
                continue
            }
            var result = PolicyClassEntry(toolClass: toolClass, location: entry.location, rules: readRules(object))
            if let action = member(object, "action"), let choice = readChoice(action, ShorthandAction.self) {
                result.isHidden = choice == .hide
                if choice != .hide {
                    let advice = "write it as `deny_if` or `require_approval`"
                    findings.error(
                        .badValue,
                        at: action.location,
                        "in `classes` only the action `hide` stands; \(advice)"
                    )
                }
            }
            entries.append(result)
        }
        return entries
    }

    mutating func readTools(_ value: Located<JSONValue>, into document: inout PolicyDocument) {
        guard value.value.kind == .object else {
            findings.error(.wrongType, at: value.location, "`tools` is an object, not \(value.value.kind.words)")
            return
        }
        for item in value.value.members {
            let key = ByteString(item.key.bytes)
            let location = SourceLocation(
                pointer: value.location.pointer.appending(key.bytes),
                offset: item.value.range.lowerBound
            )
            let place = RulesPlace.tool(key: key)
            guard isUsablePattern(key, at: location),
                let object = readObject(
                    Located(item.value, at: location),
                    known: place.knownKeys,
                    what: "the tool `\(shown(key.bytes))`"
                )
            else {
                continue
            }
            var entry = PolicyEntry(key: key, location: location, rules: readRules(object))
            entry.arguments = readArgumentChecks(object)
            readAction(object, into: &entry, of: &document)
            if let limit = member(object, "rate_limit"), let read = readRateLimit(limit, key: key) {
                entry.rules.limits.append(read)
            }
            document.tools.append(entry)
        }
    }

    /// `action` and `reason`, rewritten as what they stand for.
    private mutating func readAction(
        _ object: Located<JSONValue>,
        into entry: inout PolicyEntry,
        of document: inout PolicyDocument
    ) {
        let reason = readText(object, "reason")
        guard let value = member(object, "action") else {
            reportStrayReason(member(object, "reason"))
            return
        }
        guard let action = readChoice(value, ShorthandAction.self) else {
            return
        }
        var block = PolicyBlock(location: value.location)
        block.message = reason?.value.text
        switch action {
        case .deny:
            entry.rules.denyIf.insert(block, at: 0)
        case .approve:
            entry.rules.requireApproval.insert(block, at: 0)
        case .allow:
            reportStrayReason(member(object, "reason"))
        case .hide:
            reportStrayReason(member(object, "reason"))
            entry.isHidden = entry.isPattern
            if !entry.isPattern {
                document.hide.append(Located(entry.key, at: value.location))
            }
        }
    }

    private mutating func reportStrayReason(_ reason: Located<JSONValue>?) {
        if let reason {
            let advice = "add `\"action\": \"deny\"` or take it out"
            findings.error(
                .badValue,
                at: reason.location,
                "`reason` goes with the action `deny` or `approve`; \(advice)"
            )
        }
    }

    /// The five kinds of rules.
    private mutating func readRules(_ object: Located<JSONValue>) -> PolicyRules {
        var rules = PolicyRules(location: object.location)
        rules.require = readBlocks(object, "require", kind: .require)
        rules.denyIf = readBlocks(object, "deny_if", kind: .denyIf)
        rules.requireApproval = readBlocks(object, "require_approval", kind: .requireApproval)
        if let list = member(object, "limits"), let elements = readList(list, what: "`limits`") {
            rules.limits = elements.compactMap { readLimit($0) }
        }
        if let value = member(object, "concurrency"),
            let count = readWhole(value, atLeast: 1, what: "`concurrency`")
        {
            rules.concurrency = Located(count, at: value.location)
        }
        return rules
    }

    /// An array of rules, no longer than allowed.
    mutating func readList(_ list: Located<JSONValue>, what: String) -> [Located<JSONValue>]? {
        guard let elements = readArray(list, what: what) else {
            return nil
        }
        counts.blocks += elements.count
        guard elements.count <= PolicyCounts.maximumRulesPerList else {
            let limit = PolicyCounts.maximumRulesPerList
            findings.error(.tooLarge, at: list.location, "\(what) has \(elements.count) entries: at most \(limit)")
            return nil
        }
        return elements
    }
}
