public import Base
internal import Cryptography

/// What is kept of a grant token: HMAC-SHA-256 under the pepper, which lies in the key file and not beside it.
///
/// A token has its full 256 bits of entropy, so no slow hash is needed; without the pepper a copy of every digest
/// authenticates nothing (security.md, section 5).
public struct GrantDigest: Sendable {
    private let words: InlineArray<4, UInt64>

    /// 32 bytes as they came out of the digester; `nil` for another length.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == HMACSHA256.byteCount else {
            return nil
        }
        var words = InlineArray<4, UInt64>(repeating: 0)
        var position = 0
        for byte in bytes {
            words[position >> 3] = words[position >> 3] << 8 | UInt64(byte)
            position += 1
        }
        self.words = words
    }

    /// The text form of configuration, `hmac-sha256:` and 64 lower-case hexadecimal digits; `nil` for anything else.
    public init?(text: some Collection<UInt8>) {
        guard text.hasPrefix(Self.prefix), text.count == Self.prefix.utf8CodeUnitCount + 2 * HMACSHA256.byteCount else {
            return nil
        }
        let digits = text.dropFirst(Self.prefix.utf8CodeUnitCount)
        guard !digits.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }),
            let bytes = TextCoding.bytes(hexadecimal: digits)
        else {
            return nil
        }
        self.init(bytes)
    }

    private static let prefix: StaticString = "hmac-sha256:"

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(HMACSHA256.byteCount)
        for index in 0..<4 {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: words[index] >> shift))
            }
        }
        return bytes
    }

    /// `hmac-sha256:` and 64 lower-case hexadecimal digits.
    public var text: [UInt8] {
        var output: [UInt8] = []
        output.append(Self.prefix)
        output.append(contentsOf: TextCoding.hexadecimal(bytes))
        return output
    }
}

extension GrantDigest: Hashable {
    /// Whole-digest comparison without early exit: time tells nothing about where two digests differ.
    public static func == (left: GrantDigest, right: GrantDigest) -> Bool {
        var difference: UInt64 = 0
        for index in 0..<4 {
            difference |= left.words[index] ^ right.words[index]
        }
        return difference == 0
    }

    /// The digest is keyed, so nobody outside can choose it: its first word is as good a hash as any.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
    }
}

/// Digests tokens under every version of the pepper, with all that can be computed beforehand computed.
///
/// Runs once per request and version (2 µs each, measured). Safe to share between threads.
public struct GrantDigester: Sendable {
    private let current: HMACSHA256
    private let older: [HMACSHA256]

    /// From the peppers of a key file, the current one and the older ones.
    public init(current: Secret<[UInt8]>, older: [Secret<[UInt8]>] = []) {
        self.current = HMACSHA256(key: current.reveal())
        self.older = older.map { HMACSHA256(key: $0.reveal()) }
    }

    /// The digest under the current pepper, for grants made now.
    public func digest(of token: GrantToken) -> GrantDigest {
        Self.digest(of: token, under: current)
    }

    /// The first thing `lookup` finds for the token, asked with the current pepper's digest, then with the older ones.
    ///
    /// Every version is always computed and asked, so that time does not tell which one a token belongs to.
    public func firstMatch<Found>(for token: GrantToken, _ lookup: (GrantDigest) -> Found?) -> Found? {
        var found = lookup(digest(of: token))
        for pepper in older {
            let other = lookup(Self.digest(of: token, under: pepper))
            found = found ?? other
        }
        return found
    }

    private static func digest(of token: GrantToken, under pepper: HMACSHA256) -> GrantDigest {
        digest(of: token.reveal(), under: pepper)
    }

    private static func digest(of bytes: [UInt8], under pepper: HMACSHA256) -> GrantDigest {
        // An authenticator always has 32 bytes; the fallback is the digest of no token.
        GrantDigest(pepper.authenticate(bytes)) ?? .none
    }

    /// The digest under the current pepper, for tokens of the administration made now.
    public func digest(of token: AccessToken) -> GrantDigest {
        Self.digest(of: token.reveal(), under: current)
    }

    /// The digests a token may be known by, the current pepper's first: a store is asked for each.
    public func digests(of token: AccessToken) -> [GrantDigest] {
        ([current] + older).map { Self.digest(of: token.reveal(), under: $0) }
    }

    /// The digests a recovery code of one account may be known by, the current pepper's first.
    ///
    /// The account is part of it: a code taken from one row does nothing in another.
    public func digests(of code: RecoveryCode, account: ByteString) -> [GrantDigest] {
        var message: [UInt8] = []
        message.append("toolgate recovery code: ")
        message.append(contentsOf: account.bytes)
        message.append(" ")
        message.append(contentsOf: code.reveal())
        return ([current] + older).map { Self.digest(of: message, under: $0) }
    }
}

extension GrantDigest {
    private init(words: InlineArray<4, UInt64>) {
        self.words = words
    }

    fileprivate static let none = GrantDigest(words: .init(repeating: 0))
}
