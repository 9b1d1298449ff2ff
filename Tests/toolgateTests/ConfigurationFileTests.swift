import Base
import Gateway
import Settings
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("toolgate.yaml and the files it names")
struct ConfigurationFileTests {
    private static let digest = "hmac-sha256:1da0b7133bfe2f992aea21077b21caff7c0e2ebb187fb982807fc6c841321832"
    private static let yaml = """
        version: 1
        servers:
          - name: crm
            upstream: {url: "http://127.0.0.1:3001/mcp"}
            headers: {X-Key: {secret: env:CRM_KEY}}
        policies:
          - {name: main, server: crm, document: policy.json}
        grants:
          - {label: a, server: crm, policy: main, token_digest: "\(digest)"}
        """
    private static let policy = #"{"version":"1","default":"deny","tools":{"a":{}}}"#

    private final class Folder {
        let path: String

        init(yaml: String, policy: String) throws {
            var template = Array("/tmp/toolgate-config-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template).map { String(cString: $0) })
            try write(yaml, "toolgate.yaml")
            try write(policy, "policy.json")
        }

        func write(_ text: String, _ name: String) throws {
            try FileAccess.write(Array(text.utf8), to: "\(path)/\(name)")
        }

        func load(_ environment: [String: String] = ["CRM_KEY": "k-123456"]) -> LoadedConfiguration {
            ConfigurationFile(path: "\(path)/toolgate.yaml", environment: environment).load()
        }

        deinit {
            FileAccess.removeFolder(path, files: ["toolgate.yaml", "policy.json"])
        }
    }

    @Test("a whole configuration becomes a definition, its files are those to watch")
    func whole() throws {
        let folder = try Folder(yaml: Self.yaml, policy: Self.policy)
        let loaded = folder.load()
        #expect(loaded.problems.isEmpty)
        #expect(loaded.configuration?.servers.map(\.name) == ["crm"])
        #expect(loaded.configuration?.grants.map(\.label) == ["a"])
        #expect(Set(loaded.sources.keys) == ["\(folder.path)/toolgate.yaml", "\(folder.path)/policy.json"])
        #expect(loaded.sources.allSatisfy { FileAccess.stamp($0.key) == $0.value })
    }

    @Test("a rewritten or replaced file has another stamp")
    func stamps() throws {
        let folder = try Folder(yaml: Self.yaml, policy: Self.policy)
        let loaded = folder.load()
        try folder.write(Self.policy + " ", "policy.json")
        #expect(FileAccess.stamp("\(folder.path)/policy.json") != loaded.sources["\(folder.path)/policy.json"])
        unlink("\(folder.path)/policy.json")
        #expect(FileAccess.stamp("\(folder.path)/policy.json") == nil)
    }

    @Test("every mistake is told with file, line and column, and no secret in it")
    func mistakes() throws {
        let unset = try Folder(yaml: Self.yaml, policy: Self.policy)
        let missing = unset.load([:])
        #expect(missing.configuration == nil)
        #expect(missing.problems.count == 1)
        #expect(missing.problems[0].hasPrefix("\(unset.path)/toolgate.yaml:5:"))
        let badPolicy = try Folder(yaml: Self.yaml, policy: #"{"version":"1","default":"maybe"}"#)
        let refused = badPolicy.load()
        #expect(refused.configuration == nil)
        #expect(refused.problems[0].hasPrefix("\(badPolicy.path)/policy.json:1:"))
        let badHeader = try Folder(yaml: Self.yaml, policy: Self.policy)
        let broken = badHeader.load(["CRM_KEY": "k-\u{1}secret"])
        #expect(broken.configuration == nil)
        #expect(broken.problems.contains { $0.hasPrefix("\(badHeader.path)/toolgate.yaml:") })
        #expect(!broken.problems.contains { $0.contains("secret-") || $0.contains("k-\u{1}") })
        let absent = ConfigurationFile(path: "/nowhere/toolgate.yaml", environment: [:]).load()
        #expect(absent.problems == ["cannot use `/nowhere/toolgate.yaml`: no such file or directory"])
        #expect(absent.sources == ["/nowhere/toolgate.yaml": nil])
    }

    @Test("warnings come with a definition that loads")
    func warnings() throws {
        let policy = #"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[]}]}}}"#
        let loaded = try Folder(yaml: Self.yaml, policy: policy).load()
        #expect(loaded.configuration != nil)
        #expect(loaded.warnings.contains { $0.contains("warning") })
    }
}
