internal import Base
internal import Cryptography
public import JSONText

/// Keyed digests of argument values: whoever has the key can ask whether a call had a certain value, nobody can read it.
///
/// HMAC-SHA-256 under a key of its own, over a domain, the argument's name and the value in its exact canonical form, so
/// that equal values of different arguments do not look equal. Erasing the key erases what the digests could tell.
public struct ArgumentDigester: Sendable {
    private let authenticator: HMACSHA256

    /// Digests under `key`, which should have 32 random bytes.
    public init(key: [UInt8]) {
        authenticator = HMACSHA256(key: key)
    }

    /// `{"name":"64 digits",…}` for the members of `arguments`, sorted by name; empty for no object or an empty one.
    public func digests(of arguments: JSONValue) -> [UInt8] {
        let members = arguments.members.map { (name: $0.key.bytes, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        guard !members.isEmpty else {
            return []
        }
        var output: [UInt8] = []
        for member in members {
            output.append(output.isEmpty ? "{" : ",")
            output.append(rowText: member.name)
            output.append(#":""#)
            let digest = digest("argument", member.name, JSONCanonical.exact(member.value))
            output.append(contentsOf: TextCoding.hexadecimal(digest))
            output.append(#"""#)
        }
        output.append("}")
        return output
    }

    /// The 32 bytes that stand for the value that splits a counter, from its canonical bytes.
    public func counterValue(_ canonical: [UInt8]) -> [UInt8] {
        digest("counter", [], canonical)
    }

    private func digest(_ domain: StaticString, _ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(name.count + value.count + 48)
        message.append("toolgate.audit.")
        message.append(domain)
        message.append(".v1\0")
        message.append(decimal: name.count)
        message.append(":")
        message.append(contentsOf: name)
        message.append(contentsOf: value)
        return authenticator.authenticate(message)
    }
}
