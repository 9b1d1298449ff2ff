import Administration
import Base
import EventLoops

extension LengthOfTime {
    /// The value of an option; `nil` when it is not given.
    static func option(_ name: String, _ invocation: Invocation) throws(CommandFailure) -> Duration? {
        guard let text = invocation.value(name) else {
            return nil
        }
        guard let length = parse(text) else {
            throw .usage("`--\(name)` cannot be `\(text)`: write a length of time such as 90s, 15m, 1h or 7d")
        }
        return length
    }
}

/// When a grant ends, on the command line.
enum ExpiryOption {
    static let option = CommandOption(
        "expires",
        "TIME",
        "RFC 3339, for example 2027-01-01T00:00:00Z, or a length of time such as 90d, or never"
    )

    /// The value of `--expires`: `.some(nil)` for never, `nil` when it is not given.
    static func read(_ invocation: Invocation, now: WallTime) throws(CommandFailure) -> WallTime?? {
        guard let text = invocation.value("expires") else {
            return nil
        }
        if text == "never" {
            return .some(nil)
        }
        if let length = LengthOfTime.parse(text) {
            return WallTime(milliseconds: now.milliseconds + length.components.seconds * 1_000)
        }
        guard let time = WallTime(rfc3339: text.utf8) else {
            throw .usage(
                "`--expires` cannot be `\(text)`: write a time such as 2027-01-01T00:00:00Z, a length such as 90d, or never"
            )
        }
        guard time > now else {
            throw .usage("`--expires` is in the past: \(text)")
        }
        return time
    }
}
