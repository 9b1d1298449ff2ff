import Base
import EventLoops
import Secrets
import StoreSQLite
import Stores
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("store and key commands")
struct StoreCommandTests {
    /// A data folder with keys and a store that holds one credential.
    final class Scene {
        let folder: String
        let store: SQLiteStore
        let binding: CredentialBinding

        init() throws {
            var template = Array("/tmp/toolgate-commands-XXXXXX".utf8CString)
            folder = try #require(mkdtemp(&template).map { String(cString: $0) })
            let directory = try DataDirectory(opening: folder)
            let sealer = try #require(try KeyFile.loadOrCreate(path: directory.keyFile).keys.credentialSealer)
            let store = try SQLiteStore(opening: directory.store, time: SystemTime())
            let server = ServerRecord(
                name: "crm",
                upstream: .http(url: "https://crm.example.com/", allowsInsecure: false)
            )
            let organisation = try store.read { reader throws(StoreError) in try reader.organisation() }
            let empty = SealedCredential(keyVersion: 1, wrapNonce: [], wrappedKey: [], nonce: [], ciphertext: [])
            var record = CredentialRecord(
                name: "token",
                server: server.id,
                origin: try #require(server.upstream.origin),
                sealed: empty
            )
            binding = record.binding(organisation: organisation.id)
            record.sealed = try sealer.seal(Secret(Array("planted-s3cret".utf8)), for: binding)
            let sealed = record
            try store.change(by: .gateway) { writer throws(StoreError) in
                try writer.save(server)
                try writer.save(sealed)
            }
            self.store = store
        }

        deinit {
            for name in ["keys.json", "store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "copy", "toolgate.lock"] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }

        func run(_ words: String...) -> (status: CommandStatus, console: RecordingConsole) {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": folder, "USER": "ana"])
            return (CommandTable.run(words, console: console.console), console)
        }

        func credential() throws -> CredentialRecord {
            try #require(try store.read { reader throws(StoreError) in try reader.credential(named: "token") })
        }
    }

    @Test("store check says that a store is sound, and with exit code 1 what is wrong with it")
    func check() throws {
        let scene = try Scene()
        let sound = scene.run("store", "check", "--output", "json")
        #expect(sound.status == .done)
        let expected = #"{"store":"\#(scene.folder)/store.sqlite","revision":1,"findings":[]}"#
        #expect(sound.console.output == expected + "\n")
        #expect(scene.run("store", "check").console.output.contains("sound, at revision 1"))
        let noise = Array("not a database ".utf8)
        let descriptor = open("\(scene.folder)/store.sqlite", O_WRONLY)
        for offset in stride(from: 8_192, to: 20_480, by: noise.count) {
            pwrite(descriptor, noise, noise.count, offset)
        }
        close(descriptor)
        unlink("\(scene.folder)/store.sqlite-wal")
        let damaged = scene.run("store", "check")
        #expect(damaged.status != .done)
    }

    @Test("store backup writes a file for its owner only that holds no secret, and never replaces one unasked")
    func backup() throws {
        let scene = try Scene()
        let target = "\(scene.folder)/copy"
        let made = scene.run("store", "backup", target, "--output", "json")
        #expect(made.status == .done, "\(made.console.error)")
        #expect(made.console.output.hasSuffix(#","backup":"\#(target)","revision":1}"# + "\n"))
        var status = stat()
        #expect(stat(target, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        let again = scene.run("store", "backup", target)
        #expect(again.status == .refused)
        #expect(again.console.error.contains("--overwrite"))
        #expect(scene.run("store", "backup", "--overwrite", target).status == .done)
        let bytes = try FileAccess.read(target)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("planted-s3cret"))
        #expect(String(decoding: bytes, as: UTF8.self).contains("crm.example.com"), "the search finds what is there")
        let nowhere = scene.run("store", "backup", "\(scene.folder)/none/copy")
        #expect(nowhere.status == .environment)
    }

    @Test("commands on a folder without a store, or none at all, say so and make nothing")
    func missing() throws {
        var template = Array("/tmp/toolgate-commands-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { rmdir(folder) }
        for words in [["store", "check"], ["store", "backup", "\(folder)/x"], ["key", "status"], ["key", "rotate"]] {
            for place in [folder, "\(folder)/none"] {
                let console = RecordingConsole(environment: ["TOOLGATE_DATA": place])
                #expect(CommandTable.run(words, console: console.console) == .environment)
                #expect(console.error.contains(place), "\(words): \(console.error)")
            }
        }
        #expect(rmdir(folder) == 0, "something was made in it")
    }

    @Test("key rotate wraps every credential anew, and the older version is retired only when asked")
    func rotate() throws {
        let scene = try Scene()
        let before = try scene.credential()
        let rotated = scene.run("key", "rotate", "--output", "json")
        #expect(rotated.status == .done, "\(rotated.console.error)")
        #expect(rotated.console.output == #"{"key":"wrapping","version":2,"rewrapped":1,"retired":[]}"# + "\n")
        let keys = try KeyFile.load(path: "\(scene.folder)/keys.json")
        #expect(keys.wrappingKeys.map(\.version) == [2, 1])
        let after = try scene.credential()
        #expect(after.sealed.keyVersion == 2)
        let alone = try #require(CredentialSealer([keys.wrappingKeys[0]]))
        #expect(try alone.open(after.sealed, for: scene.binding).reveal() == Array("planted-s3cret".utf8))
        // An older backup still opens.
        let sealer = try #require(keys.credentialSealer)
        #expect(try sealer.open(before.sealed, for: scene.binding).reveal() == Array("planted-s3cret".utf8))
        let event = try scene.store.read { reader throws(StoreError) in try reader.events(limit: 9) }.last
        #expect(event?.action == .rewrap)
        #expect(event?.author == "operator:ana")
        let retired = scene.run("key", "rotate", "--retire")
        #expect(retired.status == .done)
        #expect(retired.console.output.contains("retired: 2, 1"))
        #expect(try KeyFile.load(path: "\(scene.folder)/keys.json").wrappingKeys.map(\.version) == [3])
        #expect(scene.run("key", "rotate", "--key", "pepper", "--retire").status == .usage)
        #expect(scene.run("key", "rotate", "--key", "pepper").status == .done)
        #expect(try KeyFile.load(path: "\(scene.folder)/keys.json").peppers.map(\.version) == [2, 1])
    }

    @Test("a credential that does not open stops a rotation before anything is changed")
    func brokenCredential() throws {
        let scene = try Scene()
        var record = try scene.credential()
        let old = record.sealed
        record.sealed = SealedCredential(
            keyVersion: 1,
            wrapNonce: old.nonce,
            wrappedKey: old.wrappedKey,
            nonce: old.nonce,
            ciphertext: old.ciphertext
        )
        let broken = record
        try scene.store.change(by: .gateway) { writer throws(StoreError) in try writer.save(broken) }
        let rotated = scene.run("key", "rotate", "--retire")
        #expect(rotated.status == .refused)
        #expect(rotated.console.error.contains("`token`"))
        #expect(try KeyFile.load(path: "\(scene.folder)/keys.json").wrappingKeys.map(\.version) == [1])
        #expect(try scene.store.revision() == 2)
    }

    @Test("key status counts what depends on each version, and never shows a key")
    func status() throws {
        let scene = try Scene()
        _ = scene.run("key", "rotate")
        let text = scene.run("key", "status")
        #expect(text.status == .done)
        #expect(text.console.output.contains("wrapping 2 (current): 1 credentials"))
        #expect(text.console.output.contains("wrapping 1: 0 credentials"))
        let json = scene.run("key", "status", "--output", "json")
        #expect(json.console.output.contains(#"{"kind":"wrapping","version":1,"current":false,"credentials":0}"#))
        let file = String(decoding: try FileAccess.read("\(scene.folder)/keys.json"), as: UTF8.self)
        for line in file.split(separator: "\n").dropFirst(2) {
            let key = try #require(line.split(separator: " ").last)
            #expect(!(text.console.output + json.console.output).contains(key))
        }
        // The key file of another store, or an old copy of this one.
        unlink("\(scene.folder)/keys.json")
        _ = try KeyFile.loadOrCreate(path: "\(scene.folder)/keys.json")
        let lost = scene.run("key", "status")
        #expect(lost.status == .refused)
        #expect(lost.console.error.contains("version 2"))
        chmod("\(scene.folder)/keys.json", 0o644)
        #expect(scene.run("key", "status").status == .environment)
    }
}
