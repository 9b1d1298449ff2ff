internal import Base
internal import UnicodeText

/// The host of a URL, in the one form all its spellings come to.
struct ParsedHost: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The URL has no host (`mailto:`), or an empty one (`file:///x`).
        case none
        /// A name, lower-case ASCII, a trailing dot kept.
        case domain([UInt8])
        case ipv4(UInt32)
        case ipv6(IPv6Address)
        /// The host of a scheme that WHATWG knows nothing about: printable ASCII, escapes and case kept.
        case opaque([UInt8])
    }

    let kind: Kind

    /// The host as WHATWG serialises it (`hostname`): brackets around IPv6, empty when there is none.
    var hostname: [UInt8] {
        switch kind {
        case .none: return []
        case .domain(let name), .opaque(let name): return name
        case .ipv4(let address):
            var output: [UInt8] = []
            for shift: UInt32 in [24, 16, 8, 0] {
                output.append(decimal: Int(address >> shift & 255))
                if shift > 0 {
                    output.append(UInt8(ascii: "."))
                }
            }
            return output
        case .ipv6(let address): return address.bracketed
        }
    }

    /// Whether `entry` of a list names this host.
    func matches(entry: HostEntry) -> Bool {
        switch (entry.form, comparable) {
        case (.exact(let wanted), let host): wanted == host
        case (.below(let suffix), .domain(let name)):
            name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
        case (.below, _): false
        }
    }

    /// Whether the host is, in any notation, on the list of private places (policy-language.md, section 2).
    var isPrivate: Bool {
        switch comparable {
        case .none, .opaque: false
        case .domain(let name):
            name.isEqual(to: "localhost") || Self.privateSuffixes.contains { name.hasSuffix($0) }
        case .ipv4(let address): IPv4Ranges.arePrivate(address)
        case .ipv6(let address): address.isPrivate
        }
    }

    private static let privateSuffixes: [StaticString] = [".localhost", ".local", ".internal"]

    /// What is compared: a name without the dot that ends it, and an opaque host as what it is a spelling of.
    ///
    /// The scheme is not looked at: `redis://LOCALHOST` names the same place as `http://localhost`.
    private var comparable: Kind {
        switch kind {
        case .domain(let name): .domain(name.withoutTrailingDot)
        case .opaque(let text):
            switch Kind(parsing: text) {
            case .domain(let name): .domain(name.withoutTrailingDot)
            case .some(let other): other
            case nil: kind
            }
        default: kind
        }
    }
}

/// An entry of `url_host_in`: a host, or `*.suffix` for any host below it.
struct HostEntry: Hashable, Sendable {
    enum Form: Hashable, Sendable {
        case exact(ParsedHost.Kind)
        /// The suffix with its leading dot.
        case below([UInt8])
    }

    let form: Form

    /// `nil` for what is no host: with a port, a scheme, a path, a `*` elsewhere, or an address below `*.`.
    init?(parsing text: [UInt8]) {
        let isSuffix = text.hasPrefix("*.")
        let name = isSuffix ? Array(text.dropFirst(2)) : text
        guard !name.isEmpty, !name.contains(UInt8(ascii: "*")), let kind = ParsedHost.Kind(parsing: name) else {
            return nil
        }
        switch kind {
        case .domain(let domain):
            let bare = domain.withoutTrailingDot
            guard !bare.isEmpty, bare.first != UInt8(ascii: "."), bare.last != UInt8(ascii: ".") else {
                return nil
            }
            form = isSuffix ? .below([UInt8(ascii: ".")] + bare) : .exact(.domain(bare))
        case .ipv4, .ipv6:
            guard !isSuffix else {
                return nil
            }
            form = .exact(kind)
        case .none, .opaque: return nil
        }
    }
}

extension [UInt8] {
    fileprivate var withoutTrailingDot: [UInt8] {
        last == UInt8(ascii: ".") ? Array(dropLast()) : self
    }

    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && suffix(text.utf8CodeUnitCount).isEqual(to: text)
    }
}

// MARK: - Host parser (WHATWG URL, section 3.5)

extension ParsedHost.Kind {
    /// The host parser for special schemes: IPv6 in brackets, else percent-decoding, IDNA, and IPv4 in any base.
    init?(parsing text: [UInt8]) {
        if text.first == UInt8(ascii: "[") {
            guard let address = Self.bracketed(text) else {
                return nil
            }
            self = address
            return
        }
        guard let domain = HostNames.ascii(Self.percentDecoded(text)),
            !domain.contains(where: Self.isForbiddenInDomain)
        else {
            return nil
        }
        guard IPv4Text.endsInNumber(domain) else {
            self = .domain(domain)
            return
        }
        guard let address = IPv4Text.parse(domain) else {
            return nil
        }
        self = .ipv4(address)
    }

    /// The host parser for all other schemes.
    init?(opaque text: [UInt8]) {
        if text.first == UInt8(ascii: "[") {
            guard let address = Self.bracketed(text) else {
                return nil
            }
            self = address
            return
        }
        guard !text.contains(where: Self.isForbidden) else {
            return nil
        }
        var output: [UInt8] = []
        for byte in text {
            if byte <= 0x1F || byte > 0x7E {
                output.append(UInt8(ascii: "%"))
                output.append(contentsOf: TextCoding.hexadecimal([byte]).map { $0 >= 0x61 ? $0 - 0x20 : $0 })
            } else {
                output.append(byte)
            }
        }
        self = .opaque(output)
    }

    private static func bracketed(_ text: [UInt8]) -> Self? {
        guard text.count > 2, text.last == UInt8(ascii: "]"),
            let address = IPv6Address(parsing: Array(text[1..<(text.count - 1)]))
        else {
            return nil
        }
        return .ipv6(address)
    }

    /// Each `%XX` once; other percent signs stay.
    private static func percentDecoded(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "%")) else {
            return text
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = text[index + 1].hexadecimalDigit, let low = text[index + 2].hexadecimalDigit
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    /// A forbidden host code point.
    private static func isForbidden(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00, 0x09, 0x0A, 0x0D, 0x20: true
        case UInt8(ascii: "#"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "<"), UInt8(ascii: ">"): true
        case UInt8(ascii: "?"), UInt8(ascii: "@"), UInt8(ascii: "["), UInt8(ascii: "\\"), UInt8(ascii: "]"): true
        case UInt8(ascii: "^"), UInt8(ascii: "|"): true
        default: false
        }
    }

    /// A forbidden domain code point.
    private static func isForbiddenInDomain(_ byte: UInt8) -> Bool {
        isForbidden(byte) || byte <= 0x1F || byte == UInt8(ascii: "%") || byte == 0x7F
    }
}
