internal import AdminModel
internal import Base
internal import HTTPTransport
internal import HTTPWire

/// What a request has to bring before anything else is looked at: the defence against pages of other sites and against
/// names that were pointed at this machine (security.md, C9, L3).
struct SenderRules: Sendable {
    private let hosts: HostRules
    /// The origin people use.
    private let origin: [UInt8]?

    /// Rules for an admin origin, `nil` being the address the listener has.
    init(origin: String?) {
        self.origin = origin.map { Array($0.utf8) }
        let host = origin.map { text in
            var rest = text[...]
            if let mark = rest.firstRange(of: "://") {
                rest = rest[mark.upperBound...]
            }
            return String(rest.prefix { $0 != ":" && $0 != "/" })
        }
        hosts = HostRules(hosts: host.map { [$0] } ?? [], origins: [])
    }

    /// Why a request is not looked at; `nil` when it is.
    func refusal(of head: HTTPRequestHead, changesSomething: Bool) -> Problem? {
        guard let host = head.fields[.host], hosts.admits(host: host) else {
            return Problem(
                .wrongHost,
                "the console and the admin API are not served under this name",
                remedy: "use 127.0.0.1 or localhost, or start the gateway with --admin-url"
            )
        }
        guard changesSomething else {
            return nil
        }
        if let origin = head.fields[.origin] {
            return isOwn(Array(origin), host: Array(host)) ? nil : Self.crossOrigin
        }
        // Browsers that send no `Origin` say so by this field; programs send neither, and bring no cookie, or a token,
        // which no page of another site can, and beside which a cookie is not looked at.
        if let site = head.fields[.secFetchSite] {
            return site.isEqual(to: "same-origin") || site.isEqual(to: "none") ? nil : Self.crossOrigin
        }
        return head.fields.contains(.cookie) && !head.fields.contains(.authorization) ? Self.crossOrigin : nil
    }

    private static let crossOrigin = Problem(
        .crossOrigin,
        "a change has to come from the console's own pages, or from a program with a token",
        remedy: "open the console at its own address; programs send `Authorization: Bearer` and no cookie"
    )

    /// The origin people use, or the one of the very host that was asked, which was checked before.
    private func isOwn(_ origin: [UInt8], host: [UInt8]) -> Bool {
        if let own = self.origin {
            return origin == own
        }
        return origin == Array("http://".utf8) + host || origin == Array("https://".utf8) + host
    }
}

/// What every answer says to browsers.
enum SecurityFields {
    private static let policy: StaticString =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

    /// The fields of an answer; with HSTS when people reach the console by https.
    static func fields(isSecure: Bool) throws(HTTPSerializerError) -> HTTPFields {
        var fields = HTTPFields()
        fields.append(.contentSecurityPolicy, policy)
        fields.append(.xContentTypeOptions, "nosniff")
        fields.append(.referrerPolicy, "no-referrer")
        try fields.append(name: "cross-origin-opener-policy".utf8, value: "same-origin".utf8)
        try fields.append(name: "cross-origin-resource-policy".utf8, value: "same-origin".utf8)
        try fields.append(name: "permissions-policy".utf8, value: "camera=(), microphone=(), geolocation=()".utf8)
        if isSecure {
            fields.append(.strictTransportSecurity, "max-age=31536000")
        }
        return fields
    }
}
