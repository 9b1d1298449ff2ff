import ToolCatalogue

/// Where pages lie: names of hostile servers become names of files nobody can be surprised by.
enum PagePath {
    // LIMIT: bytes of a name that are kept; the rest is told apart by the hash.
    private static let longest = 64

    /// The folder of a server.
    static func folder(of server: ServerFacts) -> String {
        "servers/" + part(server.key.isEmpty ? server.name : server.key)
    }

    /// The file of a tool within its server's folder.
    static func file(of tool: String) -> String { part(tool) + ".html" }

    /// Small letters, digits, `-` and `_`; whatever had to be changed for that gets a hash of what it was.
    ///
    /// So two names never become one file, on file systems that do not tell case apart either.
    static func part(_ name: String) -> String {
        var part = ""
        var isChanged = name == "index" || name.isEmpty
        for byte in name.utf8.prefix(longest) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                part.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                part.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
                isChanged = true
            default:
                part += "-"
                isChanged = true
            }
        }
        isChanged = isChanged || name.utf8.count > longest
        return isChanged ? "\(part)-\(hash(name))" : part
    }

    /// FNV-1a, 64 bits; tells names apart, and protects nothing.
    private static func hash(_ name: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 36)
    }
}
