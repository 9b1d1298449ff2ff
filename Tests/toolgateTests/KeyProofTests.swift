import Base
import Secrets
import StoreSQLite
import Stores
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("the key file of a store")
struct KeyProofTests {
    private func plan(_ scene: StoreScene, _ said: RecordingConsole = RecordingConsole()) -> CommandFailure? {
        let parser = CommandParser(commands: [UpCommand.command], console: said.console)
        do throws(CommandFailure) {
            guard case .run(let invocation) = try parser.parse(["up", "--data", scene.folder]) else {
                return nil
            }
            let plan = try UpPlan(invocation)
            _ = try plan.openStore(environment: [:])
            return nil
        } catch {
            return error
        }
    }

    private func keys(_ scene: StoreScene) -> String { "\(scene.folder)/keys.json" }

    private func granted() throws -> StoreScene {
        let scene = try StoreScene()
        scene.run("server", "add", "crm", "--upstream", "https://crm.example.com/mcp")
        let (status, console) = scene.run("grant", "add", "bot", "--server", "crm", "--output", "json")
        try #require(status == .done, "\(console.error)")
        return scene
    }

    @Test("a store that was served starts with its key file, also a rotated one, and with no other")
    func served() throws {
        let scene = try granted()
        #expect(plan(scene) == nil)
        #expect(scene.run("key", "rotate", "--key", "pepper").0 == .done)
        let rotated = try FileAccess.read(keys(scene))
        #expect(plan(scene) == nil)
        let known = try scene.read { reader throws(StoreError) in try reader.keyCheck() }
        #expect(known == (try KeyFile.load(path: keys(scene)).checks[0]))

        unlink(keys(scene))
        let lost = try #require(plan(scene))
        #expect(lost.status == .environment)
        #expect(lost.message.contains("there is no key file") && lost.message.contains("toolgate key accept"))
        #expect(FileAccess.stamp(keys(scene)) == nil, "no new keys stand where the right ones are to be put back")

        _ = try KeyFile.loadOrCreate(path: keys(scene))
        let foreign = try #require(plan(scene))
        #expect(foreign.status == .environment)
        #expect(foreign.message.contains("is not the one the store"), "\(foreign.message)")

        try FileAccess.write(rotated, to: keys(scene), isPrivate: true)
        #expect(plan(scene) == nil)
    }

    @Test("an older copy of the key file, from before the pepper was rotated, is not enough")
    func olderCopy() throws {
        let scene = try granted()
        #expect(plan(scene) == nil)
        let old = try FileAccess.read(keys(scene))
        scene.run("key", "rotate", "--key", "pepper")
        #expect(plan(scene) == nil)
        try FileAccess.write(old, to: keys(scene), isPrivate: true)
        #expect(plan(scene)?.status == .environment)
    }

    @Test("with the keys lost for good, `key accept` lets the store start, and the right file comes back the same way")
    func accepting() throws {
        let scene = try granted()
        #expect(plan(scene) == nil)
        let right = try FileAccess.read(keys(scene))
        unlink(keys(scene))
        #expect(plan(scene) != nil)
        #expect(scene.run("key", "accept").0 == .done)
        #expect(plan(scene) == nil)
        try FileAccess.write(right, to: keys(scene), isPrivate: true)
        #expect(plan(scene) != nil)
        #expect(scene.run("key", "accept").0 == .done)
        #expect(plan(scene) == nil)
    }

    @Test("a store nobody has served yet takes the keys it finds, unless a credential speaks against them")
    func firstStart() throws {
        let scene = try granted()
        unlink(keys(scene))
        let said = RecordingConsole()
        #expect(plan(scene, said) == nil)
        #expect(said.error.contains("1 grants"), "\(said.error)")

        let sealed = try granted()
        let secret = try sealed.write("s3cret-value", "secret")
        let added = sealed.run("credential", "add", "token", "--server", "crm", "--from", "file:\(secret)")
        try #require(added.0 == .done, "\(added.1.error)")
        let right = try FileAccess.read(keys(sealed))
        unlink(keys(sealed))
        #expect(plan(sealed)?.status == .environment)
        _ = try KeyFile.loadOrCreate(path: keys(sealed))
        #expect(plan(sealed)?.status == .environment)
        try FileAccess.write(right, to: keys(sealed), isPrivate: true)
        #expect(plan(sealed) == nil)
    }

    @Test("a store that nothing was made in with keys takes any key file")
    func nothingDepends() throws {
        let scene = try StoreScene()
        scene.run("server", "add", "crm", "--upstream", "https://crm.example.com/mcp")
        #expect(plan(scene) == nil)
        unlink(keys(scene))
        #expect(plan(scene) == nil)
        #expect(scene.run("key", "accept").0 == .done)
    }

    @Test("what is written for its owner only has that mode, also where another one was left")
    func privateFiles() throws {
        let scene = try StoreScene()
        let path = try scene.write("before", "state.json")
        chmod(path, 0o644)
        try FileAccess.write(Array("{}".utf8), to: path, isPrivate: true)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }
}
