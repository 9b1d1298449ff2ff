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
        let family = wanted.prefix { $0 != UInt8(ascii: "/") } + Array("/*".utf8)
        var best = 0
        var isAdmitted = false
        for range in list.split(separator: UInt8(ascii: ",")) {
            let parts = range.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(trimmed)
            guard let name = parts.first?.map(\.asciiLowercased) else {
                continue
            }
            let exactness = name == wanted ? 3 : name.elementsEqual(family) ? 2 : name.isEqual(to: "*/*") ? 1 : 0
            if exactness > best {
                best = exactness
                isAdmitted = !parts.dropFirst().contains(where: isZeroWeight)
            }
        }
        return isAdmitted
    }

    private static func isType(_ value: ArraySlice<UInt8>, _ type: StaticString) -> Bool {
        let parts = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(trimmed)
        guard let name = parts.first, name.isEqualIgnoringCase(to: type), parts.count <= 2 else {
            return false
        }
        return parts.dropFirst().allSatisfy {
            $0.isEqualIgnoringCase(to: "charset=utf-8") || $0.isEqualIgnoringCase(to: "charset=\"utf-8\"")
        }
    }

    private static func isZeroWeight(_ parameter: [UInt8]) -> Bool {
        let text = parameter.map(\.asciiLowercased)
        return text.hasPrefix("q=0")
            && text.dropFirst(3).allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var text = Array(text.drop { $0.isBlank })
        while let last = text.last, last.isBlank {
            text.removeLast()
        }
        return text
    }
}
