import Base
import JSONText
import ToolCatalogue

/// One tool and what was found out about it.
struct ClassifiedTool {
    let tool: DescribedTool
    let classification: Classification
    let findings: [PoisonFinding]
}

/// Writes classifications in the form that was asked for.
struct ClassificationWriter {
    enum Format: String {
        case table, json, jsonl, markdown
    }

    // LIMIT: lines of output that are held back before they are written.
    private static let mostHeld = 1 << 16

    let format: Format
    let console: Console
    private var held: [UInt8] = []
    private var rows: [ClassifiedTool] = []
    private var server: ArraySlice<UInt8> = []
    private var serverDescription: ArraySlice<UInt8> = []
    private var context: ServerContext?

    init(format: Format, console: Console) {
        self.format = format
        self.console = console
    }

    /// Classifies one tool; `jsonl` is written as it goes, the others at the end.
    mutating func add(_ tool: DescribedTool) {
        let context = contextOf(tool)
        let classification = Classifier.classify(tool, on: context)
        let findings = PoisonScanner.scan(tool)
        guard format == .jsonl else {
            rows.append(ClassifiedTool(tool: tool, classification: classification, findings: findings))
            return
        }
        held += Self.line(tool, classification, findings)
        held.append(UInt8(ascii: "\n"))
        if held.count > Self.mostHeld {
            console.writeOutput(held)
            held.removeAll(keepingCapacity: true)
        }
    }

    /// Most lists have one server's tools beside each other.
    private mutating func contextOf(_ tool: DescribedTool) -> ServerContext {
        if let context, server == tool.server, serverDescription == tool.serverDescription {
            return context
        }
        let fresh = ServerContext(tool)
        server = tool.server
        serverDescription = tool.serverDescription
        context = fresh
        return fresh
    }

    /// Writes what is left.
    mutating func finish() {
        switch format {
        case .jsonl:
            console.writeOutput(held)
        case .json:
            console.writeOutput(Self.document(rows))
        case .markdown:
            console.writeOutput(Array(Self.markdown(rows).utf8))
        case .table:
            writeTable()
        }
    }

    // MARK: - programs

    /// The members that `jsonl` has, no more.
    static func line(_ tool: DescribedTool, _ classification: Classification, _ findings: [PoisonFinding]) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.beginObject()
        writer.key("server")
        writer.string(tool.server)
        writer.key("name")
        writer.string(tool.name)
        writer.key("category")
        writer.string(classification.category.rawValue)
        writer.key("severity")
        writer.string(classification.severity.rawValue)
        writer.key("additive")
        writer.boolean(classification.isAdditive)
        writer.key("confidence")
        writer.raw(Array(classification.confidenceText.utf8))
        evidence(classification, &writer)
        Self.findings(findings, &writer)
        writer.endObject()
        return writer.output
    }

    private static func evidence(_ classification: Classification, _ writer: inout JSONWriter) {
        writer.key("evidence")
        writer.beginArray()
        for evidence in classification.evidence {
            writer.beginObject()
            writer.key("quote")
            writer.string(evidence.quote)
            writer.key("source")
            writer.string(evidence.source)
            writer.key("says")
            writer.string(evidence.says)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func document(_ rows: [ClassifiedTool]) -> [UInt8] {
        var writer = JSONWriter(reserving: rows.count * 1_024 + 64)
        writer.beginObject()
        writer.key("rules")
        writer.number(Classification.rulesVersion)
        writer.key("tools")
        writer.beginArray()
        for row in rows {
            full(row, &writer)
        }
        writer.endArray()
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    private static func full(_ row: ClassifiedTool, _ writer: inout JSONWriter) {
        let tool = row.tool
        let classification = row.classification
        writer.beginObject()
        writer.key("server")
        writer.string(tool.server)
        writer.key("name")
        writer.string(tool.name)
        writer.key("category")
        writer.string(classification.category.rawValue)
        writer.key("severity")
        writer.string(classification.severity.rawValue)
        writer.key("severity_floor")
        writer.string(classification.floor.rawValue)
        writer.key("severity_argued")
        writer.string(classification.argued.rawValue)
        writer.key("additive")
        writer.boolean(classification.isAdditive)
        writer.key("confidence")
        writer.raw(Array(classification.confidenceText.utf8))
        evidence(classification, &writer)
        writer.key("signals")
        writer.beginArray()
        for signal in classification.signals {
            writer.beginObject()
            writer.key("kind")
            writer.string(signal.kind.rawValue)
            writer.key("parameter")
            writer.string(signal.parameter)
            writer.endObject()
        }
        writer.endArray()
        writer.key("rationale")
        writer.string(classification.rationale)
        writer.key("misuse")
        writer.string(classification.misuse)
        findings(row.findings, &writer)
        writer.key("tokens")
        writer.number(TokenEstimate.tokens(of: tool))
        writer.endObject()
    }

    private static func findings(_ findings: [PoisonFinding], _ writer: inout JSONWriter) {
        writer.key("findings")
        writer.beginArray()
        for finding in findings {
            writer.beginObject()
            writer.key("code")
            writer.string(finding.code.rawValue)
            writer.key("quote")
            writer.string(finding.quote)
            writer.key("source")
            writer.string(finding.source)
            writer.key("says")
            writer.string(finding.says)
            writer.endObject()
        }
        writer.endArray()
    }

    // MARK: - people

    private func writeTable() {
        let ordered = rows.sorted { left, right in
            left.classification.category > right.classification.category
        }
        let cells = ordered.map { row in
            [
                String(decoding: row.tool.name, as: UTF8.self), row.classification.category.rawValue,
                row.classification.severity.rawValue, row.classification.isAdditive ? "yes" : "no",
                row.classification.confidenceText, row.classification.evidence.last?.quote ?? "",
            ]
        }
        let table = TextTable(
            headings: ["TOOL", "CLASS", "SEVERITY", "ADDITIVE", "CONFIDENCE", "EVIDENCE"],
            rows: cells
        )
        for line in table.lines(width: console.outputWidth) {
            console.output(line)
        }
        for row in ordered {
            for finding in row.findings {
                let name = String(decoding: row.tool.name, as: UTF8.self)
                console.say(
                    "\(console.coloured("suspect", .red)): `\(name)` \(finding.says), at \(finding.source):"
                        + " \(finding.quote)"
                )
            }
        }
        console.say(Self.summary(rows.map(\.classification)))
    }

    static func summary(_ classifications: [Classification]) -> String {
        let counts = RiskCategory.allCases.compactMap { category -> String? in
            let count = classifications.count { $0.category == category }
            return count == 0 ? nil : "\(count) \(category.rawValue)"
        }
        return "\(classifications.count) tools: \(counts.joined(separator: ", "))"
    }

    private static func markdown(_ rows: [ClassifiedTool]) -> String {
        var text = "# Tools by risk\n\n\(summary(rows.map(\.classification))).\n"
        for row in rows.sorted(by: { $0.classification.category > $1.classification.category }) {
            let classification = row.classification
            text += "\n## \(MarkdownText.code(row.tool.name))\n\n"
            text += "**\(classification.category.rawValue)**, \(classification.severity.rawValue) risk"
            text +=
                classification.argued == classification.floor
                ? ""
                : " (argued:"
                    + " \(classification.argued.rawValue))"
            text += ", \(classification.isAdditive ? "only adds" : "not purely additive")"
            text +=
                ", confidence \(classification.confidenceText)\n\n\(classification.rationale)"
                + " \(classification.misuse)\n"
            for evidence in classification.evidence {
                text +=
                    "\n- \(MarkdownText.code(Array(evidence.quote.utf8)[...])) (\(evidence.source)): \(evidence.says)"
            }
            for signal in classification.signals {
                text += "\n- \(MarkdownText.plain(signal.sentence))"
            }
            for finding in row.findings {
                let quote = MarkdownText.code(Array(finding.quote.utf8)[...])
                text += "\n- **suspect** (\(finding.code.rawValue)): it \(finding.says), at"
                text += " \(MarkdownText.code(Array(finding.source.utf8)[...])): \(quote)"
            }
            text += "\n"
        }
        return text
    }
}

/// Text of strangers inside Markdown (security.md, E9).
enum MarkdownText {
    /// As code, on one line; longer fences than any in the text.
    static func code(_ bytes: ArraySlice<UInt8>) -> String {
        let text = TextTable.plain(String(decoding: bytes, as: UTF8.self))
        guard !text.isEmpty else {
            return "(empty)"
        }
        var longest = 0
        var run = 0
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return longest == 0 ? fence + text + fence : "\(fence) \(text) \(fence)"
    }

    /// As words: what Markdown and HTML act on is escaped.
    static func plain(_ text: String) -> String {
        var out = ""
        for character in TextTable.plain(text) {
            if "\\`*_{}[]<>()#+!|&".contains(character) {
                out.append("\\")
            }
            out.append(character)
        }
        return out
    }
}
