import Base

/// Which of the two protocols a message belongs to (mcp-protocol.md, section 0.1).
public enum Era: Sendable, Hashable, CaseIterable {
    /// Up to 2025-11-25: a connection opens with `initialize`, server and client both send requests.
    case legacy
    /// From 2026-07-28: no handshake, every request carries its own version and capabilities.
    case modern
}

/// A revision of MCP that the gateway knows, oldest first.
public enum Revision: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// 2024-11-05: spoken to clients over HTTP+SSE alone; servers of it are spoken to as those of 2025-03-26.
    case november2024
    /// 2025-03-26: the first with Streamable HTTP; its batches are refused.
    case march2025
    /// 2025-06-18: the first with the version header.
    case june2025
    /// 2025-11-25: the last with a handshake.
    case november2025
    /// 2026-07-28: the first without.
    case july2026

    // INVARIANT: a case's number is its place in `allCases`.
    private static let table = NameTable(allCases.map(\.name))

    /// The revision spelled by exactly these bytes.
    public init?(_ text: ArraySlice<UInt8>) {
        guard let number = Revision.table.number(of: text) else {
            return nil
        }
        self.init(rawValue: UInt8(truncatingIfNeeded: number))
    }

    /// The revision spelled by exactly these bytes.
    public init?(_ text: some Collection<UInt8>) {
        self.init(Array(text)[...])
    }

    /// The date that names the revision, as it stands in headers and bodies.
    public var name: StaticString {
        switch self {
        case .november2024: "2024-11-05"
        case .march2025: "2025-03-26"
        case .june2025: "2025-06-18"
        case .november2025: "2025-11-25"
        case .july2026: "2026-07-28"
        }
    }

    /// The name as text for people and logs.
    public var text: String { "\(name)" }

    /// The protocol this revision belongs to.
    public var era: Era { self >= .july2026 ? .modern : .legacy }

    /// Whether the gateway speaks it over Streamable HTTP, on either side.
    public var isServed: Bool { self != .november2024 }

    /// As what the gateway speaks to a server that has chosen this revision: what 2024-11-05 says 2025-03-26 says alike.
    public var towardsServer: Revision { self == .november2024 ? .march2025 : self }

    /// Whether a client of this revision may send requests that ask a URL of the user (`elicitation.url`).
    var hasURLElicitation: Bool { self >= .november2025 }

    /// The revisions served to modern clients, newest first: what `server/discover` and −32022 name.
    public static let servedModern: [Revision] = [.july2026]
    /// The revisions served to legacy clients, newest first.
    public static let servedLegacy: [Revision] = [.november2025, .june2025, .march2025]
    /// Every revision served, newest first.
    public static let served: [Revision] = servedModern + servedLegacy
    /// What `initialize` is answered with when the client asks for a revision that is not served (LS-01).
    public static let newestLegacy: Revision = .november2025
    /// What a legacy request without version header is taken as (LS-08).
    public static let assumed: Revision = .march2025

    /// Older is less.
    public static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }
}
