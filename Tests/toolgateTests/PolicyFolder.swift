import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A folder with files, removed at the end with all that has come to be in it.
final class PolicyFolder {
    let path: String

    init(_ files: [String: String]) throws {
        var template = Array("/tmp/toolgate-policy-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        for (name, text) in files {
            try FileAccess.write(Array(text.utf8), to: "\(path)/\(name)")
        }
    }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != "..", unlink("\(path)/\(name)") != 0 {
                    remove("\(path)/\(name)")
                }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    func text(_ name: String) throws -> String {
        String(decoding: try FileAccess.read("\(path)/\(name)"), as: UTF8.self)
    }
}
