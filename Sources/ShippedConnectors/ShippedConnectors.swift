public import Base
internal import CConnectors
public import ConnectorModel

/// The connectors that come in the binary, by name.
public enum ShippedConnectors {
    /// Their names.
    public static let names = ["kommo", "bitrix24"]

    /// Read once each, when first asked for; their tests make sure that they can be.
    private static let kommo = unsafe read(bytes { unsafe toolgate_connector_kommo($0) })
    private static let bitrix24 = unsafe read(bytes { unsafe toolgate_connector_bitrix24($0) })

    /// The connector of this name, `nil` when none is shipped.
    public static func connector(named name: ByteString) -> Connector? {
        switch name {
        case "kommo": kommo
        case "bitrix24": bitrix24
        default: nil
        }
    }

    private static func bytes(_ file: (UnsafeMutablePointer<Int>) -> UnsafePointer<UInt8>?) -> [UInt8] {
        var count = 0
        guard let start = unsafe file(&count) else {
            return []
        }
        // SAFETY: the constant has `count` bytes and lives as long as the program.
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    private static func read(_ text: [UInt8]) -> Connector? {
        ConnectorReader.read(text).connector
    }
}
