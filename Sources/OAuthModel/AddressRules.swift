internal import Base

/// Which addresses a flow may name: those of origins the operator named, and what was discovered as far as it is https
/// (security.md, G1; architecture.md, section 7).
struct AddressRules: Sendable {
    /// The origins an operator wrote down: the server's own, and an issuer's where one was given.
    private let named: [ByteString]

    init(_ connection: OAuthConnection) {
        named = [connection.server.origin] + (connection.issuer.map { [$0.origin] } ?? [])
    }

    /// Whether an operator named the origin; only such a one may be this machine or another private one.
    func isNamed(_ address: WebAddress) -> Bool { named.contains(address.origin) }

    /// Passes an address that may be asked, and be told secrets (AC-13).
    func check(_ address: WebAddress) throws(OAuthProblem) -> WebAddress {
        guard address.isSecure || (address.isLoopback && isNamed(address)) else {
            throw OAuthProblem(.unfitAddress, address.text)
        }
        return address
    }
}
