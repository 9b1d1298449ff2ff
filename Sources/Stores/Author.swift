public import Base

/// Who changes the store; stands in every admin event.
public struct Author: Hashable, Sendable {
    /// What kind of being it is.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A person at the command line; the name is the system user's.
        case commandLine = "operator"
        /// A member, by name.
        case member
        /// A machine, by the member it acts for and its token's label: `MEMBER/TOKEN`.
        case token
        /// The gateway itself: pins it took, for example.
        case gateway
        /// A configuration file that was applied; the name is its path.
        case file
    }

    /// What kind of being it is.
    public let kind: Kind
    /// Its name; at most 256 bytes are kept.
    public let name: ByteString

    /// An author from its parts.
    public init(_ kind: Kind, name: ByteString) {
        self.kind = kind
        self.name = ByteString(name.bytes.prefix(256))
    }

    /// The gateway.
    public static let gateway = Author(.gateway, name: "toolgate")
}

extension Author: CustomStringConvertible {
    /// `KIND:NAME`.
    public var description: String { "\(kind.rawValue):\(name.text)" }
}

/// What an admin event or an error is about: a kind of record and the name people know it by.
public struct Subject: Hashable, Sendable {
    /// The kinds of records people change.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The organisation the store belongs to.
        case organisation
        /// A person.
        case member
        /// An upstream.
        case server
        /// A policy, its versions included.
        case policy
        /// Several servers under one path.
        case bundle
        /// A token's digest and what it opens.
        case grant
        /// A sealed secret.
        case credential
        /// A tool's pinned definition; the name is SERVER/TOOL.
        case tool
        /// A call that a person decides about; the name is its identity.
        case approval
        /// How a member signs in; the name is the member's label.
        case account
        /// A member's sessions; the name is the member's label.
        case session
        /// A token of the admin API.
        case token
        /// A link that lets somebody join; the name is their address.
        case invitation
        /// The link that makes the first account.
        case setup
        /// Where events are told; the name is the webhook's.
        case webhook
        /// The store itself.
        case store
    }

    /// The kind.
    public let kind: Kind
    /// The name, or what stands in for it.
    public let name: ByteString

    /// A subject from its parts.
    public init(_ kind: Kind, _ name: ByteString) {
        self.kind = kind
        self.name = name
    }
}

extension Subject: CustomStringConvertible {
    /// The kind, and the name in backticks; control characters replaced.
    public var description: String { "\(kind.rawValue) `\(name.shown)`" }
}

extension ByteString {
    /// For messages: at most 64 bytes, controls replaced.
    var shown: String {
        let scalars = String(decoding: bytes.prefix(64), as: UTF8.self).unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : String(scalar)
        }
        return scalars.joined() + (count > 64 ? "…" : "")
    }
}
