// `make bench-catalogue`: the index at full size, from the public definitions repeated and varied (docs/benchmarks.md).
//
// Usage: CatalogueBench DEFINITIONS.jsonl FOLDER [TOOLS] [SERVERS]

import Base
import CatalogueSQLite
import Glibc
import JSONText
import ToolCatalogue

func fail(_ words: String) -> Never {
    print("bench-catalogue: \(words)")
    exit(1)
}

func lines(of path: String) -> [[UInt8]] {
    guard let file = fopen(path, "rb") else { fail("cannot read \(path)") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
}

/// The same tool of another server: a number in its name, its server's name and its description, and every third word of
/// the description in another place, so that words are as common as they were and texts are not the same.
func varied(_ line: [UInt8], _ round: Int, into writer: inout JSONWriter) {
    guard let root = try? JSONDocument(line).root else { fail("a line is no JSON") }
    writer.beginObject()
    for member in root.members {
        writer.key(member.key.bytes)
        switch member.key.text {
        case "server": writer.string("\(member.value.string?.text ?? "")-\(round)")
        case "name" where round > 0: writer.string("\(member.value.string?.text ?? "")_\(round)")
        case "description":
            var words = (member.value.string?.text ?? "").split(separator: " ", omittingEmptySubsequences: false)
            if words.count > 3, round > 0 {
                words.swapAt(1 + round % (words.count - 1), words.count - 1)
            }
            writer.string(words.joined(separator: " "))
        default: writer.value(member.value)
        }
    }
    writer.endObject()
}

func megabytes(_ folder: String) -> Int {
    var sum = 0
    for name in ["catalogue.sqlite", "catalogue.sqlite-wal"] {
        var status = stat()
        if stat("\(folder)/\(name)", &status) == 0 { sum += Int(status.st_size) }
    }
    return sum >> 20
}

func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}

guard CommandLine.arguments.count >= 3 else { fail("usage: CatalogueBench DEFINITIONS.jsonl FOLDER [TOOLS] [SERVERS]") }
let definitions = lines(of: CommandLine.arguments[1])
let folder = CommandLine.arguments[2]
let wantedTools = CommandLine.arguments.count > 3 ? Int(CommandLine.arguments[3]) ?? 500_000 : 500_000
let wantedServers = CommandLine.arguments.count > 4 ? Int(CommandLine.arguments[4]) ?? 43_000 : 43_000
let clock = ContinuousClock()
do {
    let index = try SQLiteCatalogue(opening: "\(folder)/catalogue.sqlite")
    let origin = CatalogueOrigin(kind: .list, name: "bench", date: WallTime(milliseconds: 1_000))
    var entries: [CatalogueEntry] = []
    var taken = 0
    var made: Duration = .zero
    var spent: Duration = .zero
    for place in 0..<wantedTools {
        let begun = clock.now
        var writer = JSONWriter(reserving: 2_048)
        varied(definitions[place % definitions.count], place / definitions.count, into: &writer)
        made += clock.now - begun
        // Reading the line is part of an import; making it is not.
        let start = clock.now
        if let entry = CatalogueEntry.read(try JSONDocument(writer.output).root) {
            entries.append(entry)
        }
        if entries.count == 2_000 || place == wantedTools - 1 {
            let done = try index.take(entries, from: origin, reading: CatalogueReading(file: "bench", offset: place))
            taken += done.tools
            entries.removeAll(keepingCapacity: true)
        }
        spent += clock.now - start
    }
    let toolsOnly = spent
    // What is missing to so many servers has no tools, as most of a registry's have none that are known.
    let known = try index.counts().servers
    let start = clock.now
    for first in stride(from: known, to: wantedServers, by: 2_000) {
        let rest = (first..<min(first + 2_000, wantedServers)).map { number -> CatalogueEntry in
            var entry = ServerEntry(key: "io.example.publisher\(number % 700)/server-\(number)")
            entry.name = "Server \(number)"
            entry.description = "A server of the registry, number \(number)"
            entry.publisher = "publisher\(number % 700)"
            entry.transport = number % 3 == 0 ? "stdio" : "streamable-http"
            return .server(entry)
        }
        _ = try index.take(rest, from: origin, reading: nil)
    }
    let serversOnly = clock.now - start
    let settling = clock.now
    try index.settle()
    let settled = clock.now - settling
    let counts = try index.counts()
    let rate = Int(Double(taken) / seconds(toolsOnly + settled))
    print("import: \(taken) tools in \(seconds(toolsOnly)) s, settled in \(seconds(settled)) s: \(rate) tools/s")
    print("servers without tools: \(seconds(serversOnly)) s; \(counts.servers) servers, \(counts.tools) tools in all")
    print("database: \(megabytes(folder)) MB")
    search(index, definitions)
} catch {
    fail("\(error)")
}

/// Words of the definitions themselves, by how common they are, alone and together, with and without filters.
func search(_ index: SQLiteCatalogue, _ definitions: [[UInt8]]) {
    var queries: [CatalogueQuery] = []
    for text in [
        "get", "list", "create", "the", "a", "search query", "delete file", "get list of all", "create or update",
        "the of a and", "get delete", "list destroy", "run sql query", "send email message", "kubernetes pod logs",
    ] {
        queries.append(CatalogueQuery(text))
        for category in RiskCategory.allCases {
            var query = CatalogueQuery(text)
            query.category = category
            queries.append(query)
            query.severity = .critical
            queries.append(query)
        }
    }
    for place in stride(from: 0, to: definitions.count, by: max(1, definitions.count / 1_000)) {
        guard let root = try? JSONDocument(definitions[place]).root else { continue }
        let words = SearchText.words(root["description"]?.string?.slice ?? []).split(separator: " ")
        let name = SearchText.words(root["name"]?.string?.slice ?? [])
        queries.append(CatalogueQuery(name))
        queries.append(CatalogueQuery(words.dropFirst(place % 5).prefix(1 + place % 4).joined(separator: " ")))
        var filtered = CatalogueQuery(words.prefix(2).joined(separator: " "))
        filtered.category = RiskCategory.allCases[place % 5]
        filtered.transport = place % 2 == 0 ? "stdio" : nil
        queries.append(filtered)
    }
    var times: [(Double, CatalogueQuery, Int)] = []
    for query in queries {
        let start = clock.now
        guard let hits = try? index.search(query) else { fail("a search failed: \(query)") }
        times.append((seconds(clock.now - start) * 1_000, query, hits.count))
    }
    times.sort { $0.0 < $1.0 }
    func at(_ part: Double) -> Double { times[min(times.count - 1, Int(Double(times.count) * part))].0 }
    print(
        "search: \(times.count) queries, p50 \(at(0.5)) ms, p95 \(at(0.95)) ms, p99 \(at(0.99)) ms, worst \(at(1)) ms"
    )
    for slow in times.suffix(8) {
        print("  \(slow.0) ms, \(slow.2) hits: \(slow.1.text) \(slow.1.category?.rawValue ?? "")")
    }
}
