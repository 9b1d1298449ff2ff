import Base
import Secrets
import Stores
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("keys of a running gateway")
struct ServedKeysTests {
    private static let binding = CredentialBinding(organisation: "o", server: "s", origin: "https://a", credential: "c")

    /// What was said.
    private final class Said {
        var lines: [String] = []
    }

    private func withKeys(_ body: (String, ServedKeys, Said) throws -> Void) throws {
        let folder = try FileAccess.makeTemporaryFolder(prefix: "toolgate-keys")
        defer { FileAccess.removeFolder(folder, files: ["keys.json"]) }
        let path = "\(folder)/keys.json"
        let said = Said()
        let (keys, _) = try KeyFile.loadOrCreate(path: path)
        try body(path, ServedKeys(keys, path: path) { said.lines.append($0) }, said)
    }

    @Test(
        "a rotated key is taken in at the next look, and what was sealed before still opens",
        arguments: KeyKind.allCases
    )
    func rotated(kind: KeyKind) throws {
        try withKeys { path, keys, said in
            #expect(!keys.look() && keys.generation == 0)
            let old = try #require(try keys.sealer?.seal(Secret(Array("planted".utf8)), for: Self.binding))
            try KeyFile.rotate(kind, path: path)
            #expect(keys.look() && keys.generation == 1)
            #expect(!keys.look())
            #expect(keys.current.keys(of: kind).map(\.version) == [2, 1])
            #expect(try keys.sealer?.open(old, for: Self.binding).reveal() == Array("planted".utf8))
            #expect(said.lines.isEmpty)
        }
    }

    @Test("a retired wrapping key is let go")
    func retired() throws {
        try withKeys { path, keys, _ in
            try KeyFile.rotate(.wrapping, path: path)
            try KeyFile.retire(.wrapping, below: 2, path: path)
            #expect(keys.look())
            #expect(keys.current.wrappingKeys.map(\.version) == [2] && keys.sealer?.currentVersion == 2)
        }
    }

    @Test("a file that cannot be read, or has lost keys tokens depend on, changes nothing and is told once")
    func unusable() throws {
        try withKeys { path, keys, said in
            let peppers = keys.current.peppers.map { $0.key.reveal() }
            let old = try FileAccess.read(path)
            try FileAccess.write(Array("no keys".utf8), to: path)
            #expect(!keys.look() && !keys.look())
            #expect(said.lines.count == 1)
            // Others of the same versions.
            unlink(path)
            _ = try KeyFile.loadOrCreate(path: path)
            #expect(!keys.look())
            #expect(said.lines.last?.contains("has lost `pepper` keys") == true)
            unlink(path)
            #expect(!keys.look())
            #expect(keys.current.peppers.map { $0.key.reveal() } == peppers && keys.generation == 0)
            try FileAccess.write(old, to: path)
            #expect(chmod(path, 0o600) == 0)
            try KeyFile.rotate(.wrapping, path: path)
            #expect(keys.look() && keys.sealer?.currentVersion == 2)
        }
    }
}
