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
        piece(#"{"jsonrpc":"2.0""#)
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

    /// A member that is an id or a progress token.
    mutating func member(_ key: StaticString, _ id: RequestID) {
        self.key(key)
        id.append(to: &self)
    }

    /// A member that was read, byte for byte.
    mutating func member(_ key: StaticString, _ value: JSONValue) {
        self.key(key)
        self.value(value)
    }

    /// The member `id`.
    mutating func id(_ id: RequestID) {
        piece(#""id":"#)
        id.append(to: &self)
    }

    /// The member `method`.
    mutating func method(_ method: MCPMethod) {
        piece(#""method":"#)
        string(method.name)
    }
}
