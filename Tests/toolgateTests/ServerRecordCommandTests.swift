import Base
import JSONText
import Secrets
import Settings
import Stores
import Testing

@testable import toolgate

@Suite("servers and credentials of the store")
struct ServerRecordCommandTests {
    private static let secret = "Bearer planted-s3cret"

    @Test("a server is added, shown, edited header by header, renamed and removed")
    func life() throws {
        let scene = try StoreScene()
        let (status, console) = scene.run(
            "server",
            "add",
            "crm",
            "--upstream",
            "https://crm.example.com/mcp",
            "--header",
            "X-Team=open:sales",
            "--header",
            "Authorization=env:CRM_AUTH"
        )
        #expect(status == .done, "\(console.error)")
        let shown = try scene.json("server", "show", "crm")
        #expect(shown.text("path") == "/mcp/crm")
        let headers = try #require(shown["headers"]).elements.map {
            "\($0.text("name") ?? "")=\($0.text("source") ?? "")"
        }
        #expect(headers == ["X-Team=open:sales", "Authorization=env:CRM_AUTH"])
        let edited = try scene.json(
            "server",
            "edit",
            "crm",
            "--header",
            "authorization=file:/run/key",
            "--remove-header",
            "x-team",
            "--changed-tools",
            "show",
            "--limit-failure",
            "open",
            "--rename",
            "sales"
        )
        #expect(edited["headers"]?.elements.map { $0.text("source") } == ["file:/run/key"])
        #expect(edited.text("changed_tools") == "show")
        #expect(edited.text("limit_failure") == "open")
        #expect(scene.run("server", "show", "crm").0 == .refused)
        #expect(scene.run("server", "list").1.output.contains("https://crm.example.com/mcp"))
        #expect(scene.run("server", "remove", "sales", "--yes").0 == .done)
        #expect(scene.run("server", "list").1.error.contains("no servers yet"))
        #expect(try scene.json("server", "list").elements.map { $0 }.isEmpty)
    }

    @Test("a server that is a command is added, shown, changed and exported, its secret by reference")
    func processes() throws {
        let scene = try StoreScene()
        func run(_ words: String...) -> RecordingConsole {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder, "TIME_KEY": "s3cret-value"])
            #expect(CommandTable.run(words, console: console.console) == .done, "\(words): \(console.error)")
            return console
        }
        _ = run(
            "server",
            "add",
            "time",
            "--env",
            "TZ=open:UTC",
            "--env",
            "KEY=env:TIME_KEY",
            "--",
            "mst",
            "--local",
            "a b"
        )
        let shown = run("server", "show", "time", "--output", "json").output
        #expect(shown.contains(#""upstream":"mst --local 'a b'""#))
        #expect(shown.contains(#""args":["--local","a b"]"#))
        #expect(shown.contains(#""process":"shared""#))
        #expect(!shown.contains("s3cret"))
        _ = run("server", "edit", "time", "--process", "grant", "--remove-env", "TZ")
        _ = run("server", "edit", "time", "--", "/usr/bin/mst")
        let file = run("export").output
        #expect(
            file.contains(
                #"upstream: {"command":"/usr/bin/mst","process":"grant", "env": {"KEY": {secret: "env:TIME_KEY"}}}"#
            )
        )
        #expect(run("server", "logs", "time").error.contains("nothing yet"))
    }

    @Test("each mistake about a server has its message and exit code, and changes nothing")
    func refusals() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let revision = try scene.revision()
        let url = "https://x.example.com/"
        let cases: [([String], CommandStatus, String)] = [
            (["add", "x"], .usage, "`--upstream URL` or `-- COMMAND` is needed"),
            (["add", "X", "--upstream", url], .refused, "is no name"),
            (["add", "crm", "--upstream", url], .refused, "a server `crm` already"),
            (["add", "x", "--upstream", "ftp://x"], .refused, ""),
            (["add", "x", "--upstream", "http://x.example.com/"], .refused, "plain http"),
            (["add", "x", "--upstream", url, "--header", "A"], .usage, "has no source"),
            (["add", "x", "--upstream", url, "--header", "Host=env:A"], .usage, "the gateway writes itself"),
            (["add", "x", "--upstream", url, "--header", "X-Key=open:s3cret"], .usage, "carries a secret by its name"),
            (["add", "x", "--upstream", url, "--header", "X=store:A b"], .usage, "no name of a credential"),
            (["add", "x", "--upstream", url, "--header", "X=env:A b"], .usage, "no name of a variable"),
            (["add", "x", "--upstream", url, "--header", "X=env:A", "--header", "x=env:B"], .usage, "twice"),
            (["edit", "crm"], .usage, "say what is to be different"),
            (["edit", "crm", "--remove-header", "X"], .refused, "has no header `X`"),
            (["edit", "crm", "--upstream", "http://x.example.com/"], .refused, "plain http"),
            (["remove", "crm", "--yes"], .refused, "in use by grant `agent`, policy `sales`"),
            (["show", "crn"], .refused, "did you mean `crm`?"),
            (["add", "x", "--cwd", "/", "--upstream", url], .usage, "is for servers that are a command"),
            (["add", "x", "--upstream", url, "--", "cat"], .usage, "do not go together"),
            (["add", "x", "--header", "A=env:B", "--", "cat"], .usage, "a process has `--env`"),
            (["add", "x", "--env", "KEY=open:s3cret", "--", "cat"], .usage, "carries a secret by its name"),
            (["add", "x", "--env", "A-B=env:C", "--", "cat"], .usage, "is no name of a variable"),
            (["add", "x", "--env", "A=env:B", "--env", "A=env:C", "--", "cat"], .usage, "twice"),
            (["edit", "crm", "--env", "A=env:B"], .refused, "does not go with this server"),
            (["edit", "crm", "--", "cat"], .refused, "does not become a command"),
            (["logs", "crm"], .refused, "is no process"),
        ]
        for (words, expected, message) in cases {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
            #expect(CommandTable.run(["server"] + words, console: console.console) == expected, "\(words)")
            #expect(console.error.contains(message), "\(words): \(console.error)")
            #expect(!console.error.contains("s3cret"))
            #expect(console.error.split(separator: "\n").count == 1, "\(words): \(console.error)")
        }
        #expect(try scene.revision() == revision)
    }

    @Test("G5: allowing plain http is for one address, and another one needs it anew")
    func insecure() throws {
        let scene = try StoreScene()
        scene.run("server", "add", "crm", "--upstream", "http://a.example.com/", "--allow-insecure")
        #expect(scene.run("server", "edit", "crm", "--upstream", "http://b.example.com/").0 == .refused)
        #expect(scene.run("server", "edit", "crm", "--changed-tools", "show").0 == .done)
        #expect(try scene.json("server", "show", "crm")["allow_insecure"]?.boolean == true)
    }

    @Test("G5: a secret of this machine goes to another address only when it is named again")
    func carriedSecret() throws {
        let scene = try StoreScene()
        let (old, new) = ("https://a.example.com/", "https://b.example.com/")
        scene.run("server", "add", "crm", "--upstream", old, "--header", "Authorization=env:CRM_AUTH")
        #expect(scene.run("server", "edit", "crm", "--upstream", new).0 == .refused)
        #expect(try scene.json("server", "show", "crm")["upstream"]?.string?.text == old)
        #expect(scene.run("server", "edit", "crm", "--upstream", "https://a.example.com/other").0 == .done)
        let again = "authorization=env:CRM_AUTH"
        #expect(scene.run("server", "edit", "crm", "--upstream", new, "--header", again).0 == .done)
        #expect(scene.run("server", "edit", "crm", "--upstream", old, "--remove-header", "Authorization").0 == .done)
    }

    private func opened(_ scene: StoreScene) throws -> String {
        let keys = try KeyFile.load(path: "\(scene.folder)/keys.json")
        let (record, organisation) = try scene.read { reader throws(StoreError) in
            (try reader.credential(named: "token"), try reader.organisation())
        }
        let found = try #require(record)
        let sealer = try #require(keys.credentialSealer)
        let secret = try sealer.open(found.sealed, for: found.binding(organisation: organisation.id))
        return String(decoding: secret.reveal(), as: UTF8.self)
    }

    @Test("a credential is sealed from a variable, a file or a hidden line, and no output has it")
    func sealed() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let environment = ["CRM_AUTH": Self.secret]
        let (status, console) = scene.run(
            "credential",
            "add",
            "token",
            "--server",
            "crm",
            "--from",
            "env:CRM_AUTH",
            environment: environment
        )
        #expect(status == .done, "\(console.error)")
        #expect(try opened(scene) == Self.secret)
        #expect(console.error.contains("toolgate server edit crm --header Authorization=store:token"))
        let file = try scene.write("\(Self.secret)-2\n", "secret")
        let (again, second) = scene.run("credential", "edit", "token", "--from", "file:\(file)")
        #expect(again == .done)
        #expect(try opened(scene) == "\(Self.secret)-2")
        let (typed, third) = scene.ask("credential", "edit", "token", "--from", "-", answers: ["\(Self.secret)-3"])
        #expect(typed == .done)
        #expect(try opened(scene) == "\(Self.secret)-3")
        let long = String(repeating: "x", count: 4_095)
        #expect(scene.ask("credential", "edit", "token", "--from", "-", answers: [long]).0 == .refused)
        let list = scene.run("credential", "list").1
        let show = scene.run("credential", "show", "token", "--output", "json").1
        #expect(list.output.contains("sealed"))
        for text in [console, second, third, list, show].map({ $0.output + $0.error }) {
            #expect(!text.contains("planted"))
        }
        let stored = try scene.storeText()
        #expect(stored.contains("crm.example.com") && !stored.contains("planted"))
    }

    @Test("each mistake about a credential has its message and exit code, and no message has the secret")
    func credentialRefusals() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let environment = ["TOOLGATE_DATA": scene.folder, "GOOD": "planted", "BAD": "planted\nX: y", "EMPTY": ""]
        let cases: [([String], CommandStatus, String)] = [
            (["add", "token", "--server", "crm"], .usage, "`--server` and `--from` are needed"),
            (["add", "token", "--server", "crm", "--from", "planted"], .usage, "seen by everybody"),
            (["add", "token", "--server", "crm", "--from", "env:NONE"], .environment, "`NONE` is not set"),
            (["add", "token", "--server", "crm", "--from", "env:EMPTY"], .refused, "is empty"),
            (["add", "token", "--server", "crm", "--from", "env:BAD"], .refused, "no header can carry"),
            (["add", "token", "--server", "crm", "--from", "file:/nowhere/x"], .environment, "/nowhere/x"),
            (["add", "token", "--server", "crn", "--from", "env:GOOD"], .refused, "did you mean `crm`?"),
            (["add", "To ken", "--server", "crm", "--from", "env:GOOD"], .refused, "is no name"),
            (["edit", "token", "--from", "env:GOOD"], .refused, "there is no credential `token`"),
            (["remove", "token", "--yes"], .refused, "there is no credential `token`"),
        ]
        let revision = try scene.revision()
        for (words, expected, message) in cases {
            let console = RecordingConsole(environment: environment)
            #expect(CommandTable.run(["credential"] + words, console: console.console) == expected, "\(words)")
            #expect(console.error.contains(message), "\(words): \(console.error)")
            #expect(!console.error.contains("planted"))
        }
        #expect(try scene.revision() == revision)
        scene.run("credential", "add", "token", "--server", "crm", "--from", "env:K", environment: ["K": "planted"])
        let (status, console) = scene.run(
            "credential",
            "add",
            "token",
            "--server",
            "crm",
            "--from",
            "env:K",
            environment: ["K": "planted"]
        )
        #expect(status == .refused)
        #expect(console.error.contains("a credential `token` already"))
    }

    @Test("G5: a server with another address detaches its credential, which is said, until it is set anew")
    func detached() throws {
        let scene = try StoreScene()
        try scene.furnish()
        scene.run("credential", "add", "token", "--server", "crm", "--from", "env:K", environment: ["K": Self.secret])
        scene.run("server", "edit", "crm", "--header", "Authorization=store:token")
        let (refused, words) = scene.run("credential", "remove", "token", "--yes")
        #expect(refused == .refused)
        #expect(words.error.contains("in use by server `crm`"))
        let (status, console) = scene.run("server", "edit", "crm", "--upstream", "https://evil.example.com/mcp")
        #expect(status == .done)
        #expect(console.error.contains("set anew: toolgate credential edit token"))
        #expect(try scene.json("credential", "show", "token").text("state") == "detached")
        #expect(throws: (any Error).self) {
            let keys = try KeyFile.load(path: "\(scene.folder)/keys.json")
            let record = try #require(
                try scene.read { reader throws(StoreError) in try reader.credential(named: "token") }
            )
            let organisation = try scene.read { reader throws(StoreError) in try reader.organisation() }
            var moved = record
            moved.origin = "https://evil.example.com:443"
            _ = try keys.credentialSealer?.open(moved.sealed, for: moved.binding(organisation: organisation.id))
        }
        scene.run("credential", "edit", "token", "--from", "env:K", environment: ["K": Self.secret])
        #expect(try scene.json("credential", "show", "token").text("state") == "sealed")
        #expect(try opened(scene) == Self.secret)
    }

    @Test("commands that only look make nothing where there is no store", arguments: ["server", "policy", "grant"])
    func nothingMade(kind: String) throws {
        let scene = try StoreScene()
        for words in [["list"], ["show", "x"], ["remove", "x", "--yes"]] {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder])
            #expect(CommandTable.run([kind] + words, console: console.console) == .environment)
            #expect(console.error.contains("there is no store"))
        }
        #expect(FileAccess.stamp("\(scene.folder)/store.sqlite") == nil)
        #expect(FileAccess.stamp("\(scene.folder)/keys.json") == nil)
    }
}
