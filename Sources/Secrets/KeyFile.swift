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

/// The keys without which grant tokens and sessions would not outlive the process.
///
/// The file is text: the line `toolgate-keys 1`, then a line for each key, `pepper` or `sealing`, its version, and 32
/// bytes of base64url. Lines that begin with `#` are comments. Adding a line with a higher version rotates that key;
/// the older ones still verify and open. ``load(path:)`` and ``loadOrCreate(path:)`` are in `KeyFile+Files.swift`.
public struct KeyFile: Sendable {
    /// Peppers of token digests, the current one first; never empty.
    public let peppers: [VersionedKey]
    /// Keys that seal handles, the current one first; never empty.
    public let sealingKeys: [VersionedKey]

    /// New random keys, version 1 of each.
    public static func generate() -> KeyFile {
        KeyFile(peppers: [newKey()], sealingKeys: [newKey()])
    }

    private init(peppers: [VersionedKey], sealingKeys: [VersionedKey]) {
        self.peppers = peppers
        self.sealingKeys = sealingKeys
    }

    private static func newKey() -> VersionedKey {
        VersionedKey(version: 1, key: Secret(Random.bytes(AESGCM.keyByteCount)))
    }

    /// What digests tokens.
    public var grantDigester: GrantDigester {
        // Never empty, see the initialisers; new random bytes would match no grant.
        let current = peppers.first?.key ?? Self.newKey().key
        return GrantDigester(current: current, older: peppers.dropFirst().map(\.key))
    }

    /// What seals handles; `nil` never happens for a file that was loaded or generated.
    public var sealingKey: SealingKey? { SealingKey(sealingKeys) }
}

// MARK: - Text

extension KeyFile {
    private static let signature: StaticString = "toolgate-keys 1"

    /// Reads the text of a key file.
    ///
    /// - Throws: ``KeyFileError/Reason`` with the line; the message never holds a part of a key.
    init(parsing text: [UInt8]) throws(KeyFileError.Reason) {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.first?.isEqual(to: Self.signature) == true else {
            throw .malformed(line: 1, problem: "the first line must be `\(Self.signature)`")
        }
        var found: [String: [VersionedKey]] = ["pepper": [], "sealing": []]
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty && line.first != UInt8(ascii: "#") {
            let (kind, key) = try Self.key(in: line, number: index + 1)
            guard var versions = found[kind] else {
                throw .malformed(line: index + 1, problem: "`\(kind)` is no kind of key that this version knows")
            }
            guard !versions.contains(where: { $0.version == key.version }) else {
                throw .malformed(line: index + 1, problem: "version \(key.version) of `\(kind)` appears twice")
            }
            versions.append(key)
            found[kind] = versions
        }
        for (kind, versions) in found.sorted(by: { $0.key < $1.key }) where versions.isEmpty {
            throw .malformed(line: lines.count, problem: "there is no `\(kind)` key")
        }
        peppers = (found["pepper"] ?? []).sorted { $0.version > $1.version }
        sealingKeys = (found["sealing"] ?? []).sorted { $0.version > $1.version }
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

    /// The text of the file.
    var text: [UInt8] {
        var output: [UInt8] = []
        output.append(Self.signature)
        output.append("\n# Keep this file secret and keep a copy: without it every grant token and session ends.\n")
        let named: [(StaticString, [VersionedKey])] = [("pepper ", peppers), ("sealing ", sealingKeys)]
        for (kind, keys) in named {
            for key in keys.reversed() {
                output.append(kind)
                output.append(decimal: Int(key.version))
                output.append(" ")
                output.append(contentsOf: TextCoding.base64URL(key.key.reveal()))
                output.append("\n")
            }
        }
        return output
    }
}
