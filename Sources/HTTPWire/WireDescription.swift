import Base

/// What our readers made of some bytes, as JSON: what `toolgate debug http` and `toolgate debug sse` print.
///
/// One object a line. It exists so that another parser can be compared with ours from outside (threat law 1: one parse,
/// one meaning), so it shows the very values that decisions use and nothing that was repaired.
public struct WireDescription: Sendable {
    /// The lines, each ended by a line feed.
    public private(set) var lines: [UInt8] = []
    /// Whether the bytes were refused or ended too early; the last line then holds `error` and `message`.
    public private(set) var isRefused = false

    /// Reads `bytes` as requests, one after the other as on a connection.
    ///
    /// A request becomes `{"method","target","version","fields":[[name,value]…],"keep_alive","body_base64"}`, its names
    /// in lower case; bytes from 0x80 in values show as U+0080 to U+00FF.
    public init(request bytes: [UInt8], limits: HTTPLimits = .default) {
        var machine = HTTPRequestMachine(limits: limits)
        var position = 0
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        do throws(HTTPWireError) {
            while let event = try machine.next(bytes.span, &position) {
                switch event {
                case .head(let received):
                    head = received
                case .body(let range):
                    body.append(contentsOf: bytes[range])
                case .end:
                    if let complete = head {
                        appendRequest(complete, body)
                    }
                    head = nil
                    body = []
                }
            }
            try machine.inputEnded()
        } catch {
            appendRefusal(error.rawValue, error.description, status: error.status)
        }
    }

    /// Reads `bytes` as the response to a request with `method`, whose connection closes after the last byte.
    ///
    /// A response becomes `{"status","version","fields","keep_alive","body_base64"}`, as for requests.
    public init(response bytes: [UInt8], method: HTTPMethod = .post, limits: HTTPLimits = .response) {
        var machine = HTTPResponseMachine(limits: limits)
        machine.requestSent(method)
        var position = 0
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        do throws(HTTPWireError) {
            var hasEnded = false
            while !hasEnded {
                var event = try machine.next(bytes.span, &position)
                if event == nil {
                    hasEnded = true
                    event = try machine.inputEnded()
                }
                switch event {
                case .head(let received):
                    head = received
                case .body(let range):
                    body.append(contentsOf: bytes[range])
                case .end:
                    if let complete = head {
                        appendResponse(complete, body)
                    }
                case nil:
                    break
                }
            }
        } catch {
            appendRefusal(error.rawValue, error.description, status: error.status)
        }
    }

    /// Reads `bytes` as a stream of events.
    ///
    /// An event becomes `{"event","data","id","last_event_id"}` with `event` `message` when no type was given and `id`
    /// `null` when it carried none; a last line holds `{"last_event_id","retry","is_mid_event"}`.
    public init(events bytes: [UInt8], limits: SSELimits = .default) {
        var reader = SSEReader(limits: limits)
        var position = 0
        do throws(SSEError) {
            while let event = try reader.next(bytes.span, &position) {
                appendEvent(event, lastEventID: reader.lastEventID)
            }
        } catch {
            appendRefusal(error.rawValue, "the stream passes a bound or holds what cannot be written", status: nil)
            return
        }
        lines.append("{\"last_event_id\":")
        appendUTF8(reader.lastEventID)
        lines.append(",\"retry\":")
        if let milliseconds = reader.retryMilliseconds {
            lines.append(decimal: milliseconds)
        } else {
            lines.append("null")
        }
        lines.append(",\"is_mid_event\":")
        lines.append(reader.isMidEvent ? "true" : "false")
        lines.append("}\n")
    }

    private mutating func appendRequest(_ head: HTTPRequestHead, _ body: [UInt8]) {
        lines.append("{\"method\":")
        appendLatin(head.method.name.bytes)
        lines.append(",\"target\":")
        appendLatin(head.target)
        lines.append(",\"version\":\"1.")
        lines.append(decimal: head.minorVersion)
        lines.append("\",")
        appendMessage(head.fields, keepAlive: head.keepAlive, body)
    }

    private mutating func appendResponse(_ head: HTTPResponseHead, _ body: [UInt8]) {
        lines.append("{\"status\":")
        lines.append(decimal: head.status)
        lines.append(",\"version\":\"1.")
        lines.append(decimal: head.minorVersion)
        lines.append("\",")
        appendMessage(head.fields, keepAlive: head.keepAlive, body)
    }

    private mutating func appendMessage(_ fields: HTTPFields, keepAlive: Bool, _ body: [UInt8]) {
        lines.append("\"fields\":[")
        for (number, field) in fields.enumerated() {
            lines.append(number == 0 ? "[" : ",[")
            appendLatin(field.name)
            lines.append(UInt8(ascii: ","))
            appendLatin(field.value)
            lines.append(UInt8(ascii: "]"))
        }
        lines.append("],\"keep_alive\":")
        lines.append(keepAlive ? "true" : "false")
        lines.append(",\"body_base64\":\"")
        lines.append(contentsOf: TextCoding.base64(body))
        lines.append("\"}\n")
    }

    private mutating func appendEvent(_ event: SSEEvent, lastEventID: [UInt8]) {
        lines.append("{\"event\":")
        appendUTF8(event.type.isEmpty ? Array("message".utf8) : event.type)
        lines.append(",\"data\":")
        appendUTF8(event.data)
        lines.append(",\"id\":")
        if let id = event.id {
            appendUTF8(id)
        } else {
            lines.append("null")
        }
        lines.append(",\"last_event_id\":")
        appendUTF8(lastEventID)
        lines.append("}\n")
    }

    private mutating func appendRefusal(_ error: String, _ message: String, status: Int?) {
        isRefused = true
        lines.append("{\"error\":")
        appendUTF8(Array(error.utf8))
        if let status {
            lines.append(",\"status\":")
            lines.append(decimal: status)
        }
        lines.append(",\"message\":")
        appendUTF8(Array(message.utf8))
        lines.append("}\n")
    }

    /// A JSON string with a character for each byte.
    private mutating func appendLatin(_ bytes: some Collection<UInt8>) {
        lines.append(UInt8(ascii: "\""))
        for byte in bytes {
            appendEscaped(byte, escapesHighBytes: true)
        }
        lines.append(UInt8(ascii: "\""))
    }

    /// A JSON string of UTF-8, U+FFFD for what is none.
    private mutating func appendUTF8(_ bytes: [UInt8]) {
        lines.append(UInt8(ascii: "\""))
        for byte in String(decoding: bytes, as: UTF8.self).utf8 {
            appendEscaped(byte, escapesHighBytes: false)
        }
        lines.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8, escapesHighBytes: Bool) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            lines.append(UInt8(ascii: "\\"))
            lines.append(byte)
        case 0x20...0x7E:
            lines.append(byte)
        case 0x80... where !escapesHighBytes:
            lines.append(byte)
        default:
            lines.append("\\u00")
            lines.append(contentsOf: TextCoding.hexadecimal(CollectionOfOne(byte)))
        }
    }
}
