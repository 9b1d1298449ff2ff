import Base
import JSONText
import MCPModel
import TestSupport
import Testing

/// One line of the census of mcp-protocol.md, section 1.2: a method, its direction, and where it exists.
struct CensusLine: Sendable, CustomTestStringConvertible {
    let name: String
    let direction: Direction
    /// Per revision, oldest first.
    let exists: [Bool]

    init(_ name: String, _ direction: Direction, _ marks: String) {
        self.name = name
        self.direction = direction
        exists = marks.map { $0 == "x" }
    }

    var testDescription: String { "\(name) \(direction)" }
}

@Suite("the table of methods")
struct MethodTableTests {
    static let census: [CensusLine] = [
        CensusLine("initialize", .fromClient, "xxxx-"),
        CensusLine("notifications/initialized", .fromClient, "xxxx-"),
        CensusLine("server/discover", .fromClient, "----x"),
        CensusLine("ping", .fromClient, "xxxx-"),
        CensusLine("ping", .fromServer, "xxxx-"),
        CensusLine("tools/list", .fromClient, "xxxxx"),
        CensusLine("tools/call", .fromClient, "xxxxx"),
        CensusLine("prompts/list", .fromClient, "xxxxx"),
        CensusLine("prompts/get", .fromClient, "xxxxx"),
        CensusLine("resources/list", .fromClient, "xxxxx"),
        CensusLine("resources/templates/list", .fromClient, "xxxxx"),
        CensusLine("resources/read", .fromClient, "xxxxx"),
        CensusLine("resources/subscribe", .fromClient, "xxxx-"),
        CensusLine("resources/unsubscribe", .fromClient, "xxxx-"),
        CensusLine("subscriptions/listen", .fromClient, "----x"),
        CensusLine("notifications/subscriptions/acknowledged", .fromServer, "----x"),
        CensusLine("completion/complete", .fromClient, "xxxxx"),
        CensusLine("logging/setLevel", .fromClient, "xxxx-"),
        CensusLine("roots/list", .fromServer, "xxxx-"),
        CensusLine("sampling/createMessage", .fromServer, "xxxx-"),
        CensusLine("elicitation/create", .fromServer, "--xx-"),
        CensusLine("notifications/elicitation/complete", .fromServer, "---x-"),
        CensusLine("tasks/get", .fromClient, "---xx"),
        CensusLine("tasks/get", .fromServer, "---x-"),
        CensusLine("tasks/result", .fromClient, "---x-"),
        CensusLine("tasks/result", .fromServer, "---x-"),
        CensusLine("tasks/list", .fromClient, "---x-"),
        CensusLine("tasks/list", .fromServer, "---x-"),
        CensusLine("tasks/cancel", .fromClient, "---xx"),
        CensusLine("tasks/cancel", .fromServer, "---x-"),
        CensusLine("tasks/update", .fromClient, "----x"),
        CensusLine("notifications/tasks/status", .fromClient, "---x-"),
        CensusLine("notifications/tasks/status", .fromServer, "---x-"),
        CensusLine("notifications/tasks", .fromServer, "----x"),
        CensusLine("notifications/cancelled", .fromClient, "xxxxx"),
        CensusLine("notifications/cancelled", .fromServer, "xxxxx"),
        CensusLine("notifications/progress", .fromClient, "xxxx-"),
        CensusLine("notifications/progress", .fromServer, "xxxxx"),
        CensusLine("notifications/message", .fromServer, "xxxxx"),
        CensusLine("notifications/tools/list_changed", .fromServer, "xxxxx"),
        CensusLine("notifications/prompts/list_changed", .fromServer, "xxxxx"),
        CensusLine("notifications/resources/list_changed", .fromServer, "xxxxx"),
        CensusLine("notifications/resources/updated", .fromServer, "xxxxx"),
        CensusLine("notifications/roots/list_changed", .fromClient, "xxxx-"),
    ]

    @Test("a method exists where the census says, and nowhere else", arguments: census)
    func exists(line: CensusLine) throws {
        let method = try #require(MCPMethod(Array(line.name.utf8)))
        for (revision, expected) in zip(Revision.allCases, line.exists) {
            let rule = MethodTable.rule(for: method, in: revision, line.direction)
            #expect((rule != nil) == expected, "\(revision.text)")
        }
    }

    @Test("A14: the census names every method in every direction it has")
    func isComplete() {
        for method in MCPMethod.allCases {
            for direction in Direction.allCases {
                let isKnown = Revision.allCases.contains { MethodTable.rule(for: method, in: $0, direction) != nil }
                let isListed = Self.census.contains { $0.name == method.text && $0.direction == direction }
                #expect(isKnown == isListed, "\(method.text) \(direction)")
            }
        }
    }

    @Test("A14: every method of every revision's schema has a class", .needsCorpora, arguments: Revision.allCases)
    func schema(revision: Revision) throws {
        let document = try JSONDocument(try Corpora.read("mcp-schema/\(revision.text)/schema.json"))
        let definitions = try #require(document.root["$defs"] ?? document.root["definitions"])
        var seen = 0
        for definition in definitions.members {
            guard let name = definition.value["properties"]?["method"]?["const"]?.string else {
                continue
            }
            seen += 1
            let method = try #require(MCPMethod(name), "\(name.text) is not in the table")
            let rules = Direction.allCases.compactMap { MethodTable.rule(for: method, in: revision, $0) }
            let travelsInside = [MCPMethod.elicitationCreate, .samplingCreateMessage, .rootsList].contains(method)
            #expect(!rules.isEmpty || (revision.era == .modern && travelsInside), "\(name.text)")
            for rule in rules {
                #expect(rule.policyClass == MethodTable.policyClass(of: method))
            }
        }
        #expect(seen >= 20)
    }

    @Test(
        "A14: a name that is not byte for byte a method's is no method",
        arguments: [
            "tools/call ", " tools/call", "Tools/Call", "TOOLS/CALL", "tools%2Fcall", "tools/call\u{0}", "tools//call",
            "tools\\call", "tools/cаll", "tools/call\u{200B}", "", "tools", "notifications/", "vendor/tools/call",
        ]
    )
    func smuggled(name: String) {
        #expect(MCPMethod(Array(name.utf8)) == nil)
    }

    @Test("every method has a name of its own, and finds itself by it")
    func names() throws {
        for method in MCPMethod.allCases {
            #expect(MCPMethod(Array(method.text.utf8)) == method)
            #expect(method.isNotification == method.text.hasPrefix("notifications/"))
            let quoted = try Fixture.json("\"\(method.text.replacing("/", with: #"\/"#))\"")
            #expect(MCPMethod(try #require(quoted.string)) == method)
        }
        #expect(Set(MCPMethod.allCases.map(\.text)).count == MCPMethod.allCases.count)
    }

    @Test("Mcp-Name is due for exactly the methods that name something", arguments: MCPMethod.allCases)
    func nameSource(method: MCPMethod) {
        let expected: NameSource =
            switch method.text {
            case "tools/call", "prompts/get": .name
            case "resources/read", "resources/subscribe", "resources/unsubscribe": .uri
            case "tasks/get", "tasks/update", "tasks/cancel", "tasks/result": .taskID
            default: .none
            }
        #expect(method.nameSource == expected)
    }

    @Test("LS-24, T-09: tasks are refused in every revision that knows them")
    func tasks() {
        for revision in Revision.allCases {
            for method in [MCPMethod.tasksGet, .tasksResult, .tasksList, .tasksCancel, .tasksUpdate] {
                let rule = MethodTable.rule(for: method, in: revision, .fromClient)
                #expect(rule.map { $0.handling == .refused && $0.policyClass == .task } ?? true)
            }
        }
    }

    @Test(
        "a method needs the capability it belongs to",
        arguments: [
            (MCPMethod.toolsCall, ServerCapabilities.tools), (.promptsGet, .prompts), (.resourcesRead, .resources),
            (.resourcesSubscribe, .resourcesSubscribe), (.completionComplete, .completions),
            (.loggingSetLevel, .logging),
            (.ping, ServerCapabilities()),
        ]
    )
    func capability(method: MCPMethod, capability: ServerCapabilities) throws {
        let rule = try #require(MethodTable.rule(for: method, in: .november2025, .fromClient))
        #expect(rule.capability == capability)
    }
}
