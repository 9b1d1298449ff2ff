internal import Base
public import Cryptography

/// The key the journal's statements are signed with, in a file beside the journal's folder and never in it: whoever takes a
/// copy of the journal to verify it has no use for it.
public enum JournalKeys {
    /// The name of the file with the public key, inside the journal's folder.
    public static let publicName = "public-key"

    /// Reads the signing key, 64 hexadecimal digits; made with mode 0600 when the file is not there.
    public static func loadOrCreate(path: String) throws(JournalFailure) -> Ed25519.PrivateKey {
        guard !JournalFiles.exists(path) else {
            return try load(path: path)
        }
        let key = Ed25519.PrivateKey.generate()
        try JournalFiles.replace(path, with: TextCoding.hexadecimal(key.seed) + [UInt8(ascii: "\n")])
        return key
    }

    /// Reads the signing key.
    public static func load(path: String) throws(JournalFailure) -> Ed25519.PrivateKey {
        let digits = try bytes(path)
        do throws(CryptographyError) {
            return try Ed25519.PrivateKey(seed: digits)
        } catch {
            throw .badKeyFile(path: path)
        }
    }

    /// Reads a public key.
    public static func loadPublic(path: String) throws(JournalFailure) -> Ed25519.PublicKey {
        let digits = try bytes(path)
        do throws(CryptographyError) {
            return try Ed25519.PublicKey(digits)
        } catch {
            throw .badKeyFile(path: path)
        }
    }

    private static func bytes(_ path: String) throws(JournalFailure) -> [UInt8] {
        var text = try JournalFiles.read(path)
        while let byte = text.last, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
            text.removeLast()
        }
        guard text.count == 64, let bytes = TextCoding.bytes(hexadecimal: text) else {
            throw .badKeyFile(path: path)
        }
        return bytes
    }
}
