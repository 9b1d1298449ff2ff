internal import Base
internal import EventLoops

/// The `Date` field (RFC 9110, section 6.6.1), written anew once a second.
struct DateLine {
    private var second: Int64 = .min
    private var line: [UInt8] = []

    private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Puts the line into a head that was just written, before the empty line at its end.
    mutating func insert(into head: inout [UInt8], now: Instant) {
        let current = now.nanoseconds / 1_000_000_000
        if current != second {
            second = current
            write(SystemTime().wallTime)
        }
        guard head.count >= 2 else {
            return
        }
        head.removeLast(2)
        head.append(contentsOf: line)
    }

    private mutating func write(_ time: WallTime) {
        let seconds = Int(max(0, time.milliseconds) / 1_000)
        let date = CivilDate(daysSinceEpoch: seconds / 86_400)
        line.removeAll(keepingCapacity: true)
        line.append("Date: ")
        line.append(DateLine.days[date.weekday % 7])
        line.append(", ")
        line.append(padded: date.day, to: 2)
        line.append(" ")
        line.append(DateLine.months[(date.month + 11) % 12])
        line.append(" ")
        line.append(padded: date.year, to: 4)
        line.append(" ")
        line.append(padded: seconds / 3_600 % 24, to: 2)
        line.append(":")
        line.append(padded: seconds / 60 % 60, to: 2)
        line.append(":")
        line.append(padded: seconds % 60, to: 2)
        line.append(" GMT\r\n\r\n")
    }
}
