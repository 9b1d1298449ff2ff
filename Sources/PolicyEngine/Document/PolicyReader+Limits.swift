import Base
import JSONText
import RateLimits

/// The names of windows and their lengths.
enum WindowName: String, CaseIterable {
    case second, minute, hour, day, week, month

    /// Sliding; a month is 31 days.
    var seconds: Int {
        switch self {
        case .second: 1
        case .minute: 60
        case .hour: 3_600
        case .day: 86_400
        case .week: 7 * 86_400
        case .month: 31 * 86_400
        }
    }

    var unit: WindowUnit {
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

private enum Alignment: String, CaseIterable {
    case sliding, calendar
}

private enum ScopeName: String, CaseIterable {
    case grant, member, server, organisation

    var scope: CounterScope {
        switch self {
        case .grant: .grant
        case .member: .member
        case .server: .server
        case .organisation: .organisation
        }
    }
}

extension PolicyReader {
    /// LIMIT: windows of at most 100 years, so that no sum of times overflows.
    static let maximumSeconds = 100 * 366 * 86_400

    mutating func readLimit(_ value: Located<JSONValue>) -> PolicyLimit? {
        let known = ["counter", "window", "max", "scope", "increment", "key", "align", "on_deny", "shadow"]
        guard let object = readObject(value, known: known, what: "a limit") else {
            return nil
        }
        for name in ["counter", "window", "max"] where member(object, name) == nil {
            findings.error(
                .missingKey,
                at: object.location,
                "a limit needs `counter`, `window` and `max`: `\(name)` is missing"
            )
        }
        let counter = readCounter(object)
        let window = readWindow(object)
        let maximum = member(object, "max").flatMap { readMaximum($0) }
        let scope = readChoice(object, "scope", ScopeName.self)?.scope ?? .grant
        let increment = readIncrement(object)
        let key = member(object, "key").flatMap { readScalarPath($0) }
        let message = readText(object, "on_deny")?.value.text
        let isShadow = readBoolean(object, "shadow") ?? false
        guard let counter, let window, let maximum else {
            return nil
        }
        return PolicyLimit(
            location: value.location,
            counter: counter,
            window: window,
            maximum: maximum,
            scope: scope,
            increment: increment,
            key: key,
            message: message,
            isShadow: isShadow
        )
    }

    /// `"rate_limit": {"max": 10, "window": 60}`.
    mutating func readRateLimit(_ value: Located<JSONValue>, key: ByteString) -> PolicyLimit? {
        guard let object = readObject(value, known: ["max", "window"], what: "`rate_limit`") else {
            return nil
        }
        for name in ["max", "window"] where member(object, name) == nil {
            findings.error(
                .missingKey,
                at: object.location,
                "`rate_limit` needs `max` and `window`: `\(name)` is missing"
            )
        }
        let maximum = member(object, "max").flatMap { readMaximum($0) }
        var window: PolicyWindow?
        if let length = member(object, "window") {
            window = readSlidingWindow(length)
        }
        guard let maximum, let window else {
            return nil
        }
        let counter = ByteString(key.text.lowercased() + "_rate")
        return PolicyLimit(location: value.location, counter: counter, window: window, maximum: maximum)
    }

    private mutating func readSlidingWindow(_ value: Located<JSONValue>) -> PolicyWindow? {
        guard value.value.kind == .number else {
            return readSeconds(value).map { .sliding(seconds: $0) }
        }
        guard let seconds = readWhole(value, atLeast: 1, what: "`window`, in seconds,") else {
            return nil
        }
        guard seconds <= Self.maximumSeconds else {
            findings.error(.badValue, at: value.location, "a window has at most 100 years")
            return nil
        }
        return .sliding(seconds: seconds)
    }

    private mutating func readCounter(_ object: Located<JSONValue>) -> ByteString? {
        guard let counter = readText(object, "counter") else {
            return nil
        }
        guard !counter.value.isEmpty else {
            findings.error(.badValue, at: counter.location, "a counter needs a name")
            return nil
        }
        return counter.value
    }

    private mutating func readMaximum(_ value: Located<JSONValue>) -> ExactDecimal? {
        guard let number = value.value.number else {
            findings.error(.wrongType, at: value.location, "`max` is a number, not \(value.value.kind.words)")
            return nil
        }
        let maximum = number.decimal
        guard !maximum.isAmbiguous else {
            findings.error(.ambiguousValue, at: value.location, Self.ambiguousNumber)
            return nil
        }
        guard !maximum.isNegative else {
            findings.error(
                .badValue,
                at: value.location,
                "`max` is not negative; `0` refuses every call that adds something"
            )
            return nil
        }
        return maximum
    }

    static let ambiguousNumber =
        "this number is read differently by different programs: write one with fewer digits, whole numbers within ±(2^53−1)"

    private mutating func readWindow(_ object: Located<JSONValue>) -> PolicyWindow? {
        let alignment = readChoice(object, "align", Alignment.self) ?? .sliding
        guard let value = member(object, "window") else {
            return nil
        }
        guard alignment == .calendar else {
            return readSeconds(value).map { .sliding(seconds: $0) }
        }
        guard let text = value.value.string,
            let name = WindowName.allCases.first(where: { text.isEqual(to: $0.rawValue.utf8) })
        else {
            let names = WindowName.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            findings.error(.badValue, at: value.location, "a calendar window is one of \(names)")
            return nil
        }
        return .calendar(name.unit)
    }

    /// A window's name or a duration.
    private mutating func readSeconds(_ value: Located<JSONValue>) -> Int? {
        if let text = value.value.string,
            let name = WindowName.allCases.first(where: { text.isEqual(to: $0.rawValue.utf8) })
        {
            return name.seconds
        }
        return readDuration(value, orElse: "the name of a window (`second` to `month`)")
    }

    /// `90s`, `15m`, `6h`: in seconds.
    mutating func readDuration(_ value: Located<JSONValue>, orElse other: String? = nil) -> Int? {
        let wanted = "a duration such as `90s`, `15m` or `6h`" + (other.map { ", or \($0)," } ?? "")
        guard let text = value.value.string else {
            findings.error(.wrongType, at: value.location, "\(wanted) is wanted, not \(value.value.kind.words)")
            return nil
        }
        guard let seconds = Self.seconds(inDuration: text.bytes) else {
            let known = WindowName.allCases.map(\.rawValue)
            let hint = other == nil ? nil : NearestName.suggestion(for: text.bytes, among: known)
            let meant = hint.map { "; did you mean `\($0)`?" } ?? ""
            findings.error(
                .badValue,
                at: value.location,
                "`\(shown(text.bytes))` is not \(wanted) of at most 100 years\(meant)"
            )
            return nil
        }
        return seconds
    }

    /// A whole number from 1 without sign or leading zero, then `s`, `m` or `h`.
    private static func seconds(inDuration text: [UInt8]) -> Int? {
        guard (2...12).contains(text.count), let unit = text.last, text[0] != UInt8(ascii: "0") else {
            return nil
        }
        var count = 0
        for byte in text.dropLast() {
            guard let digit = byte.decimalDigit else {
                return nil
            }
            count = count * 10 + digit
        }
        let factor: Int
        switch unit {
        case UInt8(ascii: "s"): factor = 1
        case UInt8(ascii: "m"): factor = 60
        case UInt8(ascii: "h"): factor = 3_600
        default: return nil
        }
        let seconds = count * factor
        return seconds <= maximumSeconds ? seconds : nil
    }

    private mutating func readIncrement(_ object: Located<JSONValue>) -> PolicyPath? {
        guard let value = member(object, "increment"),
            let increment = readObject(value, known: ["from"], what: "`increment`")
        else {
            return nil
        }
        guard let from = member(increment, "from") else {
            findings.error(.missingKey, at: increment.location, "`increment` needs `from`, the path of a number")
            return nil
        }
        return readScalarPath(from)
    }

    /// A path into the arguments that stands for one value.
    private mutating func readScalarPath(_ value: Located<JSONValue>) -> PolicyPath? {
        guard let path = readPath(value) else {
            return nil
        }
        guard path.root == .arguments, !path.isQuantified else {
            let problem = path.root == .arguments ? "stands for several values" : "is not an argument"
            findings.error(
                .badValue,
                at: value.location,
                "`\(path.text)` \(problem): name one argument, as in `args.amount`"
            )
            return nil
        }
        return path
    }
}
