import Base
import Settings
import Stores
import Testing

extension StoreClause {
    private static func definition(_ byte: UInt8, at time: Int64 = 5) -> PinnedDefinition {
        PinnedDefinition(digest: Scene.bytes(byte), canonical: [byte, 0, byte], seen: WallTime(milliseconds: time))
    }

    static let pinClauses: [StoreClause] = [
        StoreClause("E2: a changed tool waits until the very definition that was looked at is accepted") { scene in
            let server = try scene.save(server: "crm")
            var pin = ToolPin(server: server.id, tool: "orders", standing: .pinned, definition: definition(1))
            let first = pin
            try scene.change { writer throws(StoreError) in try writer.save(first) }
            pin.standing = .changed
            pin.pending = definition(2, at: 6)
            let changed = pin
            try scene.change { writer throws(StoreError) in try writer.save(changed) }
            let read = try scene.store.read { reader throws(StoreError) in try reader.pins(of: server.id) }
            #expect(read == [changed])
            let stale = try scene.refusal { writer throws(StoreError) in
                try writer.accept(tool: "orders", at: server.id, digest: Scene.bytes(3))
            }
            #expect(stale?.rule?.contains("changed again") == true)
            scene.time.advance(milliseconds: 1)
            try scene.change { writer throws(StoreError) in
                try writer.accept(tool: "orders", at: server.id, digest: Scene.bytes(2))
            }
            let accepted = try #require(
                try scene.store.read { reader throws(StoreError) in try reader.pin(of: "orders", at: server.id) }
            )
            #expect(accepted.standing == .pinned)
            #expect(accepted.definition == changed.pending)
            #expect(accepted.pending == nil)
            #expect(accepted.acceptedBy == "operator:ana")
            #expect(accepted.accepted == scene.time.wallTime)
            #expect(try scene.events().last?.action == .accept)
            #expect(try scene.events().last?.subject == Subject(.tool, "crm/orders"))
            let twice = try scene.refusal { writer throws(StoreError) in
                try writer.accept(tool: "orders", at: server.id, digest: Scene.bytes(2))
            }
            #expect(twice?.rule?.contains("nothing to accept") == true)
        },
        StoreClause("E2: a new tool waits until it is accepted") { scene in
            let server = try scene.save(server: "crm")
            let pin = ToolPin(server: server.id, tool: "late", standing: .new, definition: definition(1))
            try scene.change { writer throws(StoreError) in
                try writer.save(pin)
                try writer.accept(tool: "late", at: server.id, digest: Scene.bytes(1))
            }
            let read = try scene.store.read { reader throws(StoreError) in try reader.pin(of: "late", at: server.id) }
            #expect(read?.standing == .pinned)
            try scene.change { writer throws(StoreError) in try writer.remove(pinOf: "late", at: server.id) }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.pins(of: server.id) } == [])
        },
        StoreClause("pins are told apart byte by byte, and pins that cannot be are refused") { scene in
            let server = try scene.save(server: "crm")
            // The same text to a reader of Unicode, two names to an upstream.
            let names: [ByteString] = ["caf\u{E9}", "cafe\u{301}", "Caf\u{E9}", "a\u{0}b", "a"]
            try scene.change { writer throws(StoreError) in
                for name in names {
                    try writer.save(ToolPin(server: server.id, tool: name, standing: .new, definition: definition(1)))
                }
            }
            let pins = try scene.store.read { reader throws(StoreError) in try reader.pins(of: server.id) }
            #expect(pins.map(\.tool) == names.sorted())
            func refusal(_ pin: ToolPin) throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in try writer.save(pin) }
            }
            var pin = ToolPin(server: server.id, tool: "x", standing: .changed, definition: definition(1))
            #expect(try refusal(pin)?.rule?.contains("pending") == true)
            pin.standing = .new
            pin.pending = definition(2)
            #expect(try refusal(pin)?.rule?.contains("pending") == true)
            let short = PinnedDefinition(digest: [1], canonical: [], seen: WallTime(milliseconds: 0))
            #expect(try refusal(ToolPin(server: server.id, tool: "x", standing: .new, definition: short))?.rule != nil)
            let empty = ToolPin(server: server.id, tool: "", standing: .new, definition: definition(1))
            #expect(try refusal(empty)?.rule != nil)
            let nowhere = ToolPin(server: .random(), tool: "x", standing: .new, definition: definition(1))
            #expect(try refusal(nowhere)?.isNotFound == true)
        },
    ]
}
