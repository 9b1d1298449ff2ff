public import Base
public import JSONText

/// Schemas that references may lead to besides the one that is compiled.
///
/// The product has none: a schema from an upstream that refers outside itself cannot be compiled. Tests register what
/// the public suite expects to find on the network.
public struct SchemaRegistry: Sendable {
    let documents: [ByteString: JSONValue]

    /// Nothing.
    public static let none = SchemaRegistry([:])

    /// Documents by absolute URI without fragment.
    public init(_ documents: [ByteString: JSONValue]) {
        self.documents = documents
    }
}
