public import Base
internal import Cryptography
internal import JSONText
public import PolicyEngine

/// A call that a person has to agree to, as whoever keeps approvals is asked about it.
public struct ApprovalQuestion: Sendable {
    /// What an approval binds to; 32 bytes.
    public let binding: [UInt8]
    /// The grant's label.
    public let grant: ByteString
    /// The server's name.
    public let server: ByteString
    /// The tool, by the server's own name.
    public let tool: ByteString
    /// The first rule that demands it.
    public let rule: String
    /// What the policy says about it.
    public let demand: ApprovalDemand
    /// The arguments in canonical form, for whoever decides; never written anywhere unsealed.
    public let arguments: [UInt8]
}

/// What becomes of an ``ApprovalQuestion``.
public enum ApprovalAnswer: Hashable, Sendable {
    /// The call may be made, once; the approval's id.
    case given(ByteString)
    /// Somebody has to decide first.
    case pending(ByteString)
    /// Somebody said no, and maybe why.
    case denied(ByteString, reason: ByteString?)
    /// So many calls wait already that this one is not shown to anybody.
    case tooMany
    /// Nobody can be asked now.
    case unavailable
}

/// Keeps approvals, for all workers of all processes.
///
/// Called on a worker's loop, so it does its waiting elsewhere.
public protocol ApprovalDesk: Sendable {
    /// Uses up an approval for exactly this call, or asks for one; of two calls that claim the same one, one gets it.
    func claim(_ question: ApprovalQuestion) async -> ApprovalAnswer
    /// Takes an approval back: not one byte of its call reached the server.
    func giveBack(_ approval: ByteString)
}

/// What an approval binds to (policy-language.md, section 6).
///
/// Each part with its length before it, so that no two calls have one text.
enum ApprovalBinding {
    static func digest(
        grant: ByteString,
        scope: ByteString,
        server: ByteString,
        tool: ByteString,
        definition: [UInt8],
        arguments: [UInt8],
        policy: ByteString,
        version: ByteString
    ) -> [UInt8] {
        var hash = SHA256()
        hash.update(Array("toolgate-approval-1".utf8))
        for part in [
            grant.bytes, scope.bytes, server.bytes, tool.bytes, definition, arguments, policy.bytes, version.bytes,
        ] {
            let count = UInt64(part.count)
            hash.update((0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * UInt64($0))) })
            hash.update(part)
        }
        return hash.finish()
    }
}
