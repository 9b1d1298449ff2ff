internal import Base

/// Lengths of time on the command line: `90s`, `15m`, `1h`, `7d`.
public enum LengthOfTime {
    /// A whole number and its unit, at most 10,000 days; `nil` for anything else.
    public static func parse(_ text: String) -> Duration? {
        let unit: Int
        switch text.last {
        case "s": unit = 1
        case "m": unit = 60
        case "h": unit = 3_600
        case "d": unit = 86_400
        default: return nil
        }
        let digits = text.dropLast()
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0.decimalDigit != nil }),
            let number = Int(digits), number * unit <= 10_000 * 86_400
        else {
            return nil
        }
        return .seconds(number * unit)
    }
}
