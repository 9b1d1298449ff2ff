import Base
import JSONText
import Stores
import Synchronization
import Testing

@testable import toolgate

@Suite("policies of the store")
struct PolicyRecordCommandTests {
    private static let other =
        #"{"version":"1","default":"deny","tools":{"get_*":{},"create_lead":{"limits":[{"counter":"c","window":"minute","max":3}]}}}"#
    private static let broken = """
        {"version": "1", "default": "deny",
          "tools": {"get_*": {"requre": []}, "x": 3}}
        """

    private func number(_ scene: StoreScene) throws -> Int? {
        try scene.json("policy", "show", "sales")["version"]?.number?.int
    }

    @Test("an edit is compiled, says which calls are decided differently, and is a version with author and note")
    func edited() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let file = try scene.write(Self.other, "other.json")
        let (status, console) = scene.run("policy", "edit", "sales", "--file", file, "--note", "leads")
        #expect(status == .done, "\(console.error)")
        #expect(console.output.contains("newly-allowed  `create_lead`"))
        #expect(console.output.contains("newly-denied  `list_leads`"))
        #expect(console.error.contains("version 2 is in force"))
        let history = try scene.json("policy", "history", "sales").elements.map { $0 }
        #expect(history.map { $0["version"]?.number?.int } == [2, 1])
        #expect(history[0].text("note") == "leads" && history[1].isNull("note"))
        #expect(history.allSatisfy { $0.text("author") == "operator:ana" })
        #expect(history[0].text("time").flatMap { WallTime(rfc3339: $0.utf8) } != nil)
        #expect(scene.run("policy", "show", "sales").1.output == Self.other + "\n")
        #expect(scene.run("policy", "show", "sales", "--version", "1").1.output == StoreScene.policy + "\n")
        let (same, words) = scene.run("policy", "edit", "sales", "--file", file)
        #expect(same == .done)
        #expect(words.error.contains("no new version"))
        #expect(try number(scene) == 2)
    }

    @Test("a document with errors is refused whole, each told with line and column, and nothing is changed")
    func refused() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let file = try scene.write(Self.broken, "broken.json")
        let revision = try scene.revision()
        for words in [["edit", "sales"], ["add", "more", "--server", "crm"]] {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
            let status = CommandTable.run(["policy"] + words + ["--file", file], console: console.console)
            #expect(status == .refused)
            #expect(console.error.contains("\(file):2:23: error:"))
            #expect(console.error.contains("\(file):2:43: error:"))
            #expect(console.error.contains("nothing was changed"))
        }
        #expect(scene.run("policy", "edit", "sales", "--file", "/nowhere.json").0 == .environment)
        #expect(scene.run("policy", "edit", "sales").0 == .usage)
        #expect(scene.run("policy", "add", "more", "--server", "crm").0 == .usage)
        #expect(scene.run("policy", "add", "Sales!", "--server", "crm", "--file", file).0 == .refused)
        #expect(try scene.revision() == revision)
    }

    @Test("a dry run says what would be different and changes nothing")
    func dryRun() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let file = try scene.write(Self.other, "other.json")
        let (status, console) = scene.run("policy", "edit", "sales", "--file", file, "--dry-run")
        #expect(status == .done)
        #expect(console.output.contains("newly-allowed"))
        #expect(console.error.contains("nothing was changed"))
        #expect(try number(scene) == 1)
    }

    @Test("a rollback is a new version with the older document")
    func rollback() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let file = try scene.write(Self.other, "other.json")
        scene.run("policy", "edit", "sales", "--file", file)
        let root = try scene.json("policy", "rollback", "sales", "1")
        #expect(root["version"]?.number?.int == 3)
        #expect(root["new_version"]?.boolean == true)
        #expect(root["changes"]?.elements.map { $0.text("effect") }.contains("newly-denied") == true)
        #expect(scene.run("policy", "show", "sales").1.output == StoreScene.policy + "\n")
        #expect(scene.run("policy", "rollback", "sales", "9").0 == .refused)
        #expect(scene.run("policy", "rollback", "sales", "one").0 == .usage)
        #expect(scene.run("policy", "rollback", "sales").0 == .usage)
        #expect(try number(scene) == 3)
    }

    @Test("in an editor, a draft that does not load can be edited again or is kept, and none that is unchanged counts")
    func editor() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let unchanged = scene.ask("policy", "edit", "sales", answers: []) { editor, path in
            editor == "ed" && !path.isEmpty
        }
        #expect(unchanged.0 == .refused)
        let failed = scene.ask("policy", "edit", "sales", answers: []) { _, _ in false }
        #expect(failed.0 == .environment)
        let tries = Guarded(0)
        let edit: @Sendable (String, String) -> Bool = { _, path in
            let count = tries.withLock { count in
                count += 1
                return count
            }
            return (try? FileAccess.write(Array((count == 1 ? Self.broken : Self.other).utf8), to: path)) != nil
        }
        let (status, console) = scene.ask("policy", "edit", "sales", answers: ["yes"], edit: edit)
        #expect(status == .done, "\(console.error)")
        #expect(console.error.contains("policy.json:2:23: error:"))
        #expect(try number(scene) == 2)
        let kept = Guarded("")
        let (given, up) = scene.ask("policy", "edit", "sales", answers: ["no"]) { _, path in
            kept.withLock { $0 = path }
            return (try? FileAccess.write(Array(Self.broken.utf8), to: path)) != nil
        }
        #expect(given == .refused)
        let draft = kept.withLock { $0 }
        #expect(up.error.contains(draft))
        #expect(try FileAccess.read(draft) == Array(Self.broken.utf8))
        FileAccess.removeFolder(String(draft.dropLast("/policy.json".count)), files: ["policy.json"])
        #expect(try number(scene) == 2)
    }

    @Test("a version somebody else made while a document was in the editor is not overwritten, nor is the draft lost")
    func concurrentEdit() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let folder = scene.folder
        let file = try scene.write(#"{"version":"1","default":"deny"}"#, "theirs.json")
        let kept = Guarded("")
        let edit: @Sendable ([String]) -> @Sendable (String, String) -> Bool = { words in
            { _, path in
                kept.withLock { $0 = path }
                let other = RecordingConsole(environment: ["TOOLGATE_DATA": folder])
                _ = CommandTable.run(words, console: other.console)
                return (try? FileAccess.write(Array(Self.other.utf8), to: path)) != nil
            }
        }
        let theirs = ["policy", "edit", "sales", "--file", file]
        let (status, console) = scene.ask("policy", "edit", "sales", answers: [], edit: edit(theirs))
        #expect(status == .refused)
        let draft = kept.withLock { $0 }
        #expect(console.error.contains("another version meanwhile"))
        #expect(console.error.contains(draft))
        #expect(try FileAccess.read(draft) == Array(Self.other.utf8))
        FileAccess.removeFolder(String(draft.dropLast("/policy.json".count)), files: ["policy.json"])
        #expect(try number(scene) == 2)
        // A change of something else is none of the policy's.
        let other = scene.ask("policy", "edit", "sales", answers: [], edit: edit(["member", "add", "bob"]))
        #expect(other.0 == .done, "\(other.1.error)")
        #expect(try number(scene) == 3)
        #expect(FileAccess.stamp(kept.withLock { $0 }) == nil)
    }

    @Test("a policy is listed with its grants, renamed, and removed when nothing is under it any more")
    func removed() throws {
        let scene = try StoreScene()
        try scene.furnish()
        #expect(scene.run("policy", "list").1.output.contains("sales  crm     1"))
        #expect(scene.run("policy", "edit", "sales", "--rename", "leads").0 == .done)
        let (status, console) = scene.run("policy", "remove", "leads", "--yes")
        #expect(status == .refused)
        #expect(console.error.contains("in use by grant `agent`"))
        scene.run("grant", "edit", "agent", "--no-policy")
        #expect(scene.run("policy", "remove", "leads", "--yes").0 == .done)
        #expect(try scene.json("policy", "list").elements.map { $0 }.isEmpty)
    }
}
