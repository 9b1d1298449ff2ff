internal import Base
public import Settings

extension EntityID {
    /// A new identity, of 122 random bits.
    public static func random() -> EntityID {
        EntityID(random: UInt128.random(in: .min ... .max))
    }
}

extension StoredValue {
    static func id(_ id: EntityID) -> StoredValue { .text(ByteString(id.text)) }
    static func optional(_ id: EntityID?) -> StoredValue { id.map { .id($0) } ?? .null }
}

extension RowReader {
    mutating func id() throws(StoreError) -> EntityID {
        guard let id = try optionalID() else {
            throw .corrupt(detail: "a row has no identity where it needs one")
        }
        return id
    }

    mutating func optionalID() throws(StoreError) -> EntityID? {
        guard let text = try optionalText() else {
            return nil
        }
        guard let id = EntityID(text: text.bytes) else {
            throw .corrupt(detail: "an identity is no UUID")
        }
        return id
    }
}

extension Subject {
    /// A record of which only the identity is known.
    init(_ kind: Kind, id: EntityID) {
        self.init(kind, ByteString(id.text))
    }
}
