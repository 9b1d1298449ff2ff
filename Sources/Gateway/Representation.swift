internal import Base
internal import HTTPWire

/// What a request's head says about its body and about the answer it can take (RFC 9110, sections 8 and 12).
enum Representation {
    /// Refuses everything but JSON in UTF-8 (security.md, C7, C8): a browser cannot send that without asking first.
    static func checkBody(_ fields: HTTPFields) throws(Failure) {
        if let encoding = fields[.contentEncoding], !equalsIgnoringCase(encoding, "identity") {
            throw Failure(.encodingNotSupported)
        }
        guard let type = fields[.contentType], isJSON(type) else {
            throw Failure(.mediaTypeNotSupported)
        }
    }

    /// Which of the two forms of answer the client takes.
    ///
    /// Lenient: clients should list both, the ones that list one get that one, and no `Accept` at all is anything.
    static func accepted(_ fields: HTTPFields) throws(Failure) -> (json: Bool, events: Bool) {
        guard let first = fields[.accept] else {
            return (true, true)
        }
        let isAlone = fields.count(of: .accept) == 1
        // What every SDK sends, without taking it apart.
        if isAlone, first.isEqual(to: "application/json, text/event-stream") {
            return (true, true)
        }
        let list = isAlone ? first : (fields.combined(.accept) ?? [])[...]
        var json = false
        var events = false
        for item in list.split(separator: UInt8(ascii: ",")) {
            let (type, isRefused) = mediaRange(item)
            guard !isRefused else {
                continue
            }
            json = json || equalsIgnoringCase(type, "application/json") || equalsIgnoringCase(type, "application/*")
            events = events || equalsIgnoringCase(type, "text/event-stream") || equalsIgnoringCase(type, "text/*")
            if type.isEqual(to: "*/*") {
                return (true, true)
            }
        }
        guard json || events else {
            throw Failure(.notAcceptable)
        }
        return (json, events)
    }

    /// `application/json`, perhaps with `charset=utf-8`, and nothing else.
    private static func isJSON(_ value: ArraySlice<UInt8>) -> Bool {
        // What every client sends, without taking it apart.
        if value.isEqual(to: "application/json") {
            return true
        }
        var parts = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)[...]
        guard let type = parts.popFirst(), equalsIgnoringCase(trimmed(type), "application/json") else {
            return false
        }
        return parts.count <= 1
            && parts.allSatisfy { parameter in
                let parameter = trimmed(parameter)
                return equalsIgnoringCase(parameter, "charset=utf-8")
                    || equalsIgnoringCase(parameter, #"charset="utf-8""#)
            }
    }

    /// The type of one range of `Accept`, and whether `q=0` takes it back.
    private static func mediaRange(_ item: ArraySlice<UInt8>) -> (type: ArraySlice<UInt8>, isRefused: Bool) {
        let parts = item.split(separator: UInt8(ascii: ";"))
        let isRefused = parts.dropFirst().contains { parameter in
            let parameter = trimmed(parameter)
            return ["q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"].contains { (zero: StaticString) in
                equalsIgnoringCase(parameter, zero)
            }
        }
        return (trimmed(parts.first ?? []), isRefused)
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) {
            text.removeLast()
        }
        return text
    }

    /// Whether `text` is `expected`, which is in lower case, but for the case of ASCII letters.
    static func equalsIgnoringCase(_ text: ArraySlice<UInt8>, _ expected: StaticString) -> Bool {
        guard text.count == expected.utf8CodeUnitCount else {
            return false
        }
        return expected.withUTF8Buffer { buffer in
            unsafe zip(text, buffer).allSatisfy { left, right in
                left == right || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(left) && left + 32 == right)
            }
        }
    }
}
