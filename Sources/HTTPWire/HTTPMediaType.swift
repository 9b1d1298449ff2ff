import Base

/// The few questions about `Content-Type` and `Accept` that decide anything here (RFC 9110, sections 8.3 and 12.5.1).
public enum HTTPMediaType {
    /// Whether a `Content-Type` is JSON that everyone reads alike: `application/json`, no parameter but
    /// `charset=utf-8`.
    ///
    /// `text/plain` is what a web page may send anywhere without asking, and another charset is another text (threat
    /// C8).
    public static func isJSON(_ value: ArraySlice<UInt8>) -> Bool {
        isType(value, "application/json")
    }

    /// Whether a `Content-Type` is a stream of events: `text/event-stream`, no parameter but `charset=utf-8`.
    public static func isEventStream(_ value: ArraySlice<UInt8>) -> Bool {
        isType(value, "text/event-stream")
    }

    /// Whether an `Accept` list admits `type`, given in lower case, by name or by wildcard, with a weight above zero.
    ///
    /// The most exact range decides, as RFC 9110, section 12.5.1 has it. An empty list admits nothing.
    public static func accepts(_ type: StaticString, in list: [UInt8]) -> Bool {
        let wanted = ByteString(stringLiteral: type).bytes
        var best = 0
        var isAdmitted = false
        var rest = list[...]
        while !rest.isEmpty {
            let range = take(&rest, until: UInt8(ascii: ","))
            let exactness = exactness(of: range, wanted)
            if exactness > best {
                best = exactness
                isAdmitted = !hasZeroWeight(range)
            }
        }
        return isAdmitted
    }

    /// 3 for the type itself, 2 for its family, 1 for everything, 0 for another type.
    private static func exactness(of range: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Int {
        var rest = range
        let name = take(&rest, until: UInt8(ascii: ";"))
        if name.lazy.map(\.asciiLowercased).elementsEqual(wanted) {
            return 3
        }
        guard name.last == UInt8(ascii: "*"), name.count >= 3 else {
            return 0
        }
        if name.isEqual(to: "*/*") {
            return 1
        }
        let family = name.dropLast()
        return family.last == UInt8(ascii: "/") && wanted.starts(with: family.lazy.map(\.asciiLowercased)) ? 2 : 0
    }

    private static func hasZeroWeight(_ range: ArraySlice<UInt8>) -> Bool {
        var rest = range
        _ = take(&rest, until: UInt8(ascii: ";"))
        while !rest.isEmpty {
            let parameter = take(&rest, until: UInt8(ascii: ";"))
            if parameter.prefix(3).isEqualIgnoringCase(to: "q=0"),
                parameter.dropFirst(3).allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") })
            {
                return true
            }
        }
        return false
    }

    private static func isType(_ value: ArraySlice<UInt8>, _ type: StaticString) -> Bool {
        guard let separator = value.firstIndex(of: UInt8(ascii: ";")) else {
            return value.isEqualIgnoringCase(to: type)
        }
        let parameter = value[(separator + 1)...].withoutBlanks
        return value[..<separator].withoutBlanks.isEqualIgnoringCase(to: type)
            && (parameter.isEqualIgnoringCase(to: "charset=utf-8")
                || parameter.isEqualIgnoringCase(to: "charset=\"utf-8\""))
    }

    /// Cuts the part before the next `separator` off `rest`, without the blanks around it.
    private static func take(_ rest: inout ArraySlice<UInt8>, until separator: UInt8) -> ArraySlice<UInt8> {
        let end = rest.firstIndex(of: separator) ?? rest.endIndex
        let part = rest[..<end].withoutBlanks
        rest = rest[end...].dropFirst()
        return part
    }
}
