public import Base
internal import Cryptography

/// What a sealed handle is for; part of what is authenticated, so that one kind never passes for another.
public enum SealingPurpose: UInt8, Sendable, CaseIterable {
    /// A legacy `Mcp-Session-Id`.
    case session = 1
    /// A `nextCursor`.
    case cursor = 2
    /// A `requestState`.
    case requestState = 3
    /// A task id.
    case task = 4
    /// A subscription id.
    case subscription = 5
    /// A resource or other handle that belongs to none of the above.
    case handle = 6
    /// An event id of a resumable stream.
    case event = 7
    /// The stream of a client of 2024-11-05, in the address it posts to.
    case eventStream = 8
    /// The arguments of a call that a person decides about.
    case approval = 9
}

/// Whom a sealed handle belongs to.
///
/// It opens only for the same purpose, grant and server (security.md, D1).
public struct SealingContext: Hashable, Sendable {
    /// What the handle is for.
    public let purpose: SealingPurpose
    /// The grant's id, as bytes.
    public let grant: ByteString
    /// The server's id, as bytes.
    public let server: ByteString

    /// A context from its parts.
    public init(purpose: SealingPurpose, grant: ByteString, server: ByteString) {
        self.purpose = purpose
        self.grant = grant
        self.server = server
    }
}

/// Seals what clients carry for us: handles of upstreams, session ids, cursors.
///
/// AES-256-GCM under the current sealing key. The text carries the key's version and when it expires, both
/// authenticated together with the context, which it does not carry. Older key versions still open.
///
/// LIMIT: nonces are 96 random bits, so one key version should seal at most 2^32 texts (NIST SP 800-38D, 8.3): rotate
/// the sealing key before; at 100 a second that is 16 months.
public struct SealingKey: Sendable {
    private static let format: UInt8 = 1
    /// Format, key version, expiry in milliseconds.
    private static let headerByteCount = 1 + 4 + 8
    // LIMIT: longer texts were not made here: an upstream's handle is at most 64 KiB.
    private static let maximumTextBytes = 96 << 10

    private let versions: [UInt32: AESGCM]
    private let currentVersion: UInt32

    /// From all versions of the key; `nil` when there is none or one has not 32 bytes.
    public init?(_ keys: [VersionedKey]) {
        guard let newest = keys.max(by: { $0.version < $1.version }) else {
            return nil
        }
        var versions: [UInt32: AESGCM] = [:]
        for key in keys {
            guard let cipher = Self.cipher(key.key.reveal()) else {
                return nil
            }
            versions[key.version] = cipher
        }
        self.versions = versions
        currentVersion = newest.version
    }

    private static func cipher(_ key: [UInt8]) -> AESGCM? {
        do throws(CryptographyError) {
            return try AESGCM(key: key)
        } catch {
            return nil
        }
    }

    /// A text of `A–Z a–z 0–9 - _` that only ``open(_:for:now:)`` with the same context turns back, until `expires`.
    ///
    /// `nil` only for plaintexts beyond 64 KiB.
    public func seal(_ plaintext: [UInt8], for context: SealingContext, expires: WallTime) -> [UInt8]? {
        guard plaintext.count <= 64 << 10, let cipher = versions[currentVersion] else {
            return nil
        }
        var header: [UInt8] = [Self.format]
        header.append(bigEndian: currentVersion)
        header.append(bigEndian: UInt64(bitPattern: expires.milliseconds))
        let nonce = Random.bytes(AESGCM.nonceByteCount)
        do throws(CryptographyError) {
            let associated = Self.associated(header: header, context: context)
            let sealed = try cipher.seal(plaintext, nonce: nonce, context: associated)
            return TextCoding.base64URL(header + nonce + sealed)
        } catch {
            return nil
        }
    }

    /// What was sealed; `nil` for any text that was not sealed here for this very context, and for one that has expired.
    ///
    /// Why is not said: to whoever sent it, all of these are one unknown handle.
    public func open(_ text: [UInt8], for context: SealingContext, now: WallTime) -> [UInt8]? {
        let overhead = Self.headerByteCount + AESGCM.nonceByteCount
        guard text.count <= Self.maximumTextBytes, let bytes = TextCoding.bytes(base64URL: text),
            bytes.count >= overhead + AESGCM.tagByteCount, bytes[0] == Self.format,
            let cipher = versions[UInt32(truncatingIfNeeded: Self.bigEndian(bytes[1..<5]))]
        else {
            return nil
        }
        let header = Array(bytes[..<Self.headerByteCount])
        let nonce = Array(bytes[Self.headerByteCount..<overhead])
        do throws(CryptographyError) {
            let associated = Self.associated(header: header, context: context)
            let plaintext = try cipher.open(Array(bytes[overhead...]), nonce: nonce, context: associated)
            let expiry = Int64(bitPattern: Self.bigEndian(bytes[5..<Self.headerByteCount]))
            return now.milliseconds < expiry ? plaintext : nil
        } catch {
            return nil
        }
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Each part behind its length, so that no two contexts share an encoding.
    private static func associated(header: [UInt8], context: SealingContext) -> [UInt8] {
        var output = header
        output.append(context.purpose.rawValue)
        for part in [context.grant.bytes, context.server.bytes] {
            output.append(bigEndian: UInt64(part.count))
            output.append(contentsOf: part)
        }
        return output
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }
}
