import Base
import Gateway
import Secrets

/// The key file of a running gateway, read again when another one has taken its place.
///
/// What is in force stays when the file cannot be read, or lacks keys that tokens and sessions depend on: a rotation
/// never takes such keys away. Confined to the keeper's thread.
final class ServedKeys {
    private let path: String
    private let say: (String) -> Void
    private var keys: KeyFile
    private var stamp: FileAccess.Stamp?
    /// Counts the changes that were taken in.
    private(set) var generation = 0
    private(set) var sealer: CredentialSealer?

    /// The keys that were read from `path` when the gateway started.
    init(_ keys: KeyFile, path: String, say: @escaping (String) -> Void) {
        self.keys = keys
        self.path = path
        self.say = say
        sealer = keys.credentialSealer
    }

    /// The keys in force.
    var current: KeyFile { keys }

    /// Looks whether the file is another one, and takes it in; whether it was.
    @discardableResult
    func look() -> Bool {
        // Before the reading: a file that comes in between has another stamp at the next look.
        let found = FileAccess.stamp(path)
        guard found != stamp else {
            return false
        }
        stamp = found
        do throws(KeyFileError) {
            return take(try KeyFile.load(path: path))
        } catch {
            say("\(error); the keys that were read before stay in force")
            return false
        }
    }

    private func take(_ next: KeyFile) -> Bool {
        let isOther = KeyKind.allCases.contains { kind in
            !Self.has(keys, all: kind, of: next) || !Self.has(next, all: kind, of: keys)
        }
        guard isOther else {
            return false
        }
        for kind in [KeyKind.pepper, .sealing] where !Self.has(next, all: kind, of: keys) {
            say("the key file `\(path)` has lost `\(kind.rawValue)` keys; those that were read before stay in force")
            return false
        }
        guard let sealer = next.credentialSealer else {
            say("the key file `\(path)` has lost its `wrapping` keys; those that were read before stay in force")
            return false
        }
        keys = next
        self.sealer = sealer
        generation += 1
        return true
    }

    private static func has(_ keys: KeyFile, all kind: KeyKind, of others: KeyFile) -> Bool {
        others.keys(of: kind).allSatisfy { other in
            keys.keys(of: kind).contains { $0.version == other.version && $0.key.reveal() == other.key.reveal() }
        }
    }
}
