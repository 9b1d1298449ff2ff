import Base
import JSONText

/// The trace context in `_meta` (MS-53): passed on only in W3C form, dropped otherwise, as W3C asks of receivers.
struct TraceContext {
    private let parent: [UInt8]
    private let state: [UInt8]?
    private let baggage: [UInt8]?

    /// `traceparent`, `tracestate` and, when told to, `baggage` of a client's `_meta`; `nil` without the first.
    init?(_ meta: JSONValue, forwardsBaggage: Bool) {
        guard let parent = meta["traceparent"]?.string?.bytes, Self.isTraceParent(parent) else {
            return nil
        }
        self.parent = parent
        state = meta["tracestate"]?.string?.bytes
        baggage = forwardsBaggage ? meta["baggage"]?.string?.bytes : nil
    }

    /// Writes the members.
    func append(to writer: inout JSONWriter) {
        writer.key("traceparent")
        writer.string(parent)
        if let state, Self.isTraceState(state) {
            writer.key("tracestate")
            writer.string(state)
        }
        if let baggage, Self.isBaggage(baggage) {
            writer.key("baggage")
            writer.string(baggage)
        }
    }

    /// `version "-" trace-id "-" parent-id "-" flags`, lower-case hexadecimal, neither id all zeros; version 00 only,
    /// since of later ones nobody can say yet what they may hold (W3C Trace Context, section 3.2).
    static func isTraceParent(_ text: [UInt8]) -> Bool {
        guard text.count == 55, text.hasPrefix("00-") else {
            return false
        }
        let dash = UInt8(ascii: "-")
        guard text[35] == dash, text[52] == dash else {
            return false
        }
        let identities = [text[3..<35], text[36..<52]]
        guard (identities + [text[53..<55]]).allSatisfy({ $0.allSatisfy(isLowerHexadecimal) }) else {
            return false
        }
        return identities.allSatisfy { $0.contains { $0 != UInt8(ascii: "0") } }
    }

    /// Up to 32 members `key=value` joined by commas, 512 bytes in all (section 3.3).
    static func isTraceState(_ text: [UInt8]) -> Bool {
        guard (1...512).contains(text.count) else {
            return false
        }
        let members = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        return members.count <= 32 && members.allSatisfy { isStateMember(trimmed($0)) }
    }

    /// Members `key=value;properties` joined by commas, 64 of them and 8192 bytes at most (W3C Baggage, section 3.3).
    static func isBaggage(_ text: [UInt8]) -> Bool {
        guard (1...8192).contains(text.count) else {
            return false
        }
        let members = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        return members.count <= 64 && members.allSatisfy { isBaggageMember(trimmed($0)) }
    }

    private static func isStateMember(_ member: ArraySlice<UInt8>) -> Bool {
        guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else {
            return false
        }
        let key = member[..<equals]
        let value = member[(equals + 1)...]
        guard (1...256).contains(key.count), (1...256).contains(value.count) else {
            return false
        }
        let keyIsLegal = key.allSatisfy {
            isLowerAlphanumeric($0) || "_-*/@".utf8.contains($0)
        }
        let startIsLegal = key.first.map { isLowerAlphanumeric($0) } ?? false
        return keyIsLegal && startIsLegal
            && value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func isBaggageMember(_ member: ArraySlice<UInt8>) -> Bool {
        guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else {
            return false
        }
        let key = trimmed(member[..<equals])
        let value = member[(equals + 1)...]
        let valueIsLegal = value.allSatisfy {
            (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") || $0 == 0x09
        }
        return !key.isEmpty && key.allSatisfy(\.isTokenByte) && valueIsLegal
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var result = text.drop(while: isSpace)
        while let last = result.last, isSpace(last) {
            result.removeLast()
        }
        return result
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
