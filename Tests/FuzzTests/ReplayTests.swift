import FuzzTargets
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The inputs the fuzzers start from, and every input that once broke something: none may trap again.
@Suite("fuzz replay")
struct ReplayTests {
    @Test("H4: no committed input traps or breaks a property of its reader", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        var count = 0
        for folder in ["corpus", "regressions"] {
            let path = "\(Corpora.repository)/Fuzz/\(folder)/\(target.rawValue)"
            for name in Self.names(path) {
                target.run(try #require(Corpora.bytes(ofFile: "\(path)/\(name)")))
                count += 1
            }
        }
        #expect(count > 0, "Fuzz/corpus/\(target.rawValue) is empty")
    }

    @Test("H4: no prefix of a committed input traps either", arguments: FuzzTarget.allCases)
    func prefixes(target: FuzzTarget) throws {
        let path = "\(Corpora.repository)/Fuzz/corpus/\(target.rawValue)"
        for name in Self.names(path) {
            let bytes = try #require(Corpora.bytes(ofFile: "\(path)/\(name)"))
            for end in stride(from: 0, to: min(bytes.count, 400), by: 3) {
                target.run(Array(bytes[..<end]))
            }
        }
    }

    /// The files in a folder, sorted; none when it does not exist.
    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else {
            return []
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") {
                names.append(name)
            }
        }
        return names.sorted()
    }
}
