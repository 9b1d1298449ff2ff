public import Base
public import Secrets
public import Settings
public import Stores

/// A secret that was read, and what seals it.
public struct CredentialSealing: Sendable {
    private let secret: Secret<[UInt8]>
    private let sealer: CredentialSealer

    /// A secret and its sealer.
    public init(secret: Secret<[UInt8]>, sealer: CredentialSealer) {
        self.secret = secret
        self.sealer = sealer
    }

    /// The secret bound to the address a server has now; `id` is that of the credential whose place it takes.
    ///
    /// - Throws: ``StoreError/refused(_:)`` for a server without an address, or a secret that is too long.
    public func seal(
        _ id: EntityID?,
        _ name: ByteString,
        for server: ServerRecord,
        _ records: Records
    ) throws(StoreError) -> CredentialRecord {
        guard let origin = server.upstream.origin else {
            throw .refused("server `\(server.name)` has no address a secret could be bound to")
        }
        let empty = SealedCredential(keyVersion: 0, wrapNonce: [], wrappedKey: [], nonce: [], ciphertext: [])
        var record = CredentialRecord(
            id: id ?? .random(),
            name: name,
            server: server.id,
            origin: origin,
            sealed: empty
        )
        let organisation = try records.reader.organisation()
        do throws(CredentialError) {
            record.sealed = try sealer.seal(secret, for: record.binding(organisation: organisation.id))
        } catch {
            throw .refused("the credential `\(name)`: \(error)")
        }
        return record
    }
}
