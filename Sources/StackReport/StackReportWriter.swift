import Base
import ClientSettings
import JSONText
import ToolCatalogue

/// The report for programs.
public enum StackJSON {
    /// One JSON object; `findings[].fingerprint` is what a baseline is read from.
    public static func document(_ stack: ScannedStack, version: String) -> [UInt8] {
        var writer = JSONWriter(reserving: 1 << 16)
        writer.beginObject()
        writer.key("version")
        writer.number(1)
        writer.key("toolgate")
        writer.string(version)
        writer.key("time")
        writer.string(stack.time)
        writer.key("rules")
        writer.number(Classification.rulesVersion)
        files(stack, &writer)
        writer.key("servers")
        writer.beginArray()
        for server in stack.servers {
            self.server(server, &writer)
        }
        writer.endArray()
        writer.key("findings")
        writer.beginArray()
        for finding in stack.findings {
            self.finding(finding, &writer)
        }
        writer.endArray()
        writer.key("known_findings")
        writer.number(stack.known)
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    /// The fingerprints of an earlier report; `nil` when it is none.
    public static func fingerprints(_ report: [UInt8]) -> Set<String>? {
        do throws(JSONError) {
            let root = try JSONDocument(report, limits: JSONLimits(maximumBytes: 256 << 20, maximumNodes: 8_000_000))
                .root
            guard let findings = root["findings"], findings.kind == .array else {
                return nil
            }
            return Set(findings.elements.compactMap { $0["fingerprint"]?.string.map { ByteString($0.bytes).text } })
        } catch {
            return nil
        }
    }

    private static func files(_ stack: ScannedStack, _ writer: inout JSONWriter) {
        writer.key("files")
        writer.beginArray()
        for file in stack.files {
            writer.beginObject()
            text("client", file.client.rawValue, &writer)
            text("path", file.path, &writer)
            if let fault = file.fault {
                text("problem", fault.description, &writer)
            }
            writer.key("notes")
            writer.beginArray()
            for note in file.notes {
                writer.string(note.description)
            }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }

    private static func server(_ server: ScannedServer, _ writer: inout JSONWriter) {
        writer.beginObject()
        text("client", server.client.rawValue, &writer)
        text("name", server.name, &writer)
        text("file", server.file, &writer)
        writer.key("line")
        writer.number(server.found.line)
        text("reach", server.reach, &writer)
        writer.key("enabled")
        writer.boolean(server.found.isEnabled)
        writer.key("guarded")
        writer.boolean(server.isGuarded)
        if let project = server.found.project {
            text("project", ReportText.visible(project.text), &writer)
        }
        switch server.outcome {
        case .listed: text("outcome", "listed", &writer)
        case .notAsked(let reason):
            text("outcome", "not-asked", &writer)
            text("reason", reason, &writer)
        case .failed(let reason):
            text("outcome", "failed", &writer)
            text("reason", reason, &writer)
        }
        writer.key("tools")
        writer.beginArray()
        for tool in server.tools {
            writer.beginObject()
            text("name", tool.name, &writer)
            text("category", tool.classification.category.rawValue, &writer)
            text("severity", tool.classification.severity.rawValue, &writer)
            text("rationale", tool.classification.rationale, &writer)
            if let tokens = tool.tokens {
                writer.key("tokens")
                writer.number(tokens)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func finding(_ finding: StackFinding, _ writer: inout JSONWriter) {
        writer.beginObject()
        text("rule", finding.rule.rawValue, &writer)
        text("severity", finding.severity.rawValue, &writer)
        text("message", finding.message, &writer)
        text("client", finding.client.rawValue, &writer)
        if let server = finding.server {
            text("server", server, &writer)
        }
        if let tool = finding.tool {
            text("tool", tool, &writer)
        }
        text("file", finding.file, &writer)
        writer.key("line")
        writer.number(finding.line)
        text("fingerprint", finding.fingerprint, &writer)
        writer.endObject()
    }

    static func text(_ key: StaticString, _ value: String, _ writer: inout JSONWriter) {
        writer.key(key)
        writer.string(value)
    }
}

/// The report as SARIF 2.1.0, for code hosts.
public enum StackSARIF {
    /// One log with one run.
    public static func document(_ stack: ScannedStack, version: String) -> [UInt8] {
        var writer = JSONWriter(reserving: 1 << 16)
        writer.beginObject()
        StackJSON.text("$schema", "https://json.schemastore.org/sarif-2.1.0.json", &writer)
        StackJSON.text("version", "2.1.0", &writer)
        writer.key("runs")
        writer.beginArray()
        writer.beginObject()
        driver(version, &writer)
        writer.key("results")
        writer.beginArray()
        for finding in stack.findings {
            result(finding, &writer)
        }
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    private static func driver(_ version: String, _ writer: inout JSONWriter) {
        writer.key("tool")
        writer.beginObject()
        writer.key("driver")
        writer.beginObject()
        StackJSON.text("name", "toolgate scan", &writer)
        StackJSON.text("version", version, &writer)
        writer.key("rules")
        writer.beginArray()
        for rule in StackFinding.Rule.allCases {
            writer.beginObject()
            StackJSON.text("id", rule.rawValue, &writer)
            writer.key("shortDescription")
            writer.beginObject()
            StackJSON.text("text", rule.summary, &writer)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
    }

    private static func result(_ finding: StackFinding, _ writer: inout JSONWriter) {
        writer.beginObject()
        StackJSON.text("ruleId", finding.rule.rawValue, &writer)
        StackJSON.text(
            "level",
            finding.severity >= .high ? "error" : finding.severity == .medium ? "warning" : "note",
            &writer
        )
        writer.key("message")
        writer.beginObject()
        StackJSON.text("text", finding.message, &writer)
        writer.endObject()
        writer.key("locations")
        writer.beginArray()
        writer.beginObject()
        writer.key("physicalLocation")
        writer.beginObject()
        writer.key("artifactLocation")
        writer.beginObject()
        StackJSON.text("uri", uri(finding.file), &writer)
        writer.endObject()
        writer.key("region")
        writer.beginObject()
        writer.key("startLine")
        writer.number(finding.line)
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endArray()
        writer.key("partialFingerprints")
        writer.beginObject()
        StackJSON.text("toolgate/v1", finding.fingerprint, &writer)
        writer.endObject()
        writer.key("properties")
        writer.beginObject()
        StackJSON.text("severity", finding.severity.rawValue, &writer)
        StackJSON.text("client", finding.client.rawValue, &writer)
        writer.endObject()
        writer.endObject()
    }

    /// RFC 3986, section 2: what is not unreserved, and no slash, is written in percents.
    private static func uri(_ path: String) -> String {
        var output = path.hasPrefix("/") ? "file://" : ""
        for byte in path.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E:
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                output += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return output
    }
}

/// The report as a page for people who read Markdown.
public enum StackMarkdown {
    /// One document.
    public static func document(_ stack: ScannedStack) -> String {
        var text = "# What your agents can call\n\n\(StackSummary.sentence(stack))\n\n## Findings\n\n"
        if stack.findings.isEmpty {
            text += "None\(stack.known > 0 ? ", besides \(stack.known) that are known" : "").\n"
        } else {
            text += "| Severity | Rule | Finding | Where |\n|---|---|---|---|\n"
            for finding in stack.findings {
                text += row([
                    finding.severity.rawValue, finding.rule.rawValue, finding.message,
                    "\(finding.client.title), \(finding.file):\(finding.line)",
                ])
            }
        }
        for client in stack.clients {
            text += "\n## \(client.title)\n"
            for server in stack.servers where server.client == client {
                text += "\n### \(escaped(server.name)) (\(escaped(server.reach)))\n\n"
                switch server.outcome {
                case .notAsked(let reason), .failed(let reason): text += "Not listed: \(escaped(reason)).\n"
                case .listed:
                    text += "| Tool | Category | Severity | Why |\n|---|---|---|---|\n"
                    for tool in server.tools {
                        let classification = tool.classification
                        text += row([
                            ReportText.visible(tool.name), classification.category.rawValue,
                            classification.severity.rawValue, classification.rationale,
                        ])
                    }
                }
            }
        }
        return text
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.map { escaped($0) }.joined(separator: " | ") + " |\n"
    }

    /// Nothing a stranger wrote becomes mark-up.
    private static func escaped(_ text: String) -> String {
        var output = ""
        for character in ReportText.visible(text).unicodeScalars {
            switch character {
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "&": output += "&amp;"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "#", "!", "|", "~":
                output += "\\"
                output.unicodeScalars.append(character)
            default: output.unicodeScalars.append(character)
            }
        }
        return output
    }
}

/// The numbers everybody asks first.
public enum StackSummary {
    /// One sentence.
    public static func sentence(_ stack: ScannedStack) -> String {
        let listed = stack.servers.count {
            if case .listed = $0.outcome { true } else { false }
        }
        let tools = stack.tools.count
        let worst = RiskSeverity.allCases.reversed().compactMap { severity -> String? in
            let count = stack.findings.count { $0.severity == severity }
            return count > 0 ? "\(count) \(severity.rawValue.lowercased())" : nil
        }
        let findings = worst.isEmpty ? "no findings" : "findings: \(worst.joined(separator: ", "))"
        return
            "\(stack.clients.count) clients, \(stack.servers.count) servers (\(listed) listed), \(tools) tools; \(findings)"
            + (stack.known > 0 ? "; \(stack.known) known before" : "")
    }
}
