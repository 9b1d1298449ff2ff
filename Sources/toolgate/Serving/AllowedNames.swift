import Base

/// The names and origins an operator allows beside this machine's own, checked before anything starts.
///
/// What never matches a request would be accepted in silence, and refuse every client later.
enum AllowedNames {
    /// `--allowed-host`: host names alone, since ports and schemes are not compared.
    ///
    /// - Throws: a usage failure that says what to write instead.
    static func hosts(_ invocation: Invocation) throws(CommandFailure) -> [String] {
        let names = invocation.all("allowed-host")
        for name in names where !isHost(name) {
            let host = bareHost(name)
            let advice =
                isHost(host)
                ? "give the name alone: `--allowed-host \(host)`" : "give a name such as `gw.example.com`"
            throw .usage("`--allowed-host \(name)` is no host name: \(advice)")
        }
        return names
    }

    /// `--allowed-origin`: scheme, host and port as browsers send them.
    ///
    /// - Throws: as ``hosts(_:)``.
    static func origins(_ invocation: Invocation) throws(CommandFailure) -> [String] {
        let origins = invocation.all("allowed-origin")
        for origin in origins where !isOrigin(origin) {
            let host = isHost(bareHost(origin)) ? bareHost(origin) : "app.example.com"
            let scheme = origin.hasPrefix("http://") ? "http" : "https"
            let advice = "write it as browsers send it: `--allowed-origin \(scheme)://\(host)`"
            throw .usage("`--allowed-origin \(origin)` is no origin: \(advice)")
        }
        return origins
    }

    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                byte.isASCIIAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "_")
            }
    }

    /// Whether this is an origin as browsers send it.
    static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
            return false
        }
        let parts = text.dropFirst(scheme.count).split(separator: ":", omittingEmptySubsequences: false)
        let host = parts.first.map { String($0) } ?? ""
        // Browsers write hosts in lower case, and origins are compared as they are.
        guard isHost(host), host == host.lowercased(), parts.count <= 2 else {
            return false
        }
        return parts.count == 1 || UInt16(parts[1]) != nil
    }

    /// What is left of a URL without scheme, path and port.
    private static func bareHost(_ text: String) -> String {
        var rest = text[...]
        if let mark = rest.firstRange(of: "://") {
            rest = rest[mark.upperBound...]
        }
        return String(rest.prefix { $0 != "/" && $0 != ":" }).lowercased()
    }
}

extension UInt8 {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
