public import Base
public import Cryptography

/// What is kept of a password: argon2id with a salt of its own, as a PHC string
/// (`$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`).
///
/// ``make(_:cost:)`` and ``matches(_:)`` are slow on purpose, see ``Argon2id``: never on a loop's thread, and never many at
/// once.
public struct PasswordHash: Hashable, Sendable {
    /// What new hashes cost: 64 MiB, three passes, one lane (security.md, section 5).
    public static let cost = Argon2id.Cost(kibibytes: 65_536, passes: 3, lanes: 1)
    // LIMIT: what a text from a store may make us spend: 1 GiB, 16 passes, 16 lanes, 64 bytes of salt and hash each.
    private static let greatest = Argon2id.Cost(kibibytes: 1 << 20, passes: 16, lanes: 16)
    private static let maximumPartBytes = 64
    private static let saltByteCount = 16
    private static let hashByteCount = 32

    private let cost: Argon2id.Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    private init(cost: Argon2id.Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Hashes a password with a random salt; `nil` when the system has not the memory.
    ///
    /// `cost` is for tests alone; what asks less than ``cost`` is hashed anew at the next sign-in.
    public static func make(_ password: Secret<[UInt8]>, cost: Argon2id.Cost = cost) -> PasswordHash? {
        let salt = Random.bytes(saltByteCount)
        return Argon2id.hash(password.reveal(), salt: salt, cost: cost, count: hashByteCount)
            .map { PasswordHash(cost: cost, salt: salt, hash: $0) }
    }

    /// Whether it is the hash of this password, compared in constant time; `nil` when the system has not the memory.
    public func matches(_ password: Secret<[UInt8]>) -> Bool? {
        Argon2id.hash(password.reveal(), salt: salt, cost: cost, count: hash.count)
            .map { ConstantTime.areEqual($0, hash) }
    }

    /// The work of one comparison, for an account there is none of: time does not tell which accounts there are.
    ///
    /// `false`; `nil` when the system has not the memory.
    public static func decoy(_ password: Secret<[UInt8]>, cost: Argon2id.Cost = cost) -> Bool? {
        PasswordHash(cost: cost, salt: Random.bytes(saltByteCount), hash: Random.bytes(hashByteCount)).matches(password)
            .map { _ in false }
    }

    /// Whether it costs less than new ones do, and is to be made anew when the password is there.
    public var isOutdated: Bool { isCheaper(than: Self.cost) }

    /// Whether it costs less memory, fewer passes, or is shorter.
    public func isCheaper(than other: Argon2id.Cost) -> Bool {
        cost.kibibytes < other.kibibytes || cost.passes < other.passes || hash.count < Self.hashByteCount
            || salt.count < Self.saltByteCount
    }

    // MARK: Text

    /// The PHC string.
    public var text: String {
        "$argon2id$v=19$m=\(cost.kibibytes),t=\(cost.passes),p=\(cost.lanes)$\(Self.text(of: salt))$\(Self.text(of: hash))"
    }

    /// Reads a PHC string of argon2id, version 19; `nil` for anything else, and for costs beyond 1 GiB or 16 passes.
    public init?(text: some Collection<UInt8>) {
        guard text.count <= 256 else {
            return nil
        }
        let parts = Array(text).split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1].elementsEqual("argon2id".utf8),
            parts[2].elementsEqual("v=19".utf8), let cost = Self.cost(in: parts[3]),
            let salt = Self.bytes(in: parts[4]), (8...Self.maximumPartBytes).contains(salt.count),
            let hash = Self.bytes(in: parts[5]), (16...Self.maximumPartBytes).contains(hash.count)
        else {
            return nil
        }
        self.init(cost: cost, salt: salt, hash: hash)
    }

    private static func cost(in text: ArraySlice<UInt8>) -> Argon2id.Cost? {
        let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == 3, let memory = number(in: parts[0], after: "m="),
            let passes = number(in: parts[1], after: "t="), let lanes = number(in: parts[2], after: "p="),
            (1...greatest.passes).contains(passes), (1...greatest.lanes).contains(lanes),
            (8 * lanes...greatest.kibibytes).contains(memory)
        else {
            return nil
        }
        return Argon2id.Cost(kibibytes: memory, passes: passes, lanes: lanes)
    }

    private static func number(in text: ArraySlice<UInt8>, after name: String) -> UInt32? {
        guard text.starts(with: name.utf8) else {
            return nil
        }
        let digits = text.dropFirst(name.utf8.count)
        guard (1...9).contains(digits.count), digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + UInt32($1 - 0x30) }
    }

    /// The standard alphabet without padding, as PHC strings have it.
    private static func text(of bytes: [UInt8]) -> String {
        String(decoding: TextCoding.base64(bytes).filter { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }

    private static func bytes(in text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.contains(UInt8(ascii: "=")) else {
            return nil
        }
        let padding = (4 - text.count % 4) % 4
        return TextCoding.bytes(base64: Array(text) + [UInt8](repeating: UInt8(ascii: "="), count: padding))
    }
}

extension PasswordHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What it costs, and a mask.
    public var description: String { "argon2id ••••••••" }
    /// The same mask.
    public var debugDescription: String { description }
    /// No children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a password has to be: long; nothing about kinds of characters (NIST SP 800-63B, section 5.1.1).
public enum PasswordRules {
    /// The fewest bytes; LIMIT: the most, so that nobody makes us hash a book.
    public static let byteCount = 12...1_024

    /// Why a password is not taken, and what to do; `nil` when it is.
    ///
    /// `names` are what the person is called here: a password that is only one of them is not taken.
    public static func problem(with password: Secret<[UInt8]>, names: [ByteString] = []) -> String? {
        let bytes = password.reveal()
        guard bytes.count >= byteCount.lowerBound else {
            return "a password has at least \(byteCount.lowerBound) characters: a few words make a good one"
        }
        guard bytes.count <= byteCount.upperBound else {
            return "a password has at most \(byteCount.upperBound) bytes"
        }
        guard ByteString(ByteString(bytes).text) == ByteString(bytes), !bytes.contains(0) else {
            return "a password is text (UTF-8 without NUL)"
        }
        let isMonotonous = Set(bytes).count < 4
        let isName = (names + ["toolgate", "password"]).contains { name in
            Self.isRepeated(Self.lowered(name.bytes), in: Self.lowered(bytes))
        }
        return isMonotonous || isName ? "this password is among the first to be guessed: choose other words" : nil
    }

    private static func lowered(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Whether `text` is `word` over and over, or begins with it and has at most four more bytes.
    private static func isRepeated(_ word: [UInt8], in text: [UInt8]) -> Bool {
        guard word.count >= 3, text.starts(with: word) else {
            return false
        }
        return text.count <= word.count + 4 || text.indices.allSatisfy { text[$0] == word[$0 % word.count] }
    }
}
