import TestSupport

#if canImport(Glibc)
import Glibc
#endif

/// Reads the repository the tests were compiled from.
enum RepositoryFiles {
    static func text(_ path: String) -> String? {
        Corpora.bytes(ofFile: "\(Corpora.repository)/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// All files below `folder` whose names end with `suffix`, as paths from the repository's root, sorted.
    static func files(below folder: String, suffix: String) -> [String] {
        var found: [String] = []
        var pending = [folder]
        while let next = pending.popLast() {
            for (name, isFolder) in entries(of: next) {
                let path = "\(next)/\(name)"
                if isFolder {
                    pending.append(path)
                } else if name.hasSuffix(suffix) {
                    found.append(path)
                }
            }
        }
        return found.sorted()
    }

    private static func entries(of folder: String) -> [(name: String, isFolder: Bool)] {
        guard let directory = opendir("\(Corpora.repository)/\(folder)") else {
            return []
        }
        defer { closedir(directory) }
        var result: [(String, Bool)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") {
                result.append((name, entry.pointee.d_type == UInt8(DT_DIR)))
            }
        }
        return result
    }
}

/// The arrows as docs/architecture.md draws them.
struct Arrows {
    /// Room → what it may import.
    let allowed: [String: Set<String>]
    /// The rooms in the order of the drawing.
    let order: [String]

    init?(_ document: String) {
        guard let start = document.range(ofLine: "```arrows") else {
            return nil
        }
        var allowed: [String: Set<String>] = [:]
        var order: [String] = []
        for line in document[start...].split(separator: "\n").dropFirst() {
            if line == "```" {
                break
            }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                return nil
            }
            let room = String(parts[0])
            order.append(room)
            allowed[room] = Set(parts[1].split(separator: " ").map(String.init))
        }
        self.allowed = allowed
        self.order = order
    }
}

extension String {
    /// Where the first line that is exactly `line` begins.
    func range(ofLine line: String) -> String.Index? {
        var position = startIndex
        for candidate in split(separator: "\n", omittingEmptySubsequences: false) {
            if candidate == line {
                return candidate.startIndex
            }
            position = candidate.endIndex
        }
        return position == startIndex ? startIndex : nil
    }

    /// The module an `import` line names, `nil` for any other line.
    static func importedModule(_ line: Substring) -> String? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        let modifiers: Set<Substring> = ["public", "package", "internal", "private", "fileprivate", "@testable"]
        guard let keyword = words.firstIndex(where: { !modifiers.contains($0) && !$0.hasPrefix("@") }),
            words[keyword] == "import"
        else {
            return nil
        }
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol", "typealias"]
        guard let name = words[words.index(after: keyword)...].first(where: { !kinds.contains($0) }) else {
            return nil
        }
        return name.split(separator: ".").first.map(String.init)
    }
}
