public import Base
import JSONText

/// What the gateway calls itself: `serverInfo` towards clients, `clientInfo` towards servers; made once.
public struct GatewayIdentity: Sendable, Hashable {
    /// The `Implementation` object as JSON.
    public let json: [UInt8]

    /// A name and a version.
    public init(name: ByteString = "toolgate", version: ByteString) {
        var writer = JSONWriter(reserving: 64)
        writer.beginObject()
        writer.key("name")
        writer.string(name.bytes)
        writer.key("version")
        writer.string(version.bytes)
        writer.endObject()
        json = writer.output
    }
}

extension JSONWriter {
    /// Opens a message; `params`, `result` or `error` follow.
    mutating func beginMessage() {
        beginObject()
        key("jsonrpc")
        string("2.0" as StaticString)
    }

    /// A member that is text.
    mutating func member(_ key: StaticString, _ text: ByteString) {
        self.key(key)
        string(text.bytes)
    }

    /// A member that is JSON already, byte for byte.
    mutating func member(_ key: StaticString, raw value: ArraySlice<UInt8>) {
        self.key(key)
        raw(value)
    }

    /// A member that is JSON already, byte for byte.
    mutating func member(_ key: StaticString, raw value: [UInt8]) {
        self.key(key)
        raw(value)
    }

    /// The member `id`.
    mutating func id(_ id: RequestID) {
        member("id", raw: id.json)
    }

    /// The member `method`.
    mutating func method(_ method: MCPMethod) {
        key("method")
        string(method.name)
    }
}
