import Base
import Secrets
import Settings
import Stores
import Testing

extension StoreClause {
    private static func sealed(_ version: UInt32, _ byte: UInt8 = 7) -> SealedCredential {
        SealedCredential(
            keyVersion: version,
            wrapNonce: Scene.bytes(byte, 12),
            wrappedKey: Scene.bytes(byte, 48),
            nonce: Scene.bytes(byte, 12),
            ciphertext: Scene.bytes(byte, 20)
        )
    }

    static let secretClauses: [StoreClause] = [
        StoreClause("a credential comes back as it was saved, and goes with its server") { scene in
            let server = try scene.save(server: "crm")
            let origin = try #require(server.upstream.origin)
            let credential = CredentialRecord(name: "token", server: server.id, origin: origin, sealed: sealed(1))
            try scene.change { writer throws(StoreError) in try writer.save(credential) }
            let read = try #require(
                try scene.store.read { reader throws(StoreError) in try reader.credential(named: "token") }
            )
            #expect((read.id, read.server, read.origin) == (credential.id, server.id, origin))
            #expect(read.sealed == credential.sealed)
            #expect(
                try scene.store.read { reader throws(StoreError) in try reader.credentials(of: server.id) } == [read]
            )
            var edited = read
            edited.sealed = sealed(1, 9)
            let edit = edited
            scene.time.advance(milliseconds: 9)
            try scene.change { writer throws(StoreError) in try writer.save(edit) }
            let again = try scene.store.read { reader throws(StoreError) in try reader.credentials() }[0]
            #expect(again.sealed == edit.sealed)
            #expect(again.updated.milliseconds == again.created.milliseconds + 9)
            try scene.change { writer throws(StoreError) in try writer.remove(server: server.id) }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.credentials() } == [])
        },
        StoreClause("G5: a credential is taken only for the address its server has") { scene in
            let server = try scene.save(server: "crm")
            func refusal(_ credential: CredentialRecord) throws -> StoreError? {
                try scene.refusal { writer throws(StoreError) in try writer.save(credential) }
            }
            let origin = try #require(server.upstream.origin)
            let elsewhere = CredentialRecord(name: "t", server: server.id, origin: "https://x:443", sealed: sealed(1))
            #expect(try refusal(elsewhere)?.rule?.contains("another address") == true)
            let nowhere = CredentialRecord(name: "t", server: .random(), origin: origin, sealed: sealed(1))
            #expect(try refusal(nowhere)?.isNotFound == true)
            let broken = CredentialRecord(name: "t", server: server.id, origin: origin, sealed: sealed(0))
            #expect(try refusal(broken)?.rule?.contains("form") == true)
        },
        StoreClause("a credential that a header refers to is not removed") { scene in
            var server = try scene.save(server: "crm")
            let origin = try #require(server.upstream.origin)
            let credential = CredentialRecord(name: "token", server: server.id, origin: origin, sealed: sealed(1))
            server.headers = [HeaderReference(name: "Authorization", source: .stored("token"))]
            let edited = server
            try scene.change { writer throws(StoreError) in
                try writer.save(credential)
                try writer.save(edited)
            }
            let error = try scene.refusal { writer throws(StoreError) in try writer.remove(credential: credential.id) }
            #expect(error?.rule?.contains("server `crm`") == true)
        },
        StoreClause("the check of the key file is kept without a change of the store, and outlives later ones") {
            scene in
            func known() throws -> [UInt8]? {
                try scene.store.read { reader throws(StoreError) in try reader.keyCheck() }
            }
            #expect(try known() == nil)
            let revision = try scene.store.revision()
            let check = [UInt8](repeating: 7, count: 32)
            try scene.store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.keep(keyCheck: check) }
            #expect(try known() == check)
            #expect(try scene.store.revision() == revision)
            _ = try scene.save(server: "crm")
            #expect(try known() == check)
            #expect(throws: StoreError.self) {
                try scene.store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.keep(keyCheck: [1]) }
            }
            #expect(try scene.store.check() == [])
        },
        StoreClause("rewrapping reaches every credential, or none, and no older one is taken afterwards") { scene in
            let server = try scene.save(server: "crm")
            let origin = try #require(server.upstream.origin)
            func credential(_ name: ByteString, _ version: UInt32) -> CredentialRecord {
                CredentialRecord(name: name, server: server.id, origin: origin, sealed: sealed(version))
            }
            try scene.change { writer throws(StoreError) in
                try writer.save(credential("a", 1))
                try writer.save(credential("b", 1))
            }
            let failure = try scene.refusal { writer throws(StoreError) in
                _ = try writer.rewrapSecrets(to: 2) { old throws(StoreError) in
                    guard old.subject.name == "a" else {
                        throw .refused("it does not open")
                    }
                    return sealed(2)
                }
            }
            #expect(failure == .refused("it does not open"))
            let versions = try scene.store.read { reader throws(StoreError) in
                try reader.credentials().map(\.sealed.keyVersion)
            }
            #expect(versions == [1, 1])
            let count = try scene.change { writer throws(StoreError) in
                try writer.rewrapSecrets(to: 2) { _ in sealed(2) }
            }
            #expect(count == 2)
            let late = try scene.refusal { writer throws(StoreError) in try writer.save(credential("c", 1)) }
            #expect(late?.rule?.contains("rotated") == true)
            let back = try scene.refusal { writer throws(StoreError) in
                _ = try writer.rewrapSecrets(to: 1) { old in old.sealed }
            }
            #expect(back?.rule != nil)
            #expect(try scene.store.read { reader throws(StoreError) in try reader.wrappingVersion() } == 2)
            #expect(try scene.store.check() == [])
        },
    ]
}
