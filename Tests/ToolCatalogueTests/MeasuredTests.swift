import JSONText
import TestSupport
import Testing
import ToolCatalogue

#if canImport(Glibc)
import Glibc
#endif

/// The figures of docs/classification.md as bounds, so that a change that makes them worse is seen at once.
@Suite("the classes on public data", .enabled(if: Corpora.areExpected))
struct MeasuredTests {
    private func lines(_ bytes: [UInt8]) throws -> [JSONValue] {
        try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONDocument(Array($0)).root }
    }

    /// A definition without its annotations: the classifier's own judgement is measured.
    private func classify(_ value: JSONValue) throws -> Classification {
        var tool = try #require(DescribedTool(value))
        tool.annotations = nil
        return Classifier.classify(tool)
    }

    @Test("on the maintainers' labels: writes called read, coverage, and what only adds")
    func labelled() throws {
        var wrong = 0
        var writes = 0
        var hit = 0
        var said = 0
        var wanted = 0
        var unclassified = 0
        let tools = try lines(try Corpora.read("tools/labelled.jsonl"))
        for value in tools {
            let classification = try classify(value)
            let label = try #require(value["label"])
            unclassified += classification.category == .unclassified ? 1 : 0
            if label["readOnly"]?.boolean == false {
                writes += 1
                wrong += classification.category == .read ? 1 : 0
            }
            if let isDestructive = label["destructive"]?.boolean {
                wanted += isDestructive ? 1 : 0
                said += classification.isAdditive ? 0 : 1
                hit += isDestructive && !classification.isAdditive ? 1 : 0
            }
        }
        #expect(tools.count == 394 && writes == 176)
        // Two of the four are marked as writing without any word of it; the README of the data names the first.
        #expect(wrong <= 4)
        #expect(unclassified * 20 <= tools.count)
        #expect(hit * 100 >= wanted * 94)
        #expect(hit * 100 >= said * 75)
    }

    @Test("on the tools adjudicated by hand: five classes, on both halves", arguments: ["dev", "held"])
    func adjudicated(half: String) throws {
        let cases = try lines(try #require(Corpora.bytes(ofFile: Self.adjudicated)))
        let tools = try unlabelled()
        var right = 0
        var count = 0
        for item in cases where item["half"]?.string?.text == half {
            let key = try #require(item["server"]?.string?.text) + "\n" + #require(item["name"]?.string?.text)
            let classification = try classify(try #require(tools[key]))
            count += 1
            right += classification.category.rawValue == item["category"]?.string?.text ? 1 : 0
        }
        #expect(count == 130)
        #expect(right * 100 >= count * (half == "dev" ? 94 : 85), "\(right) of \(count)")
    }

    private static let adjudicated = "\(Corpora.repository)/Tests/ToolCatalogueTests/Data/adjudicated.jsonl"

    private func unlabelled() throws -> [String: JSONValue] {
        var tools: [String: JSONValue] = [:]
        for value in try lines(try Self.unpacked("tools/unlabelled.jsonl.gz")) {
            let server = value["server"]?.string?.text ?? ""
            tools[server + "\n" + (value["name"]?.string?.text ?? "")] = value
        }
        #expect(tools.count == 25_911)
        return tools
    }

    /// What gzip makes of a file of the corpora.
    static func unpacked(_ path: String) throws -> [UInt8] {
        let root = try #require(Corpora.root)
        let pipe = try #require(popen("gzip -dc '\(root)/\(path)'", "r"))
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else {
                return bytes
            }
            bytes += buffer[..<count]
        }
    }
}
