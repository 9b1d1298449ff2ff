public import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Finds the public corpora that some tests need (`shared/data`, see its README).
public enum Corpora {
    /// `TOOLGATE_CORPORA` if set, else `../shared/data` seen from the repository's root, if it exists.
    public static let root: String? = {
        if let chosen = getenv("TOOLGATE_CORPORA") {
            return String(cString: chosen)
        }
        let beside = "\(repository)/../shared/data"
        return access(beside, R_OK) == 0 ? beside : nil
    }()

    /// The repository's root, from where this file was compiled.
    public static let repository: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// Whether a test that needs the corpora is to run: they are there, or this is CI, where their absence is a failure.
    public static var areExpected: Bool {
        root != nil || getenv("CI").map { String(cString: $0) } == "true"
    }

    /// The bytes of one file of the corpora; fails the test when it is missing.
    public static func read(_ path: String) throws -> [UInt8] {
        let root = try #require(
            root,
            "the corpora are missing: set TOOLGATE_CORPORA or put shared/ beside the checkout"
        )
        return try #require(bytes(ofFile: "\(root)/\(path)"), "cannot read \(root)/\(path)")
    }

    /// The names in one folder of the corpora, as bytes-sorted text; names that are not UTF-8 are left out.
    public static func list(_ path: String) throws -> [String] {
        let root = try #require(
            root,
            "the corpora are missing: set TOOLGATE_CORPORA or put shared/ beside the checkout"
        )
        let directory = try #require(opendir("\(root)/\(path)"), "cannot open \(root)/\(path)")
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// The bytes of any file, `nil` when it cannot be read.
    public static func bytes(ofFile path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else {
            return nil
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 {
                return bytes
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, visibly, where the corpora are absent; in CI it runs and fails instead.
    public static var needsCorpora: Self {
        .enabled(if: Corpora.areExpected, "needs shared/data: set TOOLGATE_CORPORA or put shared/ beside the checkout")
    }
}
