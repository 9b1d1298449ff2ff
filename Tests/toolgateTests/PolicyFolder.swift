import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A folder with files, removed at the end.
final class PolicyFolder {
    let path: String
    private let names: [String]

    init(_ files: [String: String]) throws {
        var template = Array("/tmp/toolgate-policy-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        names = Array(files.keys)
        for (name, text) in files {
            try FileAccess.write(Array(text.utf8), to: "\(path)/\(name)")
        }
    }

    deinit {
        for name in names {
            unlink("\(path)/\(name)")
        }
        rmdir(path)
    }

    func text(_ name: String) throws -> String {
        String(decoding: try FileAccess.read("\(path)/\(name)"), as: UTF8.self)
    }
}
