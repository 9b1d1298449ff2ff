import Base
import JSONText
import PolicyEngine
import Stores
import TestSupport
import Testing

@testable import Gateway

@Suite("Tool pins")
struct ToolPinTests {
    static let now = WallTime(milliseconds: 1_000)

    static func tool(_ name: String, _ description: String = "d") throws -> ToolDefinition {
        let text = #"{"name":"\#(name)","description":"\#(description)","inputSchema":{"type":"object"}}"#
        return try #require(ToolDefinition(JSONDocument(Array(text.utf8)).root))
    }

    @Test("the first whole list is accepted as it is")
    func first() throws {
        var pins = ToolPins()
        #expect(try pins.take([Self.tool("a"), Self.tool("b")], isWhole: true, at: Self.now))
        #expect(pins.listed["a"]?.standing == .pinned)
        #expect(try !pins.take([Self.tool("a"), Self.tool("b")], isWhole: true, at: Self.now))
    }

    @Test("E2: a definition that changes is marked, whatever comes of it later, until it is the pinned one again")
    func changed() throws {
        var pins = ToolPins()
        _ = try pins.take([Self.tool("a", "one")], isWhole: true, at: Self.now)
        let pinned = try #require(pins.listed["a"])
        #expect(try pins.take([Self.tool("a", "two")], isWhole: true, at: Self.now))
        #expect(pins.listed["a"]?.standing == .changed)
        #expect(pins.listed["a"]?.digest == pinned.digest)
        #expect(try pins.take([Self.tool("a", "one")], isWhole: true, at: Self.now))
        #expect(pins.listed["a"]?.standing == .pinned)
    }

    @Test("E2: one byte changed anywhere in a definition is a change, its spelling and the order of keys are not")
    func everyByte() throws {
        let whole = """
            {"name":"t","title":"T","description":"does","inputSchema":{"type":"object","properties":{"a":{"type":"string",\
            "description":"which","enum":["x"],"default":"x","examples":["x"]}}},"outputSchema":{"type":"object"},\
            "annotations":{"title":"A","readOnlyHint":true},"icons":[{"src":"https://a/b"}],"_meta":{"k/v":[1,"w"]}}
            """
        let bytes = Array(whole.utf8)
        let pinned = try #require(ToolDefinition(JSONDocument(bytes).root))
        var changes = 0
        for index in bytes.indices {
            for change: UInt8 in [1, 2, 0x20] {
                var mutated = bytes
                mutated[index] ^= change
                guard let document = try? JSONDocument(mutated), let tool = ToolDefinition(document.root),
                    tool.name == pinned.name
                else {
                    continue
                }
                changes += 1
                #expect(tool.digest != pinned.digest, "\(String(decoding: mutated, as: UTF8.self))")
                var pins = ToolPins()
                _ = pins.take([pinned], isWhole: true, at: Self.now)
                _ = pins.take([tool], isWhole: true, at: Self.now)
                #expect(pins.listed[tool.name]?.standing == .changed)
            }
        }
        #expect(changes > 300)
        let respelt = whole.replacing(
            #""title":"T","description":"does""#,
            with: #""description":"do\u0065s", "title":"T""#
        )
        #expect(try ToolDefinition(JSONDocument(Array(respelt.utf8)).root)?.digest == pinned.digest)
    }

    @Test("E2: of 1,000 bytes flipped at random, in every field of a definition, every one is noticed after a restart")
    func flips() throws {
        let whole = """
            {"name":"t","title":"Title","description":"does things \u{200B}quietly","inputSchema":{"type":"object",\
            "required":["a"],"properties":{"a":{"type":"string","description":"which","maxLength":12},"n":{"type":"number",\
            "default":0.15}}},"outputSchema":{"type":"object","properties":{"r":{"type":"boolean"}}},"annotations":\
            {"title":"Annotated","readOnlyHint":true,"destructiveHint":false},"icons":[{"src":"https://a/b"}],\
            "execution":{"taskSupport":"optional"},"_meta":{"k/v":[1,null,"w"]}}
            """
        let bytes = Array(whole.utf8)
        let pinned = try #require(ToolDefinition(JSONDocument(bytes).root))
        let record = ToolPin(
            server: .random(),
            tool: pinned.name,
            standing: .pinned,
            definition: PinnedDefinition(
                digest: pinned.digest,
                canonical: JSONCanonical.exact(pinned.definition),
                seen: Self.now
            ),
            acceptedBy: "gateway:toolgate"
        )
        var random = SeededRandom(state: 11)
        var flips = 0
        var places: Set<Int> = []
        while flips < 1_000 {
            var mutated = bytes
            let place = Int.random(in: 0..<bytes.count, using: &random)
            mutated[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            guard let document = try? JSONDocument(mutated), let tool = ToolDefinition(document.root),
                tool.name == pinned.name
            else {
                continue
            }
            flips += 1
            places.insert(place)
            var pins = ToolPins()
            _ = pins.restore([record])
            _ = pins.take([tool], isWhole: true, at: Self.now)
            #expect(pins.listed["t"]?.standing == .changed, "\(String(decoding: mutated, as: UTF8.self))")
        }
        #expect(places.count > 250)
    }

    @Test("a tool that appears later is new, and its own first definition is what it is held to")
    func new() throws {
        var pins = ToolPins()
        _ = try pins.take([Self.tool("a")], isWhole: true, at: Self.now)
        _ = try pins.take([Self.tool("a"), Self.tool("b", "one")], isWhole: true, at: Self.now)
        #expect(pins.listed["b"]?.standing == .new)
        _ = try pins.take([Self.tool("a"), Self.tool("b", "two")], isWhole: true, at: Self.now)
        #expect(pins.listed["b"]?.standing == .changed)
    }

    @Test("E2: a tool cannot shed its pin by leaving for a while")
    func gone() throws {
        var pins = ToolPins()
        _ = try pins.take([Self.tool("a", "one"), Self.tool("b")], isWhole: true, at: Self.now)
        _ = try pins.take([Self.tool("b")], isWhole: true, at: Self.now)
        #expect(pins.listed["a"] == nil)
        _ = try pins.take([Self.tool("a", "two"), Self.tool("b")], isWhole: true, at: Self.now)
        #expect(pins.listed["a"]?.standing == .changed)
    }

    @Test("D5: of two definitions with one name the first counts")
    func duplicates() throws {
        var pins = ToolPins()
        _ = try pins.take([Self.tool("a", "one"), Self.tool("a", "two")], isWhole: true, at: Self.now)
        #expect(pins.listed["a"]?.digest == (try Self.tool("a", "one").digest))
        #expect(try !pins.take([Self.tool("a", "one"), Self.tool("a", "two")], isWhole: true, at: Self.now))
        #expect(pins.listed["a"]?.standing == .pinned)
    }

    @Test("one page of a list removes nothing")
    func page() throws {
        var pins = ToolPins()
        _ = try pins.take([Self.tool("a"), Self.tool("b")], isWhole: true, at: Self.now)
        _ = try pins.take([Self.tool("b"), Self.tool("c")], isWhole: false, at: Self.now)
        #expect(Set(pins.listed.keys) == ["a", "b", "c"])
        #expect(pins.listed["c"]?.standing == .new)
    }
}

@Suite("Inventory")
struct InventoryTests {
    @Test("one lists, the others wait and are woken once")
    func singleFlight() throws {
        let inventory = Inventory()
        let woken = Counter()
        guard case .list = inventory.join({ woken.add() }) else {
            Issue.record("the first one lists")
            return
        }
        guard case .wait = inventory.join({ woken.add() }) else {
            Issue.record("the second one waits")
            return
        }
        #expect(inventory.generation == 0)
        try inventory.finishListing([ToolPinTests.tool("a")], at: ToolPinTests.now, listed: Instant(nanoseconds: 0))
        #expect(woken.count == 1)
        #expect(inventory.generation == 1)
        guard case .ready(let table) = inventory.join({}) else {
            Issue.record("now it is there")
            return
        }
        #expect(table["a"] != nil)
    }

    @Test("a listing that fails wakes the others, and the next one lists")
    func failure() {
        let inventory = Inventory()
        let woken = Counter()
        _ = inventory.join({})
        _ = inventory.join({ woken.add() })
        inventory.giveUpListing()
        #expect(woken.count == 1)
        guard case .list = inventory.join({}) else {
            Issue.record("somebody has to try again")
            return
        }
    }

    @Test("listings in the background are bounded in rate and never overlap")
    func relisting() throws {
        let inventory = Inventory()
        let start = Instant(nanoseconds: 0)
        #expect(!inventory.startsRelisting(at: start))
        _ = inventory.join({})
        try inventory.finishListing([ToolPinTests.tool("a")], at: ToolPinTests.now, listed: Instant(nanoseconds: 0))
        #expect(inventory.startsRelisting(at: start))
        #expect(!inventory.startsRelisting(at: start.advanced(by: .seconds(60))))
        inventory.giveUpListing()
        #expect(!inventory.startsRelisting(at: start.advanced(by: .seconds(4))))
        #expect(inventory.startsRelisting(at: start.advanced(by: .seconds(5))))
    }

    @Test("E2: what a client's listing brings by is looked at, but is never the first list")
    func observed() throws {
        let inventory = Inventory()
        try inventory.observe([ToolPinTests.tool("a", "poisoned")], isWhole: true, at: ToolPinTests.now)
        #expect(inventory.table == nil)
        _ = inventory.join({})
        try inventory.finishListing([ToolPinTests.tool("a")], at: ToolPinTests.now, listed: Instant(nanoseconds: 0))
        try inventory.observe([ToolPinTests.tool("a", "other")], isWhole: true, at: ToolPinTests.now)
        #expect(inventory.table?["a"]?.definition.standing == .changed)
    }
}
