public import Base
internal import Cryptography

/// One version of a key.
public struct VersionedKey: Sendable {
    /// Counts up from 1; the highest is the current one.
    public let version: UInt32
    /// 32 bytes.
    public let key: Secret<[UInt8]>

    /// A version from its parts.
    public init(version: UInt32, key: Secret<[UInt8]>) {
        self.version = version
        self.key = key
    }
}

/// What a key of the key file is for; the word in the file.
public enum KeyKind: String, Hashable, Sendable, CaseIterable {
    /// Token digests are made under it; an old one stays as long as a grant made under it.
    case pepper
    /// Sessions and other handles are sealed under it; an old one stays as long as its handles live.
    case sealing
    /// The data keys of credentials are sealed under it.
    case wrapping
}

/// The keys without which grant tokens, sessions and credentials would not outlive the process.
///
/// The file is text: the line `toolgate-keys 2`, then a line for each key, its kind (`pepper`, `sealing`, `wrapping`),
/// its version, and 32 bytes of base64url. Lines that begin with `#` are comments. Adding a line with a higher version
/// rotates that key; the older ones still verify and open. A file that begins with `toolgate-keys 1` is of the form
/// before credentials were sealed: it has no `wrapping` key, and gets one only from ``upgrade(path:)``.
/// ``load(path:)`` and ``loadOrCreate(path:)`` are in `KeyFile+Files.swift`, what changes a file in
/// `KeyFile+Changes.swift`.
public struct KeyFile: Sendable {
    /// Peppers of token digests, the current one first; never empty.
    public let peppers: [VersionedKey]
    /// Keys that seal handles, the current one first; never empty.
    public let sealingKeys: [VersionedKey]
    /// Keys that seal the data keys of credentials, the current one first; empty only for a file of the first form.
    public let wrappingKeys: [VersionedKey]

    /// New random keys, version 1 of each.
    public static func generate() -> KeyFile {
        KeyFile(peppers: [newKey()], sealingKeys: [newKey()], wrappingKeys: [newKey()])
    }

    private init(peppers: [VersionedKey], sealingKeys: [VersionedKey], wrappingKeys: [VersionedKey]) {
        self.peppers = peppers
        self.sealingKeys = sealingKeys
        self.wrappingKeys = wrappingKeys
    }

    private static func newKey(_ version: UInt32 = 1) -> VersionedKey {
        VersionedKey(version: version, key: Secret(Random.bytes(AESGCM.keyByteCount)))
    }

    /// What digests tokens.
    public var grantDigester: GrantDigester {
        // Never empty, see the initialisers; new random bytes would match no grant.
        let current = peppers.first?.key ?? Self.newKey().key
        return GrantDigester(current: current, older: peppers.dropFirst().map(\.key))
    }

    /// What seals handles; `nil` never happens for a file that was loaded or generated.
    public var sealingKey: SealingKey? { SealingKey(sealingKeys) }

    /// What seals credentials; `nil` for a file of the first form.
    public var credentialSealer: CredentialSealer? { CredentialSealer(wrappingKeys) }

    /// A key of 32 bytes for one more purpose, the same as long as the oldest pepper is kept.
    public func derivedKey(for purpose: StaticString) -> [UInt8] {
        var message: [UInt8] = []
        message.append("toolgate derived key: ")
        message.append(purpose)
        let oldest = peppers.min { $0.version < $1.version }?.key ?? Self.newKey().key
        return HMACSHA256(key: oldest.reveal()).authenticate(message)
    }

    /// What tells this file from others without giving a key away, 32 bytes for each pepper, the current one first.
    public var checks: [[UInt8]] {
        peppers.map { HMACSHA256(key: $0.key.reveal()).authenticate(Array("toolgate key check".utf8)) }
    }

    /// All versions of a kind, the current one first.
    public func keys(of kind: KeyKind) -> [VersionedKey] {
        switch kind {
        case .pepper: peppers
        case .sealing: sealingKeys
        case .wrapping: wrappingKeys
        }
    }

    /// These keys with others in the place of one kind's.
    private func replacing(_ kind: KeyKind, with keys: [VersionedKey]) -> KeyFile {
        KeyFile(
            peppers: kind == .pepper ? keys : peppers,
            sealingKeys: kind == .sealing ? keys : sealingKeys,
            wrappingKeys: kind == .wrapping ? keys : wrappingKeys
        )
    }

    /// These keys, and a new current version of one kind; `nil` when versions have run out.
    func adding(_ kind: KeyKind) -> KeyFile? {
        let keys = keys(of: kind)
        let newest = keys.first?.version ?? 0
        return newest == .max ? nil : replacing(kind, with: [Self.newKey(newest + 1)] + keys)
    }

    /// These keys without the versions of one kind below `version`; the current one always stays.
    func dropping(_ kind: KeyKind, below version: UInt32) -> KeyFile {
        let keys = keys(of: kind)
        return replacing(kind, with: keys.prefix(1) + keys.dropFirst().filter { $0.version >= version })
    }
}

// MARK: - Text

extension KeyFile {
    private static let firstSignature: StaticString = "toolgate-keys 1"
    private static let signature: StaticString = "toolgate-keys 2"

    /// Reads the text of a key file.
    ///
    /// - Throws: ``KeyFileError/Reason`` with the line; the message never holds a part of a key.
    init(parsing text: [UInt8]) throws(KeyFileError.Reason) {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        let kinds: [KeyKind]
        if lines.first?.isEqual(to: Self.signature) == true {
            kinds = KeyKind.allCases
        } else if lines.first?.isEqual(to: Self.firstSignature) == true {
            kinds = [.pepper, .sealing]
        } else {
            throw .malformed(line: 1, problem: "the first line must be `\(Self.signature)`")
        }
        var found: [KeyKind: [VersionedKey]] = [:]
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty && line.first != UInt8(ascii: "#") {
            let (word, key) = try Self.key(in: line, number: index + 1)
            guard let kind = KeyKind(rawValue: word), kinds.contains(kind) else {
                throw .malformed(line: index + 1, problem: "`\(word)` is no kind of key that this file can hold")
            }
            let versions = found[kind] ?? []
            guard !versions.contains(where: { $0.version == key.version }) else {
                throw .malformed(line: index + 1, problem: "version \(key.version) of `\(word)` appears twice")
            }
            found[kind] = versions + [key]
        }
        for kind in kinds where found[kind] == nil {
            throw .malformed(line: lines.count, problem: "there is no `\(kind.rawValue)` key")
        }
        peppers = (found[.pepper] ?? []).sorted { $0.version > $1.version }
        sealingKeys = (found[.sealing] ?? []).sorted { $0.version > $1.version }
        wrappingKeys = (found[.wrapping] ?? []).sorted { $0.version > $1.version }
    }

    private static func key(
        in line: ArraySlice<UInt8>,
        number: Int
    ) throws(KeyFileError.Reason) -> (kind: String, key: VersionedKey) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, words[0].allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            throw .malformed(line: number, problem: "expected a kind, a version and a key with one space between them")
        }
        guard words[1].allSatisfy({ $0.decimalDigit != nil }), words[1].first != UInt8(ascii: "0"),
            let version = UInt32(String(decoding: words[1], as: UTF8.self))
        else {
            throw .malformed(line: number, problem: "the version must be a whole number from 1")
        }
        guard let key = TextCoding.bytes(base64URL: Array(words[2])), key.count == AESGCM.keyByteCount else {
            throw .malformed(line: number, problem: "the key must be 32 bytes of base64url without padding")
        }
        return (String(decoding: words[0], as: UTF8.self), VersionedKey(version: version, key: Secret(key)))
    }

    /// The text of the file, in the form that can hold what there is.
    var text: [UInt8] {
        var output: [UInt8] = []
        output.append(wrappingKeys.isEmpty ? Self.firstSignature : Self.signature)
        output.append("\n# Keep this file secret and keep a copy: without it every grant token, session and ")
        output.append("sealed credential is lost.\n")
        for kind in KeyKind.allCases {
            for key in keys(of: kind).reversed() {
                output.append(contentsOf: Array(kind.rawValue.utf8))
                output.append(" ")
                output.append(decimal: Int(key.version))
                output.append(" ")
                output.append(contentsOf: TextCoding.base64URL(key.key.reveal()))
                output.append("\n")
            }
        }
        return output
    }
}
