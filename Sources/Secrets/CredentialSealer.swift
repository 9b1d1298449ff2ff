public import Base
internal import Cryptography

/// What a credential is for; it opens for exactly this and nothing else (security.md, G5 and section 5).
public struct CredentialBinding: Hashable, Sendable {
    /// The organisation's id.
    public let organisation: ByteString
    /// The server's id.
    public let server: ByteString
    /// `scheme://host:port`, the only place the secret may be sent to.
    public let origin: ByteString
    /// The credential's own id.
    public let credential: ByteString

    /// A binding from its parts.
    public init(organisation: ByteString, server: ByteString, origin: ByteString, credential: ByteString) {
        self.organisation = organisation
        self.server = server
        self.origin = origin
        self.credential = credential
    }
}

/// A secret as it may lie in a database: sealed under a data key of its own, that key sealed under the key file's.
public struct SealedCredential: Hashable, Sendable {
    /// The version of the key file's `wrapping` key that the data key is sealed under.
    public let keyVersion: UInt32
    /// 12 random bytes, for the data key.
    public let wrapNonce: [UInt8]
    /// The data key: 32 bytes and a tag.
    public let wrappedKey: [UInt8]
    /// 12 random bytes, for the secret.
    public let nonce: [UInt8]
    /// The secret and a tag.
    public let ciphertext: [UInt8]

    /// A sealed secret from what a database kept of it; nothing is checked until it is opened.
    public init(keyVersion: UInt32, wrapNonce: [UInt8], wrappedKey: [UInt8], nonce: [UInt8], ciphertext: [UInt8]) {
        self.keyVersion = keyVersion
        self.wrapNonce = wrapNonce
        self.wrappedKey = wrappedKey
        self.nonce = nonce
        self.ciphertext = ciphertext
    }

    /// One byte string for databases that keep it in one column; ``init(encoded:)`` reads it.
    public var encoded: [UInt8] {
        var output: [UInt8] = []
        output.append(bigEndian: keyVersion)
        return output + wrapNonce + wrappedKey + nonce + ciphertext
    }

    /// Takes apart what ``encoded`` made; `nil` for what has not the form of a sealed secret.
    public init?(encoded bytes: [UInt8]) {
        let (nonceCount, keyCount) = (AESGCM.nonceByteCount, AESGCM.keyByteCount + AESGCM.tagByteCount)
        guard bytes.count >= 4 + 2 * nonceCount + keyCount + AESGCM.tagByteCount else {
            return nil
        }
        var rest = bytes[4...]
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let (wrapNonce, wrappedKey, nonce) = (take(nonceCount), take(keyCount), take(nonceCount))
        self.init(
            keyVersion: bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) },
            wrapNonce: wrapNonce,
            wrappedKey: wrappedKey,
            nonce: nonce,
            ciphertext: Array(rest)
        )
        guard isWellFormed else {
            return nil
        }
    }

    /// Whether it is the same sealed text, if under another key of the key file: wrapping anew does not touch it.
    public func hasSameSecret(as other: SealedCredential) -> Bool {
        nonce == other.nonce && ciphertext == other.ciphertext
    }

    /// Whether the lengths are those of a sealed secret.
    public var isWellFormed: Bool {
        keyVersion > 0 && wrapNonce.count == AESGCM.nonceByteCount && nonce.count == AESGCM.nonceByteCount
            && wrappedKey.count == AESGCM.keyByteCount + AESGCM.tagByteCount
            && (AESGCM.tagByteCount...CredentialSealer.maximumSecretBytes + AESGCM.tagByteCount).contains(
                ciphertext.count
            )
    }
}

/// Why a credential could not be sealed or opened; never a part of it.
public enum CredentialError: Error, Hashable, Sendable {
    /// More than ``CredentialSealer/maximumSecretBytes``.
    case tooLarge
    /// The key file does not hold the version it is wrapped under.
    case unknownKeyVersion(UInt32)
    /// It was changed, or sealed for something else, or under another key of that version.
    case notAuthentic
}

extension CredentialError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .tooLarge: "the secret is longer than \(CredentialSealer.maximumSecretBytes) bytes"
        case .unknownKeyVersion(let version):
            "the key file has no `wrapping` key of version \(version): put back the key file this store was used with, "
                + "or set the credential anew"
        case .notAuthentic:
            "the sealed credential does not open for this server and address: it was moved, damaged, or the key file "
                + "is another store's; set it anew"
        }
    }
}

/// Seals upstream credentials and static headers: AES-256-GCM under a random data key per secret, which is itself
/// sealed under the current `wrapping` key of the key file.
///
/// Both seals authenticate organisation, server, origin and credential, each behind its length; the data key's also the
/// version of the key around it. So a row moved to another server, origin or id does not open, nor does one that claims
/// another version, nor the key of one with the text of another. Changing the wrapping key never touches the secret.
public struct CredentialSealer: Sendable {
    /// How long a secret may be.
    public static let maximumSecretBytes = 64 << 10

    /// The version new credentials are sealed under.
    public let currentVersion: UInt32
    private let versions: [UInt32: AESGCM]

    /// From all versions of the key; `nil` when there is none, or one has not 32 bytes.
    public init?(_ keys: [VersionedKey]) {
        guard let newest = keys.max(by: { $0.version < $1.version }) else {
            return nil
        }
        var versions: [UInt32: AESGCM] = [:]
        for key in keys {
            do throws(CryptographyError) {
                versions[key.version] = try AESGCM(key: key.key.reveal())
            } catch {
                return nil
            }
        }
        self.versions = versions
        currentVersion = newest.version
    }

    /// Seals a secret for one binding, under a data key that is used for nothing else.
    ///
    /// - Throws: ``CredentialError/tooLarge`` only.
    public func seal(
        _ secret: Secret<[UInt8]>,
        for binding: CredentialBinding
    ) throws(CredentialError) -> SealedCredential {
        guard secret.reveal().count <= Self.maximumSecretBytes else {
            throw .tooLarge
        }
        let dataKey = Random.bytes(AESGCM.keyByteCount)
        let nonce = Random.bytes(AESGCM.nonceByteCount)
        let ciphertext: [UInt8]
        do throws(CryptographyError) {
            let context = Self.context(.secret, binding, version: nil)
            ciphertext = try AESGCM(key: dataKey).seal(secret.reveal(), nonce: nonce, context: context)
        } catch {
            throw .notAuthentic
        }
        return try wrap(dataKey, for: binding, nonce: nonce, ciphertext: ciphertext)
    }

    /// The secret, for the one place that sends it.
    public func open(
        _ sealed: SealedCredential,
        for binding: CredentialBinding
    ) throws(CredentialError) -> Secret<[UInt8]> {
        let dataKey = try unwrap(sealed, for: binding)
        do throws(CryptographyError) {
            let context = Self.context(.secret, binding, version: nil)
            let secret = try AESGCM(key: dataKey).open(sealed.ciphertext, nonce: sealed.nonce, context: context)
            return Secret(secret)
        } catch {
            throw .notAuthentic
        }
    }

    /// The same secret with its data key under the current version; the secret itself is not decrypted for keeps: it is
    /// opened once, to prove that it still opens, and let go.
    public func rewrap(
        _ sealed: SealedCredential,
        for binding: CredentialBinding
    ) throws(CredentialError) -> SealedCredential {
        _ = try open(sealed, for: binding)
        let dataKey = try unwrap(sealed, for: binding)
        return try wrap(dataKey, for: binding, nonce: sealed.nonce, ciphertext: sealed.ciphertext)
    }

    private func wrap(
        _ dataKey: [UInt8],
        for binding: CredentialBinding,
        nonce: [UInt8],
        ciphertext: [UInt8]
    ) throws(CredentialError) -> SealedCredential {
        guard let cipher = versions[currentVersion] else {
            throw .unknownKeyVersion(currentVersion)
        }
        let wrapNonce = Random.bytes(AESGCM.nonceByteCount)
        do throws(CryptographyError) {
            let context = Self.context(.dataKey, binding, version: currentVersion)
            return SealedCredential(
                keyVersion: currentVersion,
                wrapNonce: wrapNonce,
                wrappedKey: try cipher.seal(dataKey, nonce: wrapNonce, context: context),
                nonce: nonce,
                ciphertext: ciphertext
            )
        } catch {
            throw .notAuthentic
        }
    }

    private func unwrap(
        _ sealed: SealedCredential,
        for binding: CredentialBinding
    ) throws(CredentialError) -> [UInt8] {
        guard let cipher = versions[sealed.keyVersion] else {
            throw .unknownKeyVersion(sealed.keyVersion)
        }
        do throws(CryptographyError) {
            let context = Self.context(.dataKey, binding, version: sealed.keyVersion)
            return try cipher.open(sealed.wrappedKey, nonce: sealed.wrapNonce, context: context)
        } catch {
            throw .notAuthentic
        }
    }

    private enum Part: UInt8 {
        case dataKey = 1
        case secret = 2
    }

    /// A fixed name, which part it is, the key's version, then each field behind its length: no two bindings share an
    /// encoding, and no other construction of ours begins like it.
    private static func context(_ part: Part, _ binding: CredentialBinding, version: UInt32?) -> [UInt8] {
        var output: [UInt8] = []
        output.append("toolgate-credential-1")
        output.append(part.rawValue)
        output.append(bigEndian: version ?? 0)
        for field in [binding.organisation, binding.server, binding.origin, binding.credential] {
            output.append(bigEndian: UInt64(field.count))
            output.append(contentsOf: field.bytes)
        }
        return output
    }
}
