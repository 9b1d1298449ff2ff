internal import Base
internal import Cryptography

/// Names of tools and prompts in a bundle: the prefix of the server, then its own name, within 64 characters, which is
/// what models' interfaces take.
enum BundleNames {
    // LIMIT: bytes of a tool's name that clients' models accept.
    static let maximumBytes = 64
    /// How many digits of a digest stand for the rest of a name that is too long.
    private static let digestDigits = 8

    /// A name as the bundle's clients see it.
    static func joined(_ prefix: ByteString, _ name: ByteString) -> ByteString {
        guard prefix.count + name.count > maximumBytes else {
            return ByteString(prefix.bytes + name.bytes)
        }
        let kept = maximumBytes - prefix.count - digestDigits - 1
        var text = prefix.bytes + name.bytes.prefix(kept)
        text.append(UInt8(ascii: "-"))
        text += TextCoding.hexadecimal(SHA256.digest(name.bytes).prefix(digestDigits / 2))
        return ByteString(text)
    }

    /// The part whose prefix begins a name, and the rest; no two prefixes begin the same name.
    static func split(_ name: ByteString, _ parts: [BundlePart]) -> (part: BundlePart, rest: ByteString)? {
        for part in parts where name.bytes.starts(with: part.prefix.bytes) {
            return (part, ByteString(name.bytes.dropFirst(part.prefix.count)))
        }
        return nil
    }
}

/// Which server of a bundle has a resource, learnt from the lists that went by.
struct ResourceRoutes {
    // LIMIT: resources and templates remembered for one bundle on one worker.
    private static let maximum = 10_000

    private var exact: [ByteString: ByteString] = [:]
    private var templates: [(beginning: ByteString, prefix: ByteString)] = []

    /// Notes that a part has a resource; the first to have it keeps it.
    mutating func learn(_ uri: ByteString, isTemplate: Bool, of prefix: ByteString) {
        guard exact.count + templates.count < Self.maximum else {
            return
        }
        if exact[uri] == nil {
            exact[uri] = prefix
        }
        if isTemplate {
            let beginning = ByteString(uri.bytes.prefix { $0 != UInt8(ascii: "{") })
            if !templates.contains(where: { $0.beginning == beginning }) {
                templates.append((beginning, prefix))
            }
        }
    }

    /// The prefix of the part that has a resource: by its name, else by the longest template that begins like it.
    func prefix(of uri: ByteString) -> ByteString? {
        exact[uri]
            ?? templates.filter { uri.bytes.starts(with: $0.beginning.bytes) }
            .max { $0.beginning.count < $1.beginning.count }?.prefix
    }
}
