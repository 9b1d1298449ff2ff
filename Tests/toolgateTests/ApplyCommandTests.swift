import Base
import JSONText
import Stores
import Testing

@testable import toolgate

@Suite("apply and export")
struct ApplyCommandTests {
    private static let digest = "hmac-sha256:" + String(repeating: "1a", count: 32)
    /// Ten mistakes, two of them in one line; the policy's own file has two more.
    private static let mistakes = """
        version: 1
        servers:
          - name: Mail Server
            upstream: {url: "https://mail.example.com/mcp"}
          - name: crm
            upstream: {url: "ftp://crm.example.com/mcp"}
            headers: {Authorization: {secret: env:NOT_SET}}
            changd_tools: hide
          - name: files
            upstream: {url: "http://files.example.com/mcp"}
          - name: docs
            upstream: {url: "https://docs.example.com/mcp"}
        policies:
          - {name: sales, server: nowhere, document: policy.json}
          - {name: read, server: docs, document: policy.json}
        grants:
          - {label: ci, server: docs, policy: none, token_digest: "\(digest)"}
          - label: night
            server: docs
            token_digest: "sha256:12"
          - {label: ci, server: docs, token_digest: "hmac-sha256:\(String(repeating: "2b", count: 32))", expires: soon}
        """
    private static let policy = #"{"version":"1","default":"maybe","tools":{"x":3}}"#

    @Test("a file with twelve mistakes has a message for each, with line and column, and leaves the store as it was")
    func tenMistakes() throws {
        let scene = try StoreScene()
        try scene.furnish()
        let revision = try scene.revision()
        let bytes = try FileAccess.read("\(scene.folder)/store.sqlite")
        _ = try scene.write(Self.policy, "policy.json")
        let file = try scene.write(Self.mistakes, "toolgate.yaml")
        let (status, console) = scene.run("apply", "--file", file, "--yes")
        #expect(status == .refused)
        let lines = console.error.split(separator: "\n").map(String.init)
        for place in [3, 6, 7, 8, 10, 14, 17, 20, 21] {
            let told = lines.filter { $0.hasPrefix("\(file):\(place):") }
            #expect(!told.isEmpty, "line \(place)")
            #expect(told.allSatisfy { $0.dropFirst("\(file):\(place):".count).first?.isNumber == true })
        }
        let inDocument = lines.filter { $0.hasPrefix("\(scene.folder)/policy.json:1:") }
        #expect(inDocument.count == 2)
        // Line 21 has two, and the last line says that nothing was changed.
        #expect(lines.count == 9 + 1 + 2 + 1, "\(console.error)")
        #expect(lines.last?.contains("nothing was changed") == true)
        #expect(console.output.isEmpty)
        #expect(try scene.revision() == revision)
        #expect(try FileAccess.read("\(scene.folder)/store.sqlite") == bytes)
    }

    @Test("apply makes nothing when its file is refused and there is no store yet")
    func nothingMade() throws {
        let scene = try StoreScene()
        _ = try scene.write(Self.policy, "policy.json")
        let file = try scene.write(Self.mistakes, "toolgate.yaml")
        #expect(scene.run("apply", "--file", file, "--yes").0 == .refused)
        #expect(scene.run("apply", "--file", "/nowhere/toolgate.yaml", "--yes").0 == .environment)
        #expect(FileAccess.stamp("\(scene.folder)/store.sqlite") == nil)
    }

    @Test("apply shows its plan and asks; only yes applies it, and then nothing is left to do")
    func asked() throws {
        let scene = try StoreScene()
        _ = try scene.write(StoreScene.policy, "policy.json")
        let file = try scene.write(
            """
            version: 1
            servers: [{name: crm, upstream: {url: "https://crm.example.com/mcp"}}]
            policies: [{name: sales, server: crm, document: policy.json}]
            grants: [{label: ci, server: crm, policy: sales, token_digest: "\(Self.digest)", member: ana}]
            """,
            "toolgate.yaml"
        )
        let nobody = scene.run("apply", "--file", file)
        #expect(nobody.0 == .usage)
        #expect(nobody.1.error.contains("`--dry-run`"))
        let (no, declined) = scene.ask("apply", "--file", file, answers: ["no"])
        #expect(no == .refused)
        #expect(declined.output.contains("+ create server `crm`"))
        #expect(try scene.revision() == 0)
        let (yes, applied) = scene.ask("apply", "--file", file, answers: ["yes"])
        #expect(yes == .done)
        #expect(applied.error.contains("revision 1"))
        let plan = try scene.json("apply", "--file", file, "--dry-run")
        #expect(plan["revision"]?.number?.int == 1)
        #expect(plan["changes"]?.elements.map { $0 }.isEmpty == true)
        let exported = scene.run("export").1.output
        let back = try scene.write(exported, "back.yaml")
        #expect(scene.run("apply", "--file", back, "--prune").1.error.contains("the store is as the file says"))
    }
}
