import Base
import Secrets
import Settings
import Stores

/// Whether the key file is the one a store was used with: with another one every token is answered 401 and no credential
/// opens, and nothing would say why.
///
/// The store keeps a check of the newest pepper it was served with (``KeyFile/checks``). A key file with that pepper among
/// its own is the store's, whatever was rotated since; one without it is lost, foreign or an older copy.
enum KeyProof {
    /// What a store says of the keys it was used with.
    private struct Facts {
        let check: [UInt8]?
        let organisation: EntityID
        let grants: Int
        let credentials: [CredentialRecord]
    }

    /// Refuses to serve the store of `--data` with keys that are not its own, before any key or store is made.
    ///
    /// A store of an older version has no check: then a credential that opens proves the keys, and where there is none to
    /// open nothing speaks against them.
    static func check(_ invocation: Invocation) throws(CommandFailure) {
        let place = "\(try ServiceKeys.folder(invocation))/store.sqlite"
        guard FileAccess.stamp(place) != nil,
            let store = try StoreAccess.openExisting(try ServiceKeys.openExisting(invocation))
        else {
            return
        }
        let facts = try facts(store, place)
        let path = try ServiceKeys.keyFile(invocation)
        guard let keys = try ServiceKeys.existing(invocation) else {
            // Grants alone, in a store that was never served, may be of a file that was written elsewhere.
            let isUsed = !facts.credentials.isEmpty || (facts.check != nil && facts.grants > 0)
            guard !isUsed else {
                throw .environment(
                    "there is no key file `\(path)`, but the store `\(place)` was used with one: \(advice)"
                )
            }
            if facts.grants > 0 {
                invocation.console.say(
                    "toolgate: warning: there is no key file `\(path)`: a new one is made, and tokens of the "
                        + "\(facts.grants) grants in the store that were made with another one are not taken"
                )
            }
            return
        }
        guard isOwn(keys, facts) else {
            throw .environment(
                "the key file `\(path)` is not the one the store `\(place)` was used with, or an older copy of it: "
                    + advice
            )
        }
    }

    /// Notes in the store that it is used with these keys.
    static func keep(_ keys: KeyFile, in store: any Store, _ path: String) throws(CommandFailure) {
        guard let current = keys.checks.first else {
            return
        }
        try StoreAccess.attempt(path) { () throws(StoreError) in
            let known = try store.read { reader throws(StoreError) in try reader.keyCheck() }
            if known != current {
                try store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.keep(keyCheck: current) }
            }
        }
    }

    private static let advice =
        "put that file back, or its backup, with mode 600; if it is lost for good, `toolgate key accept` takes new keys: "
        + "then each grant needs a new token (`toolgate grant rotate`) and each credential its secret "
        + "(`toolgate credential edit`)"

    private static func facts(_ store: any Store, _ path: String) throws(CommandFailure) -> Facts {
        try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in
                Facts(
                    check: try reader.keyCheck(),
                    organisation: try reader.organisation().id,
                    grants: try reader.grants().count + reader.adminTokens().count,
                    credentials: try reader.credentials()
                )
            }
        }
    }

    private static func isOwn(_ keys: KeyFile, _ facts: Facts) -> Bool {
        if let check = facts.check {
            let dependsOnKeys = facts.grants > 0 || !facts.credentials.isEmpty
            return keys.checks.contains(check) || !dependsOnKeys
        }
        return facts.credentials.isEmpty || facts.credentials.contains { opens($0, keys, facts.organisation) }
    }

    private static func opens(_ credential: CredentialRecord, _ keys: KeyFile, _ organisation: EntityID) -> Bool {
        do throws(CredentialError) {
            _ = try keys.credentialSealer?.open(credential.sealed, for: credential.binding(organisation: organisation))
            return keys.credentialSealer != nil
        } catch {
            return false
        }
    }
}
