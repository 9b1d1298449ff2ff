public import Base
public import JSONText
internal import PolicyEngine
public import Settings
public import Stores

/// A server's tools as somebody looks at them when the server is registered, before a gateway has listed it.
public enum FirstListing {
    /// The pins of a whole list, each waiting to be accepted, by name; within the bounds a gateway keeps.
    ///
    /// Once a store has any of them, no gateway accepts a tool of that server by itself.
    ///
    /// - Parameters:
    ///   - tools: the definitions as the server gave them.
    ///   - server: whose they are.
    ///   - secrets: what the server was sent: never kept, whatever a definition holds of it (E11).
    ///   - seen: when they were listed.
    /// - Returns: a pin for each tool that can be kept.
    public static func pins(
        of tools: [JSONValue],
        at server: EntityID,
        masking secrets: [Secret<[UInt8]>],
        seen: WallTime
    ) -> [ToolPin] {
        var pins = ToolPins()
        pins.mask = CredentialMask(secrets.map { $0.reveal() })
        _ = pins.take(tools.compactMap { ToolDefinition($0) }, isWhole: true, at: seen)
        return pins.unsaved(of: server, updates: 0).records.map { record in
            ToolPin(server: server, tool: record.tool, standing: .new, definition: record.definition)
        }
    }
}
