import Base
import JSONText
import ToolCatalogue

/// `toolgate catalogue …`: what tools can do, and how dangerous that is.
enum CatalogueCommands {
    static let all =
        [classify] + CatalogueIndexCommands.all + CatalogueShowCommands.all + [
            CatalogueExport.command, CatalogueChanges.command,
        ]

    // MARK: - classify

    static let classify = Command(
        ["catalogue", "classify"],
        "say what each tool can do, how dangerous that is, and why",
        details:
            "FILE is a tools/list result, its `tools` array, one definition, or one definition a line; `-` is"
            + " standard\n"
            + "input. A definition may also have `server` and `serverDescription`. Annotations come from the"
            + " server and can\n"
            + "only raise Read to Write. A tool of which too little is known is Unclassified: take it as the"
            + " most dangerous.\n"
            + "--output jsonl writes one line a tool, for programs. Exit 1 when something in the file is no tool.",
        operands: CommandOperands(placeholder: "FILE", count: 1...1),
        options: [
            CommandOption(
                "output",
                "FORMAT",
                "table (as without it), json, jsonl or markdown",
                choices: ["table", "json", "jsonl", "markdown", "text"]
            )
        ],
        examples: [
            ("a server's tools", "toolgate catalogue classify tools.json"),
            ("for a program", "toolgate catalogue classify --output jsonl definitions.jsonl"),
            ("from a server", "curl -s … | toolgate catalogue classify --output markdown -"),
        ]
    ) { invocation throws(CommandFailure) in
        let path = invocation.operands[0]
        let source = ToolSource(bytes: try PolicyFiles.read(path), path: path)
        var report = ClassificationWriter(
            format: ClassificationWriter.Format(rawValue: invocation.value("output") ?? "table") ?? .table,
            console: invocation.console
        )
        let isWhole = source.each {
            report.add($0)
        } problem: {
            invocation.console.say($0)
        }
        report.finish()
        return isWhole ? .done : .refused
    }
}

/// Tool definitions in a file, in any of the forms they come in.
struct ToolSource {
    // LIMIT: one file; the largest list of the public data has 33 MB.
    private static let limits = JSONLimits(maximumBytes: 256 << 20, maximumNodes: 32_000_000)

    let bytes: [UInt8]
    let path: String

    /// Gives each tool; what is none is said, and the rest goes on.
    ///
    /// Whether all were tools.
    func each(_ body: (DescribedTool) -> Void, problem: (String) -> Void) -> Bool {
        let whole: JSONDocument
        do throws(JSONError) {
            whole = try JSONDocument(bytes, limits: Self.limits)
        } catch {
            return lines(body, problem)
        }
        let root = whole.root
        let list = root.kind == .object ? root["tools"] ?? root["result"]?["tools"] : root
        guard let list, list.kind == .array else {
            return take(root, "\(path)", body, problem)
        }
        var isWhole = true
        for (index, element) in list.elements.enumerated() {
            isWhole = take(element, "\(path): the tool at place \(index)", body, problem) && isWhole
        }
        return isWhole
    }

    private func lines(_ body: (DescribedTool) -> Void, _ problem: (String) -> Void) -> Bool {
        var isWhole = true
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > 0x20 }) else {
                continue
            }
            do throws(JSONError) {
                let document = try JSONDocument(Array(line), limits: Self.limits)
                isWhole = take(document.root, "\(path):\(index + 1)", body, problem) && isWhole
            } catch {
                problem("\(path):\(index + 1): \(error.reason)")
                isWhole = false
            }
        }
        return isWhole
    }

    private func take(
        _ value: JSONValue,
        _ place: String,
        _ body: (DescribedTool) -> Void,
        _ problem: (String) -> Void
    ) -> Bool {
        guard let tool = DescribedTool(value) else {
            problem("\(place) is not an object with a text `name`")
            return false
        }
        body(tool)
        return true
    }
}
