public import JSONText

/// The severities of log messages, mildest first (26/log).
public enum LogLevel: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    // The names are the protocol's.
    case debug, info, notice, warning, error, critical, alert, emergency

    /// The level spelled exactly so.
    public init?(_ name: JSONString) {
        guard let found = LogLevel.allCases.first(where: { name.isEqual(to: $0.name) }) else {
            return nil
        }
        self = found
    }

    /// The name on the wire.
    public var name: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        case .alert: "alert"
        case .emergency: "emergency"
        }
    }

    /// Milder is less.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}
