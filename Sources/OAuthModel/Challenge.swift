public import Base

/// What a `WWW-Authenticate` header says of the scheme `Bearer` (RFC 9110, 11.6.1; RFC 6750, 3; RFC 9728, 5.1).
public struct BearerChallenge: Hashable, Sendable {
    /// Where the server describes itself (`resource_metadata`).
    public let resourceMetadata: ByteString?
    /// The scopes that this very request would have needed.
    public let scope: ByteString?
    /// The error's code, such as `invalid_token` or `insufficient_scope`.
    public let error: ByteString?

    // LIMIT: bytes of the header that are looked at.
    private static let maximumBytes = 8 << 10

    /// Finds the challenge in a header's value; `nil` when there is none or the header is not well formed.
    public init?(_ header: some Collection<UInt8>) {
        guard header.count <= Self.maximumBytes else {
            return nil
        }
        var scanner = ChallengeScanner(rest: Array(header)[...])
        while let challenge = scanner.next() {
            guard challenge.scheme.isEqual(to: "bearer") else {
                continue
            }
            resourceMetadata = challenge.parameters["resource_metadata"]
            scope = challenge.parameters["scope"]
            error = challenge.parameters["error"]
            return
        }
        return nil
    }
}

/// Takes one challenge after the other off a header.
///
/// A parameter that stands twice ends the reading: which one counts is nowhere said.
private struct ChallengeScanner {
    var rest: ArraySlice<UInt8>

    struct Challenge {
        let scheme: ByteString
        var parameters: [ByteString: ByteString] = [:]
    }

    mutating func next() -> Challenge? {
        skipBlanks(andCommas: true)
        guard let scheme = token() else {
            return nil
        }
        var challenge = Challenge(scheme: scheme)
        skipBlanks(andCommas: false)
        while true {
            let before = rest
            skipBlanks(andCommas: true)
            guard let name = token() else {
                return rest.isEmpty ? challenge : nil
            }
            skipBlanks(andCommas: false)
            guard rest.first == UInt8(ascii: "=") else {
                // No parameter: the next challenge begins here.
                rest = before
                return challenge
            }
            rest = rest.dropFirst()
            skipBlanks(andCommas: false)
            guard let value = value(), challenge.parameters.updateValue(value, forKey: name) == nil else {
                rest = []
                return nil
            }
        }
    }

    private mutating func skipBlanks(andCommas: Bool) {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 || (andCommas && $0 == UInt8(ascii: ",")) }
    }

    private mutating func token() -> ByteString? {
        let token = rest.prefix { byte in
            byte > 0x20 && byte < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains(byte)
        }
        rest = rest.dropFirst(token.count)
        return token.isEmpty ? nil : ByteString(token.map(WebAddress.lowered))
    }

    private mutating func value() -> ByteString? {
        guard rest.first == UInt8(ascii: "\"") else {
            let bare = rest.prefix { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") }
            rest = rest.dropFirst(bare.count)
            return bare.isEmpty ? nil : ByteString(bare)
        }
        rest = rest.dropFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                return ByteString(text)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else {
                    return nil
                }
                text.append(escaped)
            default:
                text.append(byte)
            }
        }
        return nil
    }
}
