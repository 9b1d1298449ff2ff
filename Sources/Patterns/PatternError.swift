/// Why a regular expression was refused.
public enum PatternError: Error, Hashable, Sendable {
    /// The source has more bytes than this.
    case tooLong(maximum: Int)
    /// The compiled form would exceed the memory a pattern may have.
    case tooLarge
    /// RE2's own reason; it may quote the pattern.
    case refused(String)
}

extension PatternError: CustomStringConvertible {
    /// One line for whoever wrote the pattern.
    public var description: String {
        switch self {
        case .tooLong(let maximum): "the pattern is longer than \(maximum) bytes"
        case .tooLarge: "the compiled pattern is too large: use smaller repetition counts or split it"
        case .refused(let reason): "not a valid RE2 pattern: \(reason)"
        }
    }
}
