import Base
import JSONText
import PolicyEngine
import Settings
import Stores
import TestSupport
import Testing

@testable import Gateway

/// A clock that stands where it was put.
final class StandingTime: TimeSource {
    private let shared = Shared<Int64>(1_800_000_000_000)

    var now: Instant { Instant(nanoseconds: shared.value * 1_000_000) }
    var wallTime: WallTime { WallTime(milliseconds: shared.value) }

    func advance(seconds: Int64) {
        shared.value += seconds * 1_000
    }
}

@Suite("Pins in a store")
struct PinKeeperTests {
    /// A store with one server.
    final class Scene {
        let time = StandingTime()
        let store: MemoryStore
        let server = ServerRecord(
            name: "crm",
            upstream: .http(url: "https://crm.example.com/mcp", allowsInsecure: false)
        )

        init() throws {
            store = MemoryStore(time: time)
            let server = server
            try store.change(by: Author(.commandLine, name: "ana")) { writer throws(StoreError) in
                try writer.save(server)
            }
        }

        func pin(_ tool: ByteString) throws -> ToolPin? {
            let id = server.id
            return try store.read { reader throws(StoreError) in try reader.pin(of: tool, at: id) }
        }

        func accept(_ tool: ByteString, _ digest: [UInt8]) throws {
            let id = server.id
            try store.change(by: Author(.commandLine, name: "ana")) { writer throws(StoreError) in
                try writer.accept(tool: tool, at: id, digest: digest)
            }
        }
    }

    /// A gateway's knowledge of the scene's server, from its start to its end.
    struct Process {
        let scene: Scene
        let inventory: Inventory
        var keeper: PinKeeper

        init(_ scene: Scene) throws {
            let shared = SharedState(limits: GatewayLimits())
            self.scene = scene
            keeper = try PinKeeper(shared, restoring: scene.store)
            let bytes = try #require(SnapshotCompiler.bytes(ofUUID: ByteString(scene.server.id.text)))
            inventory = shared.inventory(of: ByteString(bytes))
        }

        func list(_ tools: [ToolDefinition]) {
            inventory.finishListing(tools, at: scene.time.wallTime, listed: scene.time.now)
        }

        @discardableResult
        mutating func write() throws -> PinKeeper.Move? {
            try keeper.write(to: scene.store, now: scene.time.now)
        }

        mutating func take() throws {
            try keeper.take(from: scene.store)
        }

        func standing(_ tool: ByteString) -> ToolDefinition.Standing? {
            inventory.table?[tool]?.definition.standing
        }
    }

    private static func tool(_ name: String, _ description: String = "d") throws -> ToolDefinition {
        try ToolPinTests.tool(name, description)
    }

    @Test("E2: pins outlive the process: what changed while the gateway was down is changed, what appeared is new")
    func restart() throws {
        let scene = try Scene()
        var first = try Process(scene)
        try first.list([Self.tool("a"), Self.tool("b"), Self.tool("c")])
        try first.write()
        #expect(try scene.pin("a")?.acceptedBy == "gateway:toolgate")
        #expect(try scene.pin("a")?.accepted == scene.time.wallTime)
        scene.time.advance(seconds: 3_600)
        var second = try Process(scene)
        #expect(second.inventory.table == nil, "nothing is known before it was listed")
        try second.list([Self.tool("a", "other"), Self.tool("b"), Self.tool("d")])
        #expect(second.standing("a") == .changed)
        #expect(second.standing("b") == .pinned)
        #expect(second.standing("c") == nil)
        #expect(second.standing("d") == .new)
        #expect(second.inventory.table?["a"]?.definition.definition["description"]?.string?.text == "d")
        try second.write()
        let changed = try #require(try scene.pin("a"))
        #expect(changed.standing == .changed)
        #expect(changed.pending?.digest == (try Self.tool("a", "other").digest))
        #expect(changed.pending?.seen == scene.time.wallTime)
        #expect(try scene.pin("c")?.gone == scene.time.wallTime)
        #expect(try scene.pin("d")?.standing == .new)
        #expect(try scene.pin("d")?.acceptedBy == nil)
        var third = try Process(scene)
        try third.list([Self.tool("a", "other"), Self.tool("c", "other"), Self.tool("d")])
        #expect(third.standing("a") == .changed)
        #expect(third.standing("c") == .changed, "a tool cannot shed its pin by leaving")
        #expect(third.standing("d") == .new, "nobody has accepted it yet")
        try third.write()
        #expect(try scene.store.check() == [])
    }

    @Test("E11: what a store keeps of a definition holds no credential, and a change behind the mask is one")
    func credentials() throws {
        let scene = try Scene()
        let mask = CredentialMask([Array("wk-7f3a91c2".utf8), Array("8839201744".utf8)])
        func kept(_ tool: ByteString) throws -> [String] {
            let pin = try #require(try scene.pin(tool))
            return [pin.definition, pin.pending].compactMap { $0.map { String(decoding: $0.canonical, as: UTF8.self) } }
        }
        var first = try Process(scene)
        first.inventory.use(mask)
        let a = try Self.tool("a", "you sent wk-7f3a91c2 to me")
        let number = try #require(
            ToolDefinition(JSONDocument(Array(#"{"name":"n","inputSchema":{"maximum":8839201744}}"#.utf8)).root)
        )
        try first.list([a, number, Self.tool("b"), Self.tool("wk-7f3a91c2")])
        #expect(first.standing("a") == .pinned)
        #expect(first.standing("wk-7f3a91c2") == nil, "a name with a credential is not listed")
        #expect(first.inventory.table?["a"]?.definition.digest == a.digest)
        try first.write()
        #expect(try scene.pin("a")?.definition.digest == a.digest, "the digest is that of the real bytes")
        #expect(
            try kept("a") == [#"{"description":"you sent *** to me","inputSchema":{"type":"object"},"name":"a"}"#]
        )
        #expect(try kept("n") == [#"{"name":"n"}"#], "a number cannot be masked inside JSON")
        #expect(try scene.pin("wk-7f3a91c2") == nil)

        var second = try Process(scene)
        second.inventory.use(mask)
        try second.list([a, number, Self.tool("b")])
        #expect(second.standing("a") == .pinned)
        #expect(second.standing("n") == .pinned)
        #expect(second.inventory.table?["a"]?.definition.digest == a.digest)
        #expect(try second.write() == nil, "nothing is new")
        let other = try Self.tool("a", "you sent wk-7f3a91c2 TO me, wk-7f3a91c2")
        try second.list([other, number, Self.tool("b", "b64 d2stN2YzYTkxYzI=")])
        #expect(second.standing("a") == .changed)
        #expect(second.standing("b") == .changed)
        try second.write()
        #expect(try kept("a").last?.hasPrefix(#"{"description":"you sent *** TO me, ***","#) == true)
        #expect(try kept("b").last?.contains("b64 ***") == true)
        try scene.accept("a", other.digest)
        try second.take()
        #expect(second.standing("a") == .pinned)
        try second.write()
        #expect(try kept("a").count == 1)
        #expect(try scene.store.check() == [])
    }

    @Test("E11: what was kept in the clear before is kept anew, once, when the tool is listed again")
    func clearPins() throws {
        let scene = try Scene()
        var older = try Process(scene)
        let tool = try Self.tool("a", "sent wk-7f3a91c2")
        try older.list([tool, Self.tool("b")])
        try older.write()
        func isClear() throws -> Bool {
            let pin = try #require(try scene.pin("a"))
            return String(decoding: pin.definition.canonical, as: UTF8.self).contains("wk-7f3a91c2")
        }
        #expect(try isClear())
        let shared = SharedState(limits: GatewayLimits())
        let bytes = try #require(SnapshotCompiler.bytes(ofUUID: ByteString(scene.server.id.text)))
        let inventory = shared.inventory(of: ByteString(bytes))
        inventory.use(CredentialMask([Array("wk-7f3a91c2".utf8)]))
        var keeper = try PinKeeper(shared, restoring: scene.store)
        #expect(try keeper.write(to: scene.store, now: scene.time.now) == nil, "it was not listed yet")
        inventory.finishListing([tool, try Self.tool("b")], at: scene.time.wallTime, listed: scene.time.now)
        #expect(try keeper.write(to: scene.store, now: scene.time.now) != nil)
        #expect(try !isClear())
        #expect(try scene.pin("a")?.definition.digest == tool.digest)
        #expect(inventory.table?["a"]?.definition.standing == .pinned)
        try keeper.take(from: scene.store)
        #expect(try keeper.write(to: scene.store, now: scene.time.now) == nil)
    }

    @Test("E11: a first listing keeps no credential of the server")
    func firstListing() throws {
        let secret = Secret(Array("wk-7f3a91c2".utf8))
        let tools = [try Self.tool("a", "sent wk-7f3a91c2"), try Self.tool("wk-7f3a91c2")].map(\.definition)
        let pins = FirstListing.pins(of: tools, at: .random(), masking: [secret], seen: ToolPinTests.now)
        #expect(pins.map(\.tool) == ["a"])
        #expect(!pins.contains { String(decoding: $0.definition.canonical, as: UTF8.self).contains("wk-7f3a91c2") })
    }

    @Test("E2: what is accepted in another process counts as soon as it is taken in, for listed tools too")
    func acceptance() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a")])
        try process.list([Self.tool("a", "other"), Self.tool("b")])
        try process.write()
        let generation = process.inventory.generation
        try scene.accept("a", try Self.tool("a", "other").digest)
        try scene.accept("b", try Self.tool("b").digest)
        try process.take()
        #expect(process.standing("a") == .pinned)
        #expect(process.standing("b") == .pinned)
        #expect(process.inventory.table?["a"]?.definition.digest == (try Self.tool("a", "other").digest))
        #expect(process.inventory.generation > generation, "workers have to notice")
        try process.write()
        #expect(try scene.pin("a")?.acceptedBy == "operator:ana")
        try process.list([Self.tool("a"), Self.tool("b")])
        #expect(process.standing("a") == .changed, "what was accepted before is not accepted now")
    }

    @Test("E2: a definition that goes back to the accepted one needs nobody, here and in the store")
    func back() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a")])
        try process.write()
        try process.list([Self.tool("a", "other")])
        try process.write()
        #expect(try scene.pin("a")?.standing == .changed)
        try process.list([Self.tool("a")])
        #expect(process.standing("a") == .pinned)
        try process.write()
        #expect(try scene.pin("a")?.standing == .pinned)
        #expect(try scene.pin("a")?.pending == nil)
    }

    @Test("E2: a definition that changes again after it was looked at is not accepted with it")
    func race() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a")])
        try process.list([Self.tool("a", "harmless")])
        try process.write()
        // Seen by the gateway, not yet by the store, when somebody accepts what the store has.
        try process.list([Self.tool("a", "harmful")])
        try scene.accept("a", try Self.tool("a", "harmless").digest)
        #expect(throws: StoreError.self) { try process.write() }
        try process.take()
        #expect(process.standing("a") == .changed)
        try process.write()
        #expect(try scene.pin("a")?.definition.digest == (try Self.tool("a", "harmless").digest))
        #expect(try scene.pin("a")?.pending?.digest == (try Self.tool("a", "harmful").digest))
        #expect(throws: StoreError.self) { try scene.accept("a", try Self.tool("a", "harmless").digest) }
    }

    @Test("the gateway's own writing is no news to it, and nothing is written twice")
    func noLoop() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a"), Self.tool("b")])
        let before = try scene.store.revision()
        let move = try process.write()
        #expect(move?.from == before)
        #expect(move?.to == (try scene.store.revision()))
        let events = try scene.store.read { reader throws(StoreError) in try reader.events(limit: 100) }.count
        for _ in 0..<3 {
            try process.list([Self.tool("a"), Self.tool("b")])
            #expect(try process.write() == nil)
            try process.take()
        }
        #expect(try scene.store.read { reader throws(StoreError) in try reader.events(limit: 100) }.count == events)
    }

    @Test("while the store moves on nothing is written or lost, and a change is judged at once all the same")
    func conflict() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a")])
        try process.write()
        try process.list([Self.tool("a", "other")])
        try scene.store.change(by: .gateway) { writer throws(StoreError) in
            try writer.rename(organisation: "Acme")
        }
        #expect(throws: StoreError.self) { try process.write() }
        #expect(process.standing("a") == .changed)
        try process.take()
        try process.write()
        #expect(try scene.pin("a")?.standing == .changed)
    }

    @Test("a pin that somebody took away makes the tool new, a server that was removed and is back is kept anew")
    func takenAway() throws {
        let scene = try Scene()
        var process = try Process(scene)
        try process.list([Self.tool("a"), Self.tool("b")])
        try process.write()
        let server = scene.server
        try scene.store.change(by: .gateway) { writer throws(StoreError) in
            try writer.remove(pinOf: "a", at: server.id)
        }
        try process.take()
        #expect(process.standing("a") == .new)
        #expect(process.standing("b") == .pinned)
        try process.write()
        #expect(try scene.pin("a")?.standing == .new)
        try scene.store.change(by: .gateway) { writer throws(StoreError) in try writer.remove(server: server.id) }
        try process.take()
        try process.write()
        #expect(try scene.pin("b") == nil)
        try scene.store.change(by: .gateway) { writer throws(StoreError) in try writer.save(server) }
        try process.take()
        #expect(process.standing("b") == .pinned, "held to what it first showed")
        try process.write()
        #expect(try scene.pin("b")?.standing == .pinned)
    }

    @Test(
        "E2: a server with more names and larger definitions than are kept stays within bounds, and none slips through"
    )
    func hostile() throws {
        let scene = try Scene()
        var process = try Process(scene)
        let large = String(repeating: "x", count: ToolPins.maximumDefinitionBytes)
        try process.list([Self.tool("a"), Self.tool("large", large)])
        #expect(process.standing("a") == .pinned)
        #expect(process.standing("large") == nil, "what no store keeps is not listed")
        try process.list([Self.tool("a", large)])
        #expect(process.standing("a") == .changed, "a change is one however large it is")
        try process.write()
        #expect(try scene.pin("a")?.standing == .pinned, "there is no text to look at")
        let long = String(repeating: "n", count: ToolPins.maximumNameBytes + 1)
        try process.list([Self.tool(long), Self.tool("a")])
        #expect(process.standing(ByteString(long)) == nil)
        var pins = ToolPins()
        pins.maximumNames = 100
        let many = try (0...100).map { try Self.tool("t\($0)") }
        _ = pins.take(many, isWhole: true, at: ToolPinTests.now)
        #expect(pins.listed.count == 100)
        #expect(pins.listed["t100"] == nil)
        _ = pins.take([try Self.tool("other")], isWhole: true, at: ToolPinTests.now)
        #expect(pins.listed.isEmpty, "those that are gone are remembered")
    }

    @Test("E2: the bytes of all definitions of a server are bounded, whatever its lists add up to")
    func hostileBytes() throws {
        var pins = ToolPins()
        pins.maximumBytes = 10_000
        let first = try Self.tool("t10", String(repeating: "x", count: 900))
        let most = pins.maximumBytes / JSONCanonical.exact(first.definition).count
        for number in 10..<(most + 20) {
            let tool = try Self.tool("t\(number)", String(repeating: "x", count: 900))
            _ = pins.take([tool], isWhole: false, at: ToolPinTests.now)
        }
        #expect(pins.listed.count == most)
        for number in 10..<(most + 10) {
            let tool = try Self.tool("t\(number)", String(repeating: "y", count: 1_800))
            _ = pins.take([tool], isWhole: false, at: ToolPinTests.now)
        }
        #expect(pins.listed.values.allSatisfy { $0.standing == .changed })
        let waiting = pins.unsaved(of: .random(), updates: 0).records.compactMap { $0.pending?.canonical.count }
        #expect(!waiting.isEmpty && waiting.reduce(0, +) <= pins.maximumBytes)
    }

    @Test("a server that changes its tools at every listing does not fill the store: what is not written is judged")
    func flood() throws {
        let scene = try Scene()
        var process = try Process(scene)
        process.keeper.maximumUpdates = 20
        let names = (0..<30).map { "t\($0)" }
        process.list(try names.map { try Self.tool($0) })
        try process.write()
        process.list(try names.map { try Self.tool($0, "other") })
        try process.write()
        try process.write()
        func changes() throws -> Int {
            let id = scene.server.id
            return try scene.store.read { reader throws(StoreError) in try reader.pins(of: id) }
                .count { $0.standing == .changed }
        }
        #expect(try changes() == 20)
        #expect(names.allSatisfy { process.standing(ByteString($0)) == .changed })
        scene.time.advance(seconds: 30)
        try process.write()
        #expect(try changes() == 23)
    }
}

@Suite("The schedule of listings")
struct RelistScheduleTests {
    @Test("turns lie between four and six fifths of the interval apart, evenly")
    func jitter() {
        let schedule = RelistSchedule(interval: .seconds(300))
        #expect(schedule.least == .seconds(240))
        #expect(schedule.delay(roll: 0) == .seconds(240))
        #expect(schedule.delay(roll: 255) == .seconds(360))
        #expect((0...254).allSatisfy { schedule.delay(roll: $0) < schedule.delay(roll: $0 + 1) })
    }

    @Test("of several workers whose turn it is one lists, and not what was listed just now")
    func turns() throws {
        let inventory = Inventory()
        let start = Instant(nanoseconds: 0)
        #expect(!inventory.startsScheduledListing(at: start, interval: .seconds(240)))
        _ = inventory.join({})
        try inventory.finishListing([ToolPinTests.tool("a")], at: ToolPinTests.now, listed: start)
        #expect(!inventory.startsScheduledListing(at: start.advanced(by: .seconds(239)), interval: .seconds(240)))
        let turn = start.advanced(by: .seconds(240))
        #expect(inventory.startsScheduledListing(at: turn, interval: .seconds(240)))
        #expect(!inventory.startsScheduledListing(at: turn, interval: .seconds(240)))
        try inventory.finishListing([ToolPinTests.tool("a")], at: ToolPinTests.now, listed: turn)
        #expect(!inventory.startsScheduledListing(at: turn.advanced(by: .seconds(10)), interval: .seconds(240)))
        #expect(inventory.startsScheduledListing(at: turn.advanced(by: .seconds(240)), interval: .seconds(240)))
    }
}
