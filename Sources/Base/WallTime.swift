/// A point in civil time: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored as POSIX does.
///
/// For records, expiry and calendar windows; intervals are measured with ``Instant``.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch; negative before it.
    public let milliseconds: Int64

    /// The time `milliseconds` after the epoch.
    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Which of two times came first.
    @inlinable
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Reads an RFC 3339 date-time (`2026-11-21T02:00:00.000Z`, any offset, up to nine fraction digits, of which three
    /// are kept).
    ///
    /// Years 0001 to 9999. A leap second (`:60`) counts as the first of the next minute. `nil` for anything else.
    public init?(rfc3339 text: some Collection<UInt8>) {
        var scanner = Scanner(bytes: Array(text))
        guard let year = scanner.number(digits: 4), year >= 1, scanner.skip("-"),
            let month = scanner.number(digits: 2), (1...12).contains(month), scanner.skip("-"),
            let day = scanner.number(digits: 2), day >= 1, day <= CivilDate.days(inMonth: month, ofYear: year),
            scanner.skip("T") || scanner.skip("t"),
            let hour = scanner.number(digits: 2), hour <= 23, scanner.skip(":"),
            let minute = scanner.number(digits: 2), minute <= 59, scanner.skip(":"),
            let second = scanner.number(digits: 2), second <= 60,
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else {
            return nil
        }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        milliseconds = Int64(seconds) * 1_000 + Int64(fraction)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T02:00:00.000Z`, 24 bytes for years 0 to 9999.
    public func appendRFC3339(to output: inout [UInt8]) {
        let (day, inDay) = milliseconds.flooredDivision(by: 86_400_000)
        let date = CivilDate(daysSinceEpoch: Int(day))
        let millisecond = Int(inDay)
        output.append(padded: date.year, to: 4)
        output.append(UInt8(ascii: "-"))
        output.append(padded: date.month, to: 2)
        output.append(UInt8(ascii: "-"))
        output.append(padded: date.day, to: 2)
        output.append(UInt8(ascii: "T"))
        output.append(padded: millisecond / 3_600_000, to: 2)
        output.append(UInt8(ascii: ":"))
        output.append(padded: millisecond / 60_000 % 60, to: 2)
        output.append(UInt8(ascii: ":"))
        output.append(padded: millisecond / 1_000 % 60, to: 2)
        output.append(UInt8(ascii: "."))
        output.append(padded: millisecond % 1_000, to: 3)
        output.append(UInt8(ascii: "Z"))
    }
}

extension WallTime: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds.
    public var description: String {
        var output: [UInt8] = []
        appendRFC3339(to: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

/// Reads fixed-width digits from the front of a byte run.
private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func number(digits: Int) -> Int? {
        guard bytes.count - position >= digits else {
            return nil
        }
        var value = 0
        for index in position..<(position + digits) {
            guard let digit = bytes[index].decimalDigit else {
                return nil
            }
            value = value * 10 + digit
        }
        position += digits
        return value
    }

    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else {
            return false
        }
        position += 1
        return true
    }

    /// Milliseconds of an optional `.digits`; `nil` when the point has no digit or more than nine behind it.
    mutating func fraction() -> Int? {
        guard skip(".") else {
            return 0
        }
        var milliseconds = 0
        var count = 0
        while position < bytes.count, let digit = bytes[position].decimalDigit {
            if count < 3 {
                milliseconds = milliseconds * 10 + digit
            }
            count += 1
            position += 1
        }
        guard (1...9).contains(count) else {
            return nil
        }
        while count < 3 {
            milliseconds *= 10
            count += 1
        }
        return milliseconds
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if skip("Z") || skip("z") {
            return 0
        }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number(digits: 2), hours <= 23, skip(":"),
            let minutes = number(digits: 2), minutes <= 59
        else {
            return nil
        }
        return (hours * 3_600 + minutes * 60) * (isWest ? -1 : 1)
    }
}

extension UInt8 {
    /// The value of an ASCII digit, `nil` for any other byte.
    @inlinable
    public var decimalDigit: Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) ? Int(self - UInt8(ascii: "0")) : nil
    }
}

extension [UInt8] {
    /// Appends `value` in decimal, filled with zeros on the left to at least `width` digits.
    ///
    /// `value` must not be negative.
    public mutating func append(padded value: Int, to width: Int) {
        // Hours, minutes and seconds of every line of the log.
        if width == 2, 0 <= value, value < 100 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
            return
        }
        var threshold = 10
        for _ in 1..<Swift.max(width, 1) {
            if value < threshold {
                append(UInt8(ascii: "0"))
            }
            threshold *= 10
        }
        // The zeros written above number exactly the missing digits: one per power of ten above the value.
        append(decimal: value)
    }
}
