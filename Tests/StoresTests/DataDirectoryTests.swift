import Glibc
import Stores
import Testing

@Suite("the data directory")
struct DataDirectoryTests {
    private func temporary() throws -> String {
        var template = Array("/tmp/toolgate-data-XXXXXX".utf8CString)
        return try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private func reason(_ body: () throws -> Void) -> DataDirectoryError.Reason? {
        do {
            try body()
            return nil
        } catch {
            return (error as? DataDirectoryError)?.reason
        }
    }

    @Test("F10: a directory that is not there is made with its parents, for its owner only")
    func made() throws {
        let root = try temporary()
        let usual = umask(0)
        defer {
            umask(usual)
            rmdir("\(root)/a/b")
            rmdir("\(root)/a")
            rmdir(root)
        }
        let directory = try DataDirectory(opening: "\(root)/a/b")
        for path in ["\(root)/a", directory.path] {
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o700)
        }
        #expect(directory.keyFile == "\(root)/a/b/keys.json")
        #expect(directory.store == "\(root)/a/b/store.sqlite")
        #expect(try DataDirectory(existing: directory.path) == directory)
    }

    @Test("F10: a directory that others can look into, a file and a missing one are refused")
    func refused() throws {
        let root = try temporary()
        defer {
            unlink("\(root)/file")
            rmdir(root)
        }
        chmod(root, 0o750)
        #expect(reason { _ = try DataDirectory(opening: root) } == .tooOpen(mode: 0o750))
        chmod(root, 0o700)
        close(open("\(root)/file", O_CREAT | O_WRONLY, 0o600))
        #expect(reason { _ = try DataDirectory(opening: "\(root)/file") } == .notDirectory)
        guard case .system(let operation, _)? = reason({ _ = try DataDirectory(opening: "\(root)/file/below") }) else {
            Issue.record("a directory below a file")
            return
        }
        #expect(operation == "make")
        guard case .system("open", _)? = reason({ _ = try DataDirectory(existing: "\(root)/none") }) else {
            Issue.record("a missing directory was opened")
            return
        }
        #expect("\(DataDirectoryError(tooOpen: root))".contains("chmod 700"))
    }

    @Test("one gateway has a directory at a time, and lets go of it when it ends")
    func claimed() throws {
        let root = try temporary()
        defer {
            unlink("\(root)/toolgate.lock")
            rmdir(root)
        }
        let directory = try DataDirectory(opening: root)
        do {
            let claim = try directory.claim()
            #expect(reason { _ = try directory.claim() } == .claimed)
            _ = consume claim
        }
        _ = try directory.claim()
        _ = try directory.claim()
    }

    @Test("the standard place follows the XDG directories, which are absolute or nothing")
    func standardPlace() {
        let standard = DataDirectory.standardPath
        #expect(standard(["XDG_STATE_HOME": "/state", "HOME": "/home/ana"]) == "/state/toolgate")
        #expect(standard(["XDG_STATE_HOME": "state", "HOME": "/home/ana"]) == "/home/ana/.local/state/toolgate")
        #expect(standard(["HOME": "/home/ana"]) == "/home/ana/.local/state/toolgate")
        #expect(standard(["HOME": ""]) == nil)
        #expect(standard([:]) == nil)
    }
}

extension DataDirectoryError {
    fileprivate init(tooOpen path: String) {
        self.init(reason: .tooOpen(mode: 0o755), path: path)
    }
}
