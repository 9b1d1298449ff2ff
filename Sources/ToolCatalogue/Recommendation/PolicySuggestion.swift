/// A first policy from what tools were found to be (policylayer.md, 7.1).
public struct PolicySuggestion: Sendable {
    /// How much is let through.
    public enum Preset: String, Sendable, CaseIterable {
        /// As the product pages have it.
        case recommended
        /// Reads are capped, what changes or starts anything needs approval, the rest is hidden.
        case strict
        /// Wide limits; only deletion and money need approval.
        case permissive
    }

    /// What becomes of one tool.
    public enum Rule: Sendable, Hashable {
        /// Listed without rules.
        case allow
        /// So many calls a minute and grant.
        case limit(Int)
        /// A person agrees first, and besides so many calls a minute; `nil` for no limit.
        case approve(limit: Int?)
        /// Not listed, answered as if it did not exist.
        case hide
        /// Not named: denied by default.
        case deny
    }

    /// What each tool gets, in the order they were given.
    public let rules: [(name: String, rule: Rule)]
    /// Tools that no exact key can name, for `*` stands for any text in a policy; they stay denied.
    public let unnamed: [String]

    /// Chooses a rule for each tool; the same name twice counts once, with the stricter class.
    public init(_ tools: [(name: String, category: RiskCategory)], preset: Preset) {
        var categories: [String: RiskCategory] = [:]
        var order: [String] = []
        var unnamed: [String] = []
        for (name, category) in tools {
            guard !name.isEmpty, !name.contains("*") else {
                unnamed.append(name)
                continue
            }
            if let known = categories[name] {
                categories[name] = max(known, category)
            } else {
                categories[name] = category
                order.append(name)
            }
        }
        rules = order.map { ($0, Self.rule(for: categories[$0] ?? .unclassified, preset)) }
        self.unnamed = unnamed
    }

    /// The rule of a class.
    public static func rule(for category: RiskCategory, _ preset: Preset) -> Rule {
        switch (preset, category) {
        case (_, .unclassified): .deny
        case (.recommended, .read): .allow
        case (.recommended, .write): .limit(30)
        case (.recommended, .execute): .limit(10)
        case (.recommended, .destructive): .hide
        case (.recommended, .financial): .approve(limit: nil)
        case (.strict, .read): .limit(60)
        case (.strict, .write): .approve(limit: 30)
        case (.strict, .execute): .approve(limit: 10)
        case (.strict, .destructive), (.strict, .financial): .hide
        case (.permissive, .read): .allow
        case (.permissive, .write): .limit(120)
        case (.permissive, .execute): .limit(60)
        case (.permissive, .destructive), (.permissive, .financial): .approve(limit: nil)
        }
    }

    /// One sentence on what a rule means for the tool.
    public static func effect(of rule: Rule, on name: String) -> String {
        switch rule {
        case .allow: "\(name) only reads, so it stays allowed; what is not named is denied."
        case .limit(let most):
            "\(name) stays usable, at most \(most) calls a minute and grant; a loop cannot"
                + " run away."
        case .approve: "\(name) waits until a person agrees to the call."
        case .hide: "\(name) is not listed, and calling it is answered as if it did not exist."
        case .deny: "\(name) is denied until a person has said what it is."
        }
    }

    /// The policy as a document, laid out as the product pages have it.
    public var document: String {
        var text = "{\n  \"version\": \"1\",\n  \"default\": \"deny\""
        let hidden = rules.filter { $0.rule == .hide }.map { "    " + Self.quoted($0.name) }
        if !hidden.isEmpty {
            text += ",\n  \"hide\": [\n" + hidden.joined(separator: ",\n") + "\n  ]"
        }
        let entries = rules.compactMap { entry($0.name, $0.rule) }
        text += ",\n  \"tools\": {"
        text += entries.isEmpty ? "}" : "\n" + entries.joined(separator: ",\n") + "\n  }"
        return text + "\n}\n"
    }

    private func entry(_ name: String, _ rule: Rule) -> String? {
        let key = "    \(Self.quoted(name)): "
        switch rule {
        case .allow: return key + "{}"
        case .limit(let most): return key + "{\n" + limits(name, most) + "\n    }"
        case .approve(nil): return key + "{\n" + Self.approval + "\n    }"
        case .approve(let most?): return key + "{\n" + Self.approval + ",\n" + limits(name, most) + "\n    }"
        case .hide, .deny: return nil
        }
    }

    private static let approval = """
              "require_approval": [
                {
                  "conditions": [],
                  "on_pending": "Requires human approval."
                }
              ]
        """

    private func limits(_ name: String, _ most: Int) -> String {
        """
              "limits": [
                {
                  "counter": \(Self.quoted(name.lowercased() + "_rate")),
                  "window": "minute",
                  "max": \(most),
                  "scope": "grant"
                }
              ]
        """
    }

    /// A JSON string; names are other people's text.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension RiskSignal {
    /// A rule worth a thought for this parameter, in a person's words; `nil` where there is none to suggest.
    public var suggestion: String? {
        let path = "args.\(parameter)"
        switch kind {
        case .url: return "`\(path)`: allow known hosts with `url_host_in`, or refuse inner ones with `url_private`"
        case .path, .outputPath: return "`\(path)`: keep it inside one folder with `path_within`"
        case .amount: return "`\(path)`: set a ceiling with `lte`, or ask for approval above it"
        case .recipients: return "`\(path)`: allow known recipients with `in` or `ends_with`"
        case .query, .code, .shell:
            return "`\(path)`: no pattern bounds a language; allow exact values with `in`, or leave the tool out"
        case .action: return "`\(path)`: allow the harmless choices with `in`"
        case .bulk: return "`\(path)`: bound how many with `length_lte`"
        case .secret, .manyParameters: return nil
        }
    }
}
