import Base
import Glibc
import Testing

@testable import Secrets

/// A directory of its own for each test, removed with everything in it.
private final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/toolgate-keys-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in names {
            unlink("\(path)/\(name)")
            rmdir("\(path)/\(name)")
        }
        rmdir(path)
    }

    var names: [String] {
        guard let directory = opendir(path) else {
            return []
        }
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
        return names
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o600) throws -> String {
        let file = try #require(fopen("\(path)/\(name)", "wb"))
        fputs(text, file)
        fclose(file)
        chmod("\(path)/\(name)", mode)
        return "\(path)/\(name)"
    }
}

@Suite struct KeyFileTests {
    private static let key = String(repeating: "A", count: 43)

    private func reason(_ body: () throws -> Void) -> KeyFileError.Reason? {
        do {
            try body()
            return nil
        } catch {
            return (error as? KeyFileError)?.reason
        }
    }

    private func bytes(_ keys: [VersionedKey]) -> [[UInt8]] {
        keys.map { $0.key.reveal() }
    }

    @Test("F10: the first start makes keys of its own, which nobody else may read; the next ones find them")
    func creates() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys"
        let usual = umask(0)
        defer { umask(usual) }
        let first = try KeyFile.loadOrCreate(path: path)
        #expect(first.wasCreated)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        let second = try KeyFile.loadOrCreate(path: path)
        #expect(!second.wasCreated)
        #expect(bytes(second.keys.peppers) == bytes(first.keys.peppers))
        #expect(bytes(second.keys.sealingKeys) == bytes(first.keys.sealingKeys))
        #expect(directory.names == ["keys"])
        let other = try KeyFile.loadOrCreate(path: directory.path + "/other")
        #expect(bytes(other.keys.peppers) != bytes(first.keys.peppers))
        #expect(bytes(first.keys.peppers) != bytes(first.keys.sealingKeys))
    }

    @Test("F10: gateways that start at once all end up with the same keys")
    func createsOnce() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys"
        let results = await withTaskGroup(of: (pepper: [UInt8], wasCreated: Bool)?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    guard let loaded = try? KeyFile.loadOrCreate(path: path) else {
                        return nil
                    }
                    return (loaded.keys.peppers[0].key.reveal(), loaded.wasCreated)
                }
            }
            var results: [(pepper: [UInt8], wasCreated: Bool)?] = []
            for await result in group {
                results.append(result)
            }
            return results.compactMap { $0 }
        }
        #expect(results.count == 8)
        #expect(Set(results.map(\.pepper)).count == 1)
        #expect(results.count { $0.wasCreated } == 1)
        #expect(directory.names == ["keys"])
    }

    @Test(
        "F10: a key file that others may read or write is refused",
        arguments: [0o640, 0o604, 0o660, 0o622, 0o601] as [mode_t]
    )
    func refusesOpenFiles(mode: mode_t) throws {
        let directory = try TemporaryDirectory()
        let text = String(decoding: KeyFile.generate().text, as: UTF8.self)
        let path = try directory.write(text, to: "keys", mode: mode)
        #expect(reason { _ = try KeyFile.loadOrCreate(path: path) } == .tooOpen(mode: UInt32(mode)))
    }

    @Test("what is no file is refused, and nothing hangs on it")
    func refusesOthers() throws {
        let directory = try TemporaryDirectory()
        #expect(reason { _ = try KeyFile.load(path: directory.path + "/none") } == .missing)
        #expect(reason { _ = try KeyFile.load(path: directory.path) } == .notRegular)
        mkfifo(directory.path + "/pipe", 0o600)
        #expect(reason { _ = try KeyFile.load(path: directory.path + "/pipe") } == .notRegular)
        let large = try directory.write(String(repeating: "#", count: 70_000), to: "large")
        #expect(reason { _ = try KeyFile.load(path: large) } == .tooLarge)
        let error = KeyFileError(.missing, path: "/x/keys")
        #expect(error.description.contains("`/x/keys`"))
        if case .system(let operation, let problem)? = reason({ _ = try KeyFile.loadOrCreate(path: "/nowhere/at/all") })
        {
            #expect(operation == "create")
            #expect(!problem.isEmpty)
        } else {
            Issue.record("a missing directory is the system's refusal")
        }
    }

    @Test("the text of a key file comes back as its keys, older versions last")
    func roundTrip() throws {
        let text =
            "toolgate-keys 1\n# note\npepper 1 \(Self.key)\n\npepper 10 \(Self.key)\npepper 2 \(Self.key)\nsealing 3 \(Self.key)\n"
        let keys = try KeyFile(parsing: Array(text.utf8))
        #expect(keys.peppers.map(\.version) == [10, 2, 1])
        #expect(keys.sealingKeys.map(\.version) == [3])
        #expect(keys.sealingKey != nil)
        let again = try KeyFile(parsing: keys.text)
        #expect(again.peppers.map(\.version) == [10, 2, 1])
        #expect(bytes(again.peppers) == bytes(keys.peppers))
    }

    @Test(
        "a text that is not a key file is refused with its line",
        arguments: [
            ("", 1), ("toolgate-keys 2\n", 2), ("toolgate-keys 3\n", 1), ("pepper 1 A\n", 1),
            ("toolgate-keys 1\r\n", 1),
            ("toolgate-keys 1\npepper 1\n", 2), ("toolgate-keys 1\npepper  1 KEY\n", 2),
            ("toolgate-keys 1\npepper 0 KEY\n", 2), ("toolgate-keys 1\npepper +1 KEY\n", 2),
            ("toolgate-keys 1\npepper 99999999999 KEY\n", 2), ("toolgate-keys 1\npepper 1 KEYA\n", 2),
            ("toolgate-keys 1\npepper 1 KEY=\n", 2), ("toolgate-keys 1\npepper 1 KEY\nPepper 2 KEY\n", 3),
            ("toolgate-keys 1\nwrapping 1 KEY\n", 2), ("toolgate-keys 1\npepper 1 KEY\npepper 1 KEY\n", 3),
            ("toolgate-keys 1\npepper 1 KEY\n", 3), ("toolgate-keys 1\nsealing 1 KEY", 2),
            ("toolgate-keys 2\npepper 1 KEY\nsealing 1 KEY\n", 4),
            ("toolgate-keys 1\npepper 1 KEY\nsealing 1 KEY\nwrapping 1 KEY\n", 4),
        ]
    )
    func refuses(text: String, line: Int) {
        let text = text.replacing("KEY", with: Self.key)
        let error = #expect(throws: KeyFileError.Reason.self) { try KeyFile(parsing: Array(text.utf8)) }
        guard case .malformed(line, let problem)? = error else {
            Issue.record("expected line \(line), got \(String(describing: error))")
            return
        }
        #expect(!problem.contains(Self.key))
    }

    @Test("a file of the first form is read as it is, and gets its wrapping key only when asked")
    func upgrade() throws {
        let directory = try TemporaryDirectory()
        let old = "toolgate-keys 1\npepper 1 \(Self.key)\npepper 2 \(Self.key)\nsealing 1 \(Self.key)\n"
        let path = try directory.write(old, to: "keys")
        let loaded = try KeyFile.loadOrCreate(path: path)
        #expect(!loaded.wasCreated)
        #expect(loaded.keys.wrappingKeys.isEmpty)
        #expect(loaded.keys.credentialSealer == nil)
        let untouched = try KeyFile.load(path: path)
        #expect(untouched.wrappingKeys.isEmpty, "reading does not change the file")
        let upgraded = try KeyFile.upgrade(path: path)
        let again = try KeyFile.load(path: path)
        #expect(upgraded.wrappingKeys.map(\.version) == [1])
        #expect(bytes(again.wrappingKeys) == bytes(upgraded.wrappingKeys))
        #expect(bytes(again.peppers) == bytes(loaded.keys.peppers))
        #expect(again.peppers.map(\.version) == [2, 1])
        #expect(bytes(again.sealingKeys) == bytes(loaded.keys.sealingKeys))
        #expect(again.credentialSealer != nil)
        #expect(bytes(try KeyFile.upgrade(path: path).wrappingKeys) == bytes(upgraded.wrappingKeys))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(directory.names == ["keys"])
    }

    @Test(
        "rotating adds a version that is current, retiring takes the older ones and never the current",
        arguments: KeyKind.allCases
    )
    func rotation(kind: KeyKind) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys"
        let first = try KeyFile.loadOrCreate(path: path).keys
        #expect(KeyKind.allCases.allSatisfy { first.keys(of: $0).map(\.version) == [1] })
        try KeyFile.rotate(kind, path: path)
        let rotated = try KeyFile.load(path: path)
        #expect(rotated.keys(of: kind).map(\.version) == [2, 1])
        #expect(bytes(rotated.keys(of: kind))[1] == bytes(first.keys(of: kind))[0])
        #expect(bytes(rotated.keys(of: kind))[0] != bytes(first.keys(of: kind))[0])
        for other in KeyKind.allCases where other != kind {
            #expect(bytes(rotated.keys(of: other)) == bytes(first.keys(of: other)))
        }
        let retired = try KeyFile.retire(kind, below: 99, path: path)
        #expect(retired.keys(of: kind).map(\.version) == [2])
        #expect(bytes(try KeyFile.load(path: path).keys(of: kind)) == [bytes(rotated.keys(of: kind))[0]])
    }

    @Test("a key file that another process is changing is left alone, and so is one that is not to be trusted")
    func busy() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys"
        _ = try KeyFile.loadOrCreate(path: path)
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(reason { try KeyFile.rotate(.wrapping, path: path) } == .busy)
        #expect(flock(descriptor, LOCK_UN) == 0)
        chmod(path, 0o640)
        #expect(reason { try KeyFile.rotate(.wrapping, path: path) } == .tooOpen(mode: 0o640))
        chmod(path, 0o600)
        #expect(try KeyFile.load(path: path).wrappingKeys.map(\.version) == [1])
        #expect(reason { try KeyFile.upgrade(path: directory.path + "/none") } == .missing)
    }

    @Test("what a killed writer left of the keys is gone after the next write, and nothing else")
    func leftovers() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys.json"
        _ = try KeyFile.loadOrCreate(path: path)
        for name in ["keys.json.new-1y2p0ij32e8e7", "keys.json.new-a"] {
            _ = try directory.write("toolgate-keys 2", to: name)
        }
        let others = [
            "keys.json.new-", "keys.json.new-A b", "keys.json.newer", "other.json.new-a", "keys.json.new-a.txt",
        ]
        for name in others {
            _ = try directory.write("mine", to: name)
        }
        try KeyFile.rotate(.pepper, path: path)
        #expect(directory.names.sorted() == (others + ["keys.json"]).sorted())
        #expect(try KeyFile.load(path: path).peppers.map(\.version) == [2, 1])
    }

    @Test("a check tells one key file from another, stays with its pepper through rotations, and is no key")
    func checks() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/keys.json"
        let first = try KeyFile.loadOrCreate(path: path).keys
        #expect(first.checks.count == 1 && first.checks[0].count == 32)
        try KeyFile.rotate(.pepper, path: path)
        let second = try KeyFile.load(path: path)
        #expect(second.checks.count == 2 && second.checks[1] == first.checks[0])
        #expect(second.checks[0] != first.checks[0])
        #expect(KeyFile.generate().checks != first.checks)
        #expect(first.checks[0] != first.peppers[0].key.reveal())
    }
}
