public import Base

/// Why a server cannot be connected, or its token not renewed: what is wrong, where, and what to do next.
public struct OAuthProblem: Error, Hashable, Sendable {
    /// What went wrong.
    public let kind: Kind
    /// What it is about: an address, a code of the server's; plain visible ASCII, short.
    public let about: ByteString

    /// The kinds of problems, with their sentences in ``OAuthProblem/sentence``.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Neither the server nor its origin says who authorises.
        case notDescribed
        /// The server's description is of another resource (AC-02).
        case otherResource
        /// An address that was discovered is not one that may be asked (AC-13, G1).
        case unfitAddress
        /// A document is not JSON of the right form.
        case unreadable
        /// No authorisation server's metadata were found.
        case noMetadata
        /// The metadata name another issuer than the one asked (AC-04).
        case otherIssuer
        /// The authorisation server does not offer PKCE with S256 (AC-09).
        case noProofKey
        /// It offers no grant this connection can use.
        case noGrant
        /// There is no client of ours there and none can be registered (AC-05).
        case noClient
        /// Registration was refused (AC-07).
        case registrationRefused
        /// What came back does not belong to what was sent: wrong `state` (AC-12).
        case otherState
        /// It came from another issuer, or from one that should have said who it is and did not (AC-11).
        case returnedByOther
        /// The person or the authorisation server said no.
        case refused
        /// The token endpoint's answer is not one.
        case badToken
        /// The token endpoint refused for good: somebody has to connect again.
        case tokenRefused
        /// The authorisation server cannot be reached or does not work right now.
        case unavailable
    }

    /// A problem from its parts; `about` is cut and cleaned, because others wrote it.
    public init(_ kind: Kind, _ about: ByteString = "") {
        self.kind = kind
        let isClean = about.bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "`") }
        self.about = isClean ? ByteString(about.bytes.prefix(200)) : "(not printable)"
    }

    /// Whether trying again later may help without anybody doing anything.
    public var isPassing: Bool { kind == .unavailable }
}

extension OAuthProblem: CustomStringConvertible {
    /// What is wrong and what to do next, in one sentence.
    public var description: String {
        about.isEmpty ? sentence : "\(sentence) (`\(about.text)`)"
    }

    private var sentence: String {
        switch kind {
        case .notDescribed:
            "the server does not say who authorises: give it a token in `headers`, or ask its operator for metadata"
        case .otherResource:
            "the server's metadata speak of another resource, so no token is asked for: check the server's address"
        case .unfitAddress:
            "a discovered address is neither https nor on this machine, so nothing is sent there"
        case .unreadable:
            "a metadata document is not what the standard says: ask the server's operator"
        case .noMetadata:
            "the authorisation server publishes no metadata: name a client and its endpoints, or ask its operator"
        case .otherIssuer:
            "the authorisation server's metadata name another issuer, so it is not trusted"
        case .noProofKey:
            "the authorisation server does not offer PKCE with S256, without which codes can be stolen"
        case .noGrant:
            "the authorisation server does not offer the grant that this connection uses"
        case .noClient:
            "the authorisation server registers no clients by itself: register one there and give `--client-id`"
        case .registrationRefused:
            "the authorisation server refused to register a client: register one there and give `--client-id`"
        case .otherState:
            "the answer does not belong to this connection: run the command again and use the newest link"
        case .returnedByOther:
            "the answer does not come from the authorisation server that was asked: do not go on, run the command again"
        case .refused:
            "the authorisation server refused: connect again, or ask whoever manages access there"
        case .badToken:
            "the token endpoint's answer is not a token answer: ask the authorisation server's operator"
        case .tokenRefused:
            "the authorisation has ended: run `toolgate server connect` for this server again"
        case .unavailable:
            "the authorisation server cannot be used right now"
        }
    }
}
