import JSONText
import Secrets
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("grant new")
struct GrantCommandTests {
    @Test("the printed digest is that of the printed token under the printed key file, which only its owner reads")
    func minted() throws {
        var template = Array("/tmp/toolgate-grant-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            unlink("\(folder)/keys.json")
            rmdir(folder)
        }
        let console = RecordingConsole(environment: ["TOOLGATE_DATA": folder])
        let status = CommandTable.run(["grant", "new", "--label", "ci", "--output", "json"], console: console.console)
        #expect(status == .done)
        let root = try JSONDocument(Array(console.output.utf8)).root
        let token = try #require(GrantToken(parsing: root["token"]?.string?.bytes ?? []))
        let keys = try KeyFile.load(path: "\(folder)/keys.json")
        #expect(root["token_digest"]?.string?.bytes == keys.grantDigester.digest(of: token).text)
        var facts = stat()
        stat("\(folder)/keys.json", &facts)
        #expect(facts.st_mode & 0o777 == 0o600)
        let text = RecordingConsole(environment: ["TOOLGATE_DATA": folder])
        #expect(CommandTable.run(["grant", "new", "--label", "on"], console: text.console) == .done)
        #expect(text.output.hasPrefix("tg_lg_"))
        #expect(text.error.contains("label: \"on\""), "a YAML boolean must be quoted")
        #expect(!text.error.contains("tg_lg_"), "the token goes to standard output only")
    }

    @Test("times that are none, or are over, are refused", arguments: ["soon", "2020-01-01T00:00:00Z"])
    func expiry(time: String) {
        let console = RecordingConsole()
        #expect(CommandTable.run(["grant", "new", "--expires", time], console: console.console) == .usage)
    }
}
