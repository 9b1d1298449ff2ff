import Base

/// The value of `Retry-After` (RFC 9110, section 10.2.3).
enum RetryAfter {
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds to wait, 0 for what is over, at most an hour; `nil` for anything else.
    static func seconds(_ text: ByteString, at time: WallTime) -> Int? {
        let bytes = text.bytes
        if (1...9).contains(bytes.count), bytes.allSatisfy({ $0.decimalDigit != nil }) {
            return min(bytes.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }, 3_600)
        }
        guard let date = date(bytes) else {
            return nil
        }
        let now = time.milliseconds.flooredDivision(by: 1_000).quotient
        return Int(min(max(date - now, 0), 3_600))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970.
    private static func date(_ bytes: [UInt8]) -> Int64? {
        guard bytes.count == 29, bytes[25...].isEqual(to: " GMT"),
            let month = months.firstIndex(where: { bytes[8..<11].isEqual(to: $0) })
        else {
            return nil
        }
        // The rest in RFC 3339, whose reader checks every range.
        var output = Array(bytes[12..<16])
        output.append("-")
        output.append(padded: month + 1, to: 2)
        output.append("-")
        output.append(contentsOf: bytes[5..<7])
        output.append("T")
        output.append(contentsOf: bytes[17..<25])
        output.append("Z")
        return WallTime(rfc3339: output)?.milliseconds.flooredDivision(by: 1_000).quotient
    }
}
