import RateLimits
import UnicodeText

extension WindowUnit {
    /// The unit as the zone rules know it.
    var calendar: CalendarUnit {
        switch self {
        case .second: .second
        case .minute: .minute
        case .hour: .hour
        case .day: .day
        case .week: .week
        case .month: .month
        }
    }
}
