/// The operators of conditions (policy-language.md, section 2).
public enum PolicyOperator: String, Sendable, Hashable, CaseIterable {
    case eq, neq
    case `in`
    case notIn = "not_in"
    case lt, lte, gt, gte, between, exists, regex
    case notRegex = "not_regex"
    case contains
    case notContains = "not_contains"
    case startsWith = "starts_with"
    case endsWith = "ends_with"
    case lengthLTE = "length_lte"
    case lengthGTE = "length_gte"
    case pathWithin = "path_within"
    case urlHostIn = "url_host_in"
    case urlPrivate = "url_private"

    /// Whether it holds for a missing value outside `require`.
    public var isNegative: Bool {
        switch self {
        case .neq, .notIn, .notRegex, .notContains: true
        default: false
        }
    }

    /// Whether `ignore_case` may stand with it.
    public var canIgnoreCase: Bool {
        switch self {
        case .eq, .neq, .in, .notIn, .contains, .notContains, .startsWith, .endsWith, .regex, .notRegex: true
        default: false
        }
    }

    /// Whether it orders its argument; for `time.date` these take ISO dates.
    public var isOrdering: Bool {
        switch self {
        case .lt, .lte, .gt, .gte, .between: true
        default: false
        }
    }
}
