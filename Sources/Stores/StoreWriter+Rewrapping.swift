internal import Base
public import Secrets

/// Something that is sealed under the key file's `wrapping` key, wherever the store keeps it.
public struct SealedSecret: Hashable, Sendable {
    /// What it is part of.
    public let subject: Subject
    /// What it opens for.
    public let binding: CredentialBinding
    /// The sealed secret.
    public let sealed: SealedCredential
}

extension StoreReader {
    /// Everything that is sealed under a `wrapping` key: credentials, second factors, secrets of webhooks.
    public func sealedSecrets() throws(StoreError) -> [SealedSecret] {
        let organisation = try organisation().id
        var found = try credentials().map { credential in
            SealedSecret(
                subject: credential.subject,
                binding: credential.binding(organisation: organisation),
                sealed: credential.sealed
            )
        }
        for account in try accounts() {
            let subject = Subject(.account, account.email)
            for sealed in [account.secondFactor, account.pendingFactor?.sealed].compactMap({ $0 }) {
                found.append(SealedSecret(subject: subject, binding: account.factorBinding, sealed: sealed))
            }
        }
        for webhook in try webhooks() {
            found.append(webhook.secret)
        }
        return found
    }
}

extension StoreWriter {
    /// Wraps everything that is sealed with version `version` of the key, and takes no older one from then on.
    ///
    /// - Parameters:
    ///   - version: the key file's current version; not older than the last time.
    ///   - rewrap: makes the same secret under that version, or throws, and nothing is changed.
    /// - Returns: how many were wrapped anew.
    /// - Throws: what `rewrap` throws, and ``StoreError/refused(_:)`` when it did not do its work.
    public func rewrapSecrets(
        to version: UInt32,
        _ rewrap: (SealedSecret) throws(StoreError) -> SealedCredential
    ) throws(StoreError) -> Int {
        var state = try reader.state()
        guard Int(version) >= state.wrappingVersion else {
            throw .refused(
                "credentials are wrapped with version \(state.wrappingVersion) already: is the key file old?"
            )
        }
        var count = 0
        func renewed(_ old: SealedSecret) throws(StoreError) -> SealedCredential {
            guard old.sealed.keyVersion != version else {
                return old.sealed
            }
            let new = try rewrap(old)
            guard new.keyVersion == version else {
                throw .refused("\(old.subject) is still wrapped with version \(new.keyVersion)")
            }
            try checkSealed(new, of: old.subject, atLeast: Int(version))
            count += 1
            return new
        }
        try rewrapCredentials(renewed)
        try rewrapAccounts(renewed)
        for old in try reader.webhooks() {
            var new = old
            new.sealed = try renewed(old.secret)
            try commit(old.subject, before: [old.row], after: [new.row], as: .rewrap)
        }
        state = try reader.state()
        if Int(version) > state.wrappingVersion {
            let old = state.wrappingVersion
            state.wrappingVersion = Int(version)
            try tables.put(state.row)
            try note(.rewrap, Subject(.store, ByteString("wrapping key \(old) to \(version)")), before: nil, after: nil)
        }
        return count
    }

    private func rewrapCredentials(_ renewed: (SealedSecret) throws(StoreError) -> SealedCredential) throws(StoreError)
    {
        let organisation = try reader.organisation().id
        for old in try reader.credentials() {
            var new = old
            let binding = old.binding(organisation: organisation)
            new.sealed = try renewed(SealedSecret(subject: old.subject, binding: binding, sealed: old.sealed))
            new.updated = new == old ? old.updated : now
            try commit(old.subject, before: [old.row], after: [new.row], as: .rewrap)
        }
    }

    private func rewrapAccounts(_ renewed: (SealedSecret) throws(StoreError) -> SealedCredential) throws(StoreError) {
        for old in try reader.accounts() {
            var new = old
            let subject = Subject(.account, old.email)
            if let sealed = old.secondFactor {
                new.secondFactor = try renewed(
                    SealedSecret(subject: subject, binding: old.factorBinding, sealed: sealed)
                )
            }
            if let pending = old.pendingFactor {
                let secret = SealedSecret(subject: subject, binding: old.factorBinding, sealed: pending.sealed)
                new.pendingFactor = AccountRecord.PendingFactor(sealed: try renewed(secret), until: pending.until)
            }
            try commit(subject, before: [old.row], after: [new.row], as: .rewrap)
        }
    }
}
