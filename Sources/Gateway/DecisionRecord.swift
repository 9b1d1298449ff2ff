internal import Base
internal import MCPModel

/// How a request ended, in the words of the decision log (interfaces.md).
enum RecordedOutcome: UInt8, Sendable {
    case allow
    case deny
    case rateLimited
    case approvalRequired
    case hidden
    case malformed

    /// The word of the log and of the decision object.
    var word: StaticString {
        switch self {
        case .allow: "allow"
        case .deny: "deny"
        case .rateLimited: "rate_limited"
        case .approvalRequired: "approval_required"
        case .hidden: "hidden"
        case .malformed: "malformed"
        }
    }
}

/// What one line of the decision log says about a request; filled while the phases go, written at the end.
///
/// Never holds an argument's value, a token or a header: only names, rules and numbers. A reference, because its call holds
/// it and the log reads it: passed by value, its dozen texts would be retained anew each time.
final class DecisionRecord {
    var time = WallTime(milliseconds: 0)
    var requestID: UInt64 = 0
    /// The parts of the grant and the server that never change, rendered once when the snapshot was compiled.
    var identity: [UInt8] = []
    var method: ByteString?
    var tool: ByteString?
    var revision: Revision?
    /// `,"policy":…,"policy_version":…`, rendered once when the snapshot was compiled.
    var policy: [UInt8] = []
    var outcome: RecordedOutcome = .allow
    var rule = ""
    var message = ""
    var shadow: (outcome: RecordedOutcome, rule: String)?
    /// Rendered JSON array of the arguments' top-level keys, sorted; empty: the field is left out.
    var argumentKeys = ByteString([])
    var upstreamStatus = 0
    var upstreamTime: Duration?
    var gatewayTime: Duration = .zero
    var clientName: ByteString?
    var clientVersion: ByteString?
}

extension DecisionRecord {
    /// Appends the record as one line of JSON; `requestPrefix` tells the ids of this process from those of others.
    func append(to output: inout [UInt8], requestPrefix: [UInt8]) {
        output.append(#"{"time":""#)
        time.appendRFC3339(to: &output)
        output.append(#"","request_id":""#)
        output.append(contentsOf: requestPrefix)
        output.append(hexadecimal: requestID)
        output.append(#"""#)
        output.append(contentsOf: identity)
        appendField(#","method":"#, method, to: &output)
        appendField(#","tool":"#, tool, to: &output)
        if let revision {
            output.append(#","revision":""#)
            output.append(revision.name)
            output.append(#"""#)
        }
        output.append(contentsOf: policy)
        output.append(#","outcome":""#)
        output.append(outcome.word)
        output.append(#"""#)
        appendVerdict(to: &output)
        appendMeasures(to: &output)
        appendClient(to: &output)
        output.append("}\n")
    }

    private func appendVerdict(to output: inout [UInt8]) {
        if !rule.isEmpty {
            output.append(#","rule":"#)
            output.append(quoted: rule.utf8)
        }
        if !message.isEmpty {
            output.append(#","message":"#)
            output.append(quoted: message.utf8)
        }
        if let shadow {
            output.append(#","shadow":{"outcome":""#)
            output.append(shadow.outcome.word)
            output.append(#"","rule":"#)
            output.append(quoted: shadow.rule.utf8)
            output.append("}")
        }
        if !argumentKeys.isEmpty {
            output.append(#","argument_keys":"#)
            output.append(contentsOf: argumentKeys.bytes)
        }
    }

    private func appendMeasures(to output: inout [UInt8]) {
        if upstreamStatus != 0 {
            output.append(#","upstream_status":"#)
            output.append(decimal: upstreamStatus)
        }
        if let upstreamTime {
            output.append(#","upstream_ms":"#)
            output.append(decimal: Int(upstreamTime.nanoseconds / 1_000_000))
        }
        output.append(#","gateway_us":"#)
        output.append(decimal: Int(gatewayTime.nanoseconds / 1_000))
    }

    private func appendClient(to output: inout [UInt8]) {
        guard let clientName else {
            return
        }
        output.append(#","client":{"name":"#)
        output.append(quoted: clientName.bytes)
        appendField(#","version":"#, clientVersion, to: &output)
        output.append("}")
    }

    private func appendField(_ key: StaticString, _ value: ByteString?, to output: inout [UInt8]) {
        guard let value else {
            return
        }
        output.append(key)
        output.append(quoted: value.bytes)
    }
}

extension [UInt8] {
    /// Appends `text`, which must be UTF-8, as a JSON string that is safe on a terminal: every character that
    /// acts instead of being shown is escaped (security.md, E9).
    mutating func append(quoted text: some Collection<UInt8>) {
        append(quoted: Array(text)[...])
    }

    /// The same for an array.
    mutating func append(quoted text: [UInt8]) {
        append(quoted: text[...])
    }

    /// The same for a part of one.
    mutating func append(quoted text: ArraySlice<UInt8>) {
        append(UInt8(ascii: "\""))
        // Nearly every text is one run of plain ASCII, copied at once.
        let isPlain = text.allSatisfy { byte in
            byte &- 0x20 < 0x5f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")  // wraps below 0x20
        }
        guard !isPlain else {
            append(contentsOf: text)
            append(UInt8(ascii: "\""))
            return
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"", "\\":
                append(UInt8(ascii: "\\"))
                append(contentsOf: scalar.utf8)
            case _ where Self.acts(scalar):
                append(escape: scalar)
            default:
                append(contentsOf: scalar.utf8)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Whether a terminal or an editor may act on a character instead of showing it: controls, marks that turn the
    /// direction of writing or show nothing, and line ends that are not the log's own.
    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// Appends 16 lower-case hexadecimal digits.
    mutating func append(hexadecimal value: UInt64) {
        var shift: UInt64 = 60
        for _ in 0..<16 {
            append(Self.digit(UInt8(truncatingIfNeeded: value >> shift) & 15))
            shift &-= 4  // wraps after the last digit only
        }
    }

    /// As JSON escapes a character: one or two UTF-16 units (RFC 8259, section 7).
    private mutating func append(escape scalar: Unicode.Scalar) {
        for unit in Character(scalar).utf16 {
            append(#"\u"#)
            for shift: UInt16 in [12, 8, 4, 0] {
                append(Self.digit(UInt8(truncatingIfNeeded: unit >> shift) & 15))
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
