public import Base
public import Secrets
public import Settings

/// A secret sent to one server, sealed; what ``CredentialSealer`` made, and what it is bound to.
///
/// Never plaintext: neither this record nor any copy of the database opens without the key file.
public struct CredentialRecord: Hashable, Sendable {
    /// Part of what is authenticated.
    public let id: EntityID
    /// What `store:NAME` says; keeps ``EntityName``, unique.
    public var name: ByteString
    /// The server it is for; part of what is authenticated.
    public var server: EntityID
    /// `scheme://host:port` it may be sent to; part of what is authenticated.
    public var origin: ByteString
    /// The sealed secret.
    public var sealed: SealedCredential
    /// When it was last sealed anew; set by the store.
    public internal(set) var updated = WallTime(milliseconds: 0)
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A record from its parts.
    public init(
        id: EntityID = .random(),
        name: ByteString,
        server: EntityID,
        origin: ByteString,
        sealed: SealedCredential
    ) {
        self.id = id
        self.name = name
        self.server = server
        self.origin = origin
        self.sealed = sealed
    }

    /// What the secret is bound to, in the store of `organisation`.
    public func binding(organisation: EntityID) -> CredentialBinding {
        CredentialBinding(
            organisation: ByteString(organisation.text),
            server: ByteString(server.text),
            origin: origin,
            credential: ByteString(id.text)
        )
    }

    var subject: Subject { Subject(.credential, name) }
}

extension CredentialRecord: StoredRecord {
    static let table = RecordTable(
        "credentials",
        key: ["id"],
        [
            "name", "server", "origin", "key_version", "wrap_nonce", "wrapped_key", "nonce", "ciphertext", "updated",
            "created",
        ]
    )

    var values: [StoredValue] {
        [.id(id), .text(name), .id(server), .text(origin), .integer(Int64(sealed.keyVersion))]
            + [.bytes(sealed.wrapNonce), .bytes(sealed.wrappedKey), .bytes(sealed.nonce), .bytes(sealed.ciphertext)]
            + [.time(updated), .time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        name = try row.text()
        server = try row.id()
        origin = try row.text()
        guard let version = UInt32(exactly: try row.integer()) else {
            throw .corrupt(detail: "a credential's key version is no version")
        }
        sealed = SealedCredential(
            keyVersion: version,
            wrapNonce: try row.bytes(),
            wrappedKey: try row.bytes(),
            nonce: try row.bytes(),
            ciphertext: try row.bytes()
        )
        updated = try row.time()
        created = try row.time()
    }
}
