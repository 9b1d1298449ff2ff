import Base
import JSONText
import Secrets
import Stores
import Testing

@testable import toolgate

@Suite("grants and members of the store")
struct GrantRecordCommandTests {
    @Test("a grant's token is shown once, and the store holds its digest only")
    func added() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let (status, console) = scene.run(
            "grant",
            "add",
            "ci",
            "--server",
            "crm",
            "--policy",
            "sales",
            "--expires",
            "1h"
        )
        #expect(status == .done, "\(console.error)")
        let line = try #require(console.output.split(separator: "\n").first)
        #expect(console.output == "\(line)\n")
        let token = try #require(GrantToken(parsing: line.utf8))
        let keys = try KeyFile.load(path: "\(scene.folder)/keys.json")
        let record = try #require(try scene.read { reader throws(StoreError) in try reader.grant(labelled: "ci") })
        #expect(record.digest == keys.grantDigester.digest(of: token))
        #expect(record.createdBy == "operator:ana")
        for words in [["grant", "list"], ["grant", "show", "ci"], ["server", "show", "crm"]] {
            for output in ["json", "text"] {
                let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
                #expect(CommandTable.run(words + ["--output", output], console: console.console) == .done)
                #expect(!(console.output + console.error).contains("tg_lg_"))
                #expect(!(console.output + console.error).contains("hmac"))
            }
        }
        let text = try scene.storeText()
        #expect(text.contains("agent") && !text.contains(line))
    }

    @Test("what to paste into a client is printed for the one that was asked for, with the gateway's address")
    func client() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let root = try scene.json(
            "grant",
            "add",
            "ci",
            "--server",
            "crm",
            "--client",
            "cursor",
            "--gateway",
            "https://gate.example.com/"
        )
        #expect(root.text("endpoint") == "https://gate.example.com/mcp/crm")
        let clients = try #require(root["clients"]?.elements.map { $0 })
        #expect(clients.map { $0.text("client") } == ["cursor"])
        #expect(clients[0].text("text")?.contains(try #require(root.text("token"))) == true)
        let (status, console) = scene.run("grant", "add", "d", "--server", "crm", "--client", "all", "--gateway", "x")
        #expect(status == .usage)
        #expect(console.output.isEmpty)
    }

    @Test("each mistake in adding a grant has its message and exit code, and changes nothing")
    func refusedAdds() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("server", "add", "mail", "--upstream", "https://mail.example.com/mcp")
        let revision = try scene.revision()
        let cases: [([String], CommandStatus, String)] = [
            (["x"], .usage, "`--server` or `--bundle` is needed"),
            (["x", "--server", "crn"], .refused, "no server `crn`: did you mean `crm`?"),
            (["x", "--server", "crm", "--policy", "sale"], .refused, "did you mean `sales`?"),
            (["x", "--server", "mail", "--policy", "sales"], .refused, "is for another server"),
            (["x", "--server", "crm", "--member", "bob"], .refused, "there is no member `bob`"),
            (["x", "--server", "crm", "--expires", "soon"], .usage, "cannot be `soon`"),
            (["x", "--server", "crm", "--expires", "2020-01-01T00:00:00Z"], .usage, "in the past"),
            (["agent", "--server", "crm"], .refused, "a grant `agent` already"),
            (["a\u{1B}[2J", "--server", "crm"], .refused, "is no label"),
            ([String(repeating: "x", count: 129), "--server", "crm"], .refused, "is no label"),
        ]
        for (words, expected, message) in cases {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
            #expect(CommandTable.run(["grant", "add"] + words, console: console.console) == expected, "\(words)")
            #expect(console.error.contains(message), "\(words): \(console.error)")
            #expect(!console.error.contains("\u{1B}"))
            #expect(console.output.isEmpty, "a token was shown")
        }
        #expect(try scene.revision() == revision)
    }

    @Test("an edit says what is different; one that says nothing, or contradicts itself, is wrong usage")
    func edited() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let (status, console) = scene.run("grant", "edit", "agent", "--no-policy", "--no-member", "--rename", "bot")
        #expect(status == .done)
        #expect(console.output.contains("policy: sales -> none"))
        #expect(console.output.contains("member: ana -> nobody"))
        #expect(console.output.contains("label: agent -> bot"))
        let shown = try scene.json("grant", "show", "bot")
        #expect(shown.isNull("policy") && shown.isNull("member") && shown.isNull("expires"))
        #expect(shown.text("state") == "open")
        #expect(scene.run("grant", "edit", "bot").0 == .usage)
        #expect(scene.run("grant", "edit", "bot", "--policy", "sales", "--no-policy").0 == .usage)
        let revision = try scene.revision()
        #expect(scene.run("grant", "edit", "bot", "--expires", "never").1.output.contains("nothing was changed"))
        #expect(try scene.revision() == revision)
    }

    @Test("a rotated grant's token before overlaps as long as it was said, and without an overlap it asks")
    func rotated() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let rotated = try scene.json("grant", "rotate", "agent", "--overlap", "1h")
        #expect(rotated.text("state") == "overlapping")
        #expect(rotated["generation"]?.number?.int == 2)
        #expect(scene.run("grant", "list").1.output.contains("overlapping until 20"))
        let record = try #require(try scene.read { reader throws(StoreError) in try reader.grant(labelled: "agent") })
        let event = try #require(
            try scene.read { reader throws(StoreError) in try reader.latestEvents(limit: 1) }.first
        )
        #expect(record.previous?.ends.milliseconds == event.time.milliseconds + 3_600_000)
        #expect(event.author == "operator:ana")
        #expect(scene.run("grant", "rotate", "agent").0 == .usage)
        #expect(scene.ask("grant", "rotate", "agent", answers: ["y"]).0 == .refused)
        #expect(scene.run("grant", "rotate", "agent", "--overlap", "31d").0 == .refused)
        #expect(scene.run("grant", "rotate", "agent", "--overlap", "soon").0 == .usage)
        #expect(try scene.json("grant", "show", "agent")["generation"]?.number?.int == 2)
        #expect(scene.ask("grant", "rotate", "agent", answers: ["yes"]).0 == .done)
        #expect(try scene.json("grant", "show", "agent").text("state") == "open")
    }

    @Test("what cannot be taken back is asked about; nobody there, or another answer than yes, changes nothing")
    func asked() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("credential", "add", "key", "--server", "crm", "--from", "env:K", environment: ["K": "planted"])
        let revision = try scene.revision()
        let commands = [
            ["grant", "revoke", "agent"], ["grant", "remove", "agent"], ["policy", "remove", "sales"],
            ["server", "remove", "crm"], ["credential", "remove", "key"],
            ["member", "remove", "ana", "--grants", "keep"],
        ]
        for words in commands {
            let nobody = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
            #expect(CommandTable.run(words, console: nobody.console) == .usage, "\(words)")
            #expect(nobody.error.contains("--yes"))
            for answers in [[], ["no"], ["YES "], [""]] {
                let somebody = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder], answers: answers)
                #expect(CommandTable.run(words, console: somebody.console) == .refused, "\(words) \(answers)")
                #expect(somebody.error.contains("nothing was changed"))
            }
        }
        #expect(try scene.revision() == revision)
        #expect(scene.ask("grant", "revoke", "agent", answers: ["yes"]).0 == .done)
        #expect(try scene.json("grant", "show", "agent").text("state") == "revoked")
        #expect(scene.run("grant", "revoke", "agent", "--yes").0 == .refused)
        #expect(scene.run("grant", "rotate", "agent", "--overlap", "1h").0 == .refused)
        #expect(scene.run("grant", "remove", "agent", "--yes").0 == .done)
        #expect(scene.run("grant", "show", "agent").0 == .refused)
    }

    @Test("the change that was agreed to is the one that is made: a store that moved on meanwhile is left alone")
    func movedOn() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("server", "add", "mail", "--upstream", "https://mail.example.com/mcp")
        let folder = scene.folder
        let environment = ["TOOLGATE_DATA": folder]
        let recording = RecordingConsole(environment: environment, answers: [])
        var console = recording.console
        console.readAnswer = {
            let other = RecordingConsole(environment: environment)
            let words = ["credential", "add", "key", "--server", "mail", "--from", "env:K"]
            var surroundings = other.console
            surroundings = Console(
                writeOutput: surroundings.writeOutput,
                writeError: surroundings.writeError,
                environment: ["TOOLGATE_DATA": folder, "K": "planted"],
                outputIsTerminal: false,
                inputIsTerminal: false
            )
            _ = CommandTable.run(words, console: surroundings)
            return "yes"
        }
        #expect(CommandTable.run(["server", "remove", "mail"], console: console) == .refused)
        #expect(recording.error.contains("somebody else changed the store"))
        #expect(scene.run("server", "show", "mail").0 == .done)
    }

    @Test("removing a member says what happens to their grants, and asks")
    func memberGoes() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("member", "add", "bob", "--role", "admin")
        let revision = try scene.revision()
        let (status, console) = scene.run("member", "remove", "ana", "--yes")
        #expect(status == .usage)
        #expect(console.error.contains("`agent`") && console.error.contains("--grants revoke"))
        #expect(scene.run("member", "remove", "ana", "--grants", "give:eve", "--yes").0 == .refused)
        #expect(scene.run("member", "remove", "ana", "--grants", "drop", "--yes").0 == .usage)
        #expect(scene.ask("member", "remove", "ana", answers: ["revoke", "no"]).0 == .refused)
        #expect(try scene.revision() == revision)
        let (done, asked) = scene.ask("member", "remove", "ana", answers: ["give:bob", "yes"])
        #expect(done == .done)
        #expect(asked.error.contains("owns 1 open grants: `agent`"))
        #expect(try scene.json("grant", "show", "agent").text("member") == "bob")
        scene.run("member", "add", "eve", "--role", "admin")
        #expect(scene.run("member", "remove", "bob", "--grants", "revoke", "--yes").0 == .done)
        #expect(try scene.json("grant", "show", "agent").text("state") == "revoked")
        scene.run("member", "add", "viv")
        let (last, words) = scene.run("member", "remove", "eve", "--yes")
        #expect(last == .refused)
        #expect(words.error.contains("last active admin"))
    }

    @Test("members are listed with their roles, and edited")
    func members() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("member", "add", "bob", "--email", "bob@example.com")
        #expect(scene.run("member", "add", "bob").0 == .refused)
        #expect(scene.run("member", "add", "eve", "--email", "nowhere").0 == .refused)
        #expect(scene.run("member", "add", "eve", "--role", "king").0 == .usage)
        #expect(
            scene.run("member", "edit", "bob", "--role", "policy_manager", "--no-email", "--active", "no").0 == .done
        )
        let list = try scene.json("member", "list").elements.map { $0 }
        #expect(list.map { $0.text("label") } == ["ana", "bob"])
        #expect(list[1].text("role") == "policy_manager")
        #expect(list[1].isNull("email"))
        #expect(list[1]["active"]?.boolean == false)
    }
}
