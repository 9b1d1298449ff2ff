import Base
import CatalogueSQLite
import EventLoops
import ShippedConnectors
import StackReport
import ToolCatalogue

/// `toolgate catalogue export`: the catalogue's pages as a site for any web server.
enum CatalogueExport {
    /// Servers that are asked of the index at once.
    private static let step = 1_000

    static let command = Command(
        ["catalogue", "export"],
        "write the catalogue's pages as a static site",
        details:
            "One page for each server and tool, one for each known attack, and a list; no script, nothing fetched from\n"
            + "elsewhere, dark and light. SERVER is named as for `catalogue show`; without any, the connectors that come\n"
            + "with Toolgate and every server of the index that has tools. DIR must not exist yet, or be empty.",
        operands: CommandOperands(placeholder: "[SERVER...]", count: 0...10_000),
        options: [CommandOption("html", "DIR", "the folder to write to")] + CatalogueSource.options,
        examples: [
            ("everything", "toolgate catalogue export --html site"),
            ("two servers", "toolgate catalogue export --html site kommo bitrix24"),
        ]
    ) { invocation throws(CommandFailure) in
        guard let folder = invocation.value("html") else {
            throw .usage("say where to: `--html DIR`")
        }
        guard invocation.value("tools") == nil || invocation.operands.count == 1 else {
            throw .usage("`--tools` is the list of one SERVER: name it")
        }
        if FileAccess.stamp(folder) != nil, FileAccess.isEmptyFolder(folder) != true {
            throw .refused("`\(folder)` is there and not an empty folder: name another, or empty it")
        }
        var site = SiteFolder(folder)
        let names = invocation.operands.isEmpty ? try allServers(invocation) : invocation.operands
        var bar = ProgressBar(invocation.console, size: names.count)
        var listed: [CatalogueSite.Listed] = []
        var tools = 0
        for (place, name) in names.enumerated() {
            let source = try CatalogueSource.find(name, invocation)
            try site.write(CatalogueSite.page(of: source.facts))
            for tool in source.tools {
                let page = ToolPage(tool.tool, tool.classification, server: source.facts)
                try site.write(CatalogueSite.page(of: page))
            }
            listed.append(CatalogueSite.Listed(source.facts))
            tools += source.tools.count
            bar.show(place + 1, "\(place + 1) servers, \(tools) tools")
        }
        bar.end()
        for file in CatalogueSite.lists(listed, date: today()) + CatalogueSite.attacks + [CatalogueSite.style] {
            try site.write(file)
        }
        invocation.console.say(
            "\(listed.count) servers and \(tools) tools are in `\(folder)`: open \(folder)/index.html"
        )
        return .done
    }

    private static func allServers(_ invocation: Invocation) throws(CommandFailure) -> [String] {
        var names = ShippedConnectors.names
        guard let index = try CatalogueFiles.existing(invocation) else {
            return names
        }
        var last = ""
        while true {
            let after = last
            let part = try CatalogueFiles.attempt { () throws(CatalogueFailure) in
                try index.servers(after: after, limit: step)
            }
            names += part.filter { !ShippedConnectors.names.contains($0) }
            guard part.count == step, let end = part.last else {
                return names
            }
            last = end
        }
    }

    private static func today() -> String {
        var bytes: [UInt8] = []
        SystemTime().wallTime.appendRFC3339(to: &bytes)
        return String(decoding: bytes.prefix(10), as: UTF8.self)
    }
}

/// A folder that files go into, with the folders they need.
private struct SiteFolder {
    private let path: String
    private var made: Set<String> = []

    init(_ path: String) {
        self.path = path
    }

    mutating func write(_ file: CatalogueSite.File) throws(CommandFailure) {
        do throws(FileProblem) {
            let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
            if made.insert(folder).inserted {
                try FileAccess.makeFolder("\(path)/\(folder)")
            }
            try FileAccess.write(Array(file.text.utf8), to: "\(path)/\(file.path)")
        } catch {
            throw .environment(error.message)
        }
    }
}
