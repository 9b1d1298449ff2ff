import Base
import JSONText

/// Writes a policy in canonical form: shorthand rewritten, keys in one order, two spaces of indentation
/// (policy-language.md, section 1).
///
/// Every decision is the same before and after, the rule it names included. Without shorthand the digest is the same
/// too; tools, lists and what a condition compares with keep the order they were written in.
public struct PolicyFormat {
    /// Names that the action `hide` moved, in the order of their keys.
    private var movedToHide: [[UInt8]] = []

    private init() {}

    /// The canonical text of a policy that loads, with a line end; for one that does not, of what it means or not.
    public static func canonical(_ document: PolicyDocument) -> [UInt8] {
        var format = PolicyFormat()
        return JSONLayoutWriter.write(format.document(document.source.root))
    }

    private static let documentKeys: [String] = [
        "version", "default", "mode", "timezone", "arguments", "hide", "show_denied", "all_tools", "classes", "tools",
        "resources", "prompts", "client_requests",
    ]
    private static let entryKeys: [String] = [
        "action", "arguments", "require", "deny_if", "require_approval", "limits", "concurrency",
    ]
    private static let blockKeys: [String] = [
        "name", "conditions", "on_deny", "on_pending", "timeout", "approvers", "grants", "shadow",
    ]
    private static let conditionKeys: [String] = ["path", "op", "value", "ignore_case", "if_missing"]
    private static let limitKeys: [String] = [
        "counter", "window", "align", "max", "scope", "increment", "key", "on_deny", "shadow",
    ]
    private static let classKeys = ToolClass.allCases.map(\.rawValue)
    /// The sections that are small objects of plain values.
    private static let sectionKeys: [String: [String]] = [
        "arguments": ["validate", "closed"], "resources": ["allow", "deny"], "prompts": ["allow", "deny"],
        "client_requests": ClientRequestKind.allCases.map(\.rawValue),
    ]

    private mutating func document(_ root: JSONValue) -> JSONLayout {
        var toolEntries: JSONLayout?
        if let tools = root["tools"] {
            toolEntries = self.tools(tools)
        }
        return Self.object(root, order: Self.documentKeys) { key, value in
            if key == "hide" {
                return hide(value)
            }
            guard let value else {
                return nil
            }
            if key == "tools" {
                return toolEntries
            }
            if key == "all_tools" {
                return Self.entry(value)
            }
            if key == "classes" {
                return Self.object(value, order: Self.classKeys) { _, entry in entry.map { Self.entry($0) } }
            }
            guard let order = Self.sectionKeys[key] else {
                return JSONLayout(value)
            }
            return Self.object(value, order: order) { _, value in value.map { JSONLayout($0) } }
        }
    }

    /// The names written, then those moved there that are not among them.
    private func hide(_ written: JSONValue?) -> JSONLayout? {
        let names = written?.elements.compactMap { $0.string?.bytes } ?? []
        var seen = Set(names)
        let moved = movedToHide.filter { seen.insert($0).inserted }
        guard written != nil || !moved.isEmpty else {
            return nil
        }
        return .list((names + moved).map { .text($0) })
    }

    private mutating func tools(_ tools: JSONValue) -> JSONLayout {
        var members: [JSONLayout.Member] = []
        for member in tools.members {
            let key = member.key.bytes
            let isHidden = member.value["action"]?.string?.isEqual(to: "hide") == true
            let movesToHide = isHidden && !key.contains(UInt8(ascii: "*"))
            if movesToHide {
                movedToHide.append(key)
            }
            let entry = Self.toolEntry(member.value, key: key, keepsAction: isHidden && !movesToHide)
            // A hidden name's key says nothing more; its rules are kept for the day it is shown again.
            if !movesToHide || !entry.isEmptyContainer {
                members.append(JSONLayout.Member(key: key, value: entry))
            }
        }
        return .object(members)
    }

    // MARK: Entries

    /// An entry of `tools` without shorthand.
    private static func toolEntry(_ value: JSONValue, key: [UInt8], keepsAction: Bool) -> JSONLayout {
        var first: [String: JSONLayout] = [:]
        var last: [String: JSONLayout] = [:]
        let reason = value["reason"].map { JSONLayout($0) }
        if let action = value["action"]?.string {
            if action.isEqual(to: "deny") {
                first["deny_if"] = unconditional(reason, named: "on_deny")
            } else if action.isEqual(to: "approve") {
                first["require_approval"] = unconditional(reason, named: "on_pending")
            }
        }
        if let limit = value["rate_limit"] {
            last["limits"] = rateLimit(limit, key: key)
        }
        return object(value, order: entryKeys) { name, written in
            if name == "action" {
                return keepsAction ? written.map { JSONLayout($0) } : nil
            }
            return rules(name, written, before: first[name], after: last[name])
        }
    }

    /// An entry that can hold no shorthand.
    private static func entry(_ value: JSONValue) -> JSONLayout {
        object(value, order: entryKeys) { name, written in rules(name, written, before: nil, after: nil) }
    }

    /// One member of an entry, with what shorthand adds before and after it.
    private static func rules(
        _ name: String,
        _ written: JSONValue?,
        before: JSONLayout?,
        after: JSONLayout?
    ) -> JSONLayout? {
        guard written?.kind == .array || before != nil || after != nil else {
            return written.map { JSONLayout($0) }
        }
        let elements = (written?.elements.map { $0 } ?? []).map { element in
            name == "limits" ? limit(element) : block(element)
        }
        return .list((before.map { [$0] } ?? []) + elements + (after.map { [$0] } ?? []))
    }

    /// A block that always holds.
    private static func unconditional(_ message: JSONLayout?, named name: String) -> JSONLayout {
        var members = [member("conditions", .list([]))]
        if let message {
            members.append(member(name, message))
        }
        return .object(members)
    }

    private static func rateLimit(_ value: JSONValue, key: [UInt8]) -> JSONLayout {
        // As the reader names it.
        let counter = String(decoding: key, as: UTF8.self).lowercased() + "_rate"
        let window: JSONLayout
        if let seconds = value["window"]?.number?.int {
            let name = WindowName.allCases.first { $0.seconds == seconds }
            window = .text(name?.rawValue ?? "\(seconds)s")
        } else {
            window = value["window"].map { JSONLayout($0) } ?? .text("minute")
        }
        return .object([
            member("counter", .text(counter)),
            member("window", window),
            member("max", value["max"].map { JSONLayout($0) } ?? .scalar([UInt8(ascii: "0")])),
            member("scope", .text("grant")),
        ])
    }

    private static func block(_ value: JSONValue) -> JSONLayout {
        object(value, order: blockKeys) { name, written in
            guard let written else {
                return nil
            }
            guard name == "conditions" else {
                return JSONLayout(written)
            }
            return .list(
                written.elements.map { condition in
                    object(condition, order: conditionKeys) { _, value in value.map { JSONLayout($0) } }
                }
            )
        }
    }

    private static func limit(_ value: JSONValue) -> JSONLayout {
        object(value, order: limitKeys) { _, written in written.map { JSONLayout($0) } }
    }

    // MARK: Objects

    private static func member(_ name: String, _ value: JSONLayout) -> JSONLayout.Member {
        JSONLayout.Member(key: Array(name.utf8), value: value)
    }

    /// The known keys in their order, each as `layout` has it; `nil` leaves one out.
    private static func object(
        _ value: JSONValue,
        order: [String],
        layout: (String, JSONValue?) -> JSONLayout?
    ) -> JSONLayout {
        .object(order.compactMap { name in layout(name, value.member(Array(name.utf8))).map { member(name, $0) } })
    }
}
