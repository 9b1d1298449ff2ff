import Base
import HTTPWire
import JSONText

/// `toolgate debug json | http | sse`: how the gateway's own readers understand bytes, as JSON, for finding out which of
/// two programs is right.
enum DebugCommands {
    static let all = [json, http, sse]

    private static let operands = CommandOperands(placeholder: "FILE|-", count: 1...1)

    static let json = Command(
        ["debug", "json"],
        "print how the JSON reader understands bytes",
        details: "Prints the document with sorted keys and exact numbers, or where and why it is refused (exit 1).",
        operands: operands,
        examples: [
            ("a file", "toolgate debug json arguments.json"),
            (
                "from a pipe; refused, because the key stands twice",
                "printf '{\"a\":1,\"a\":2}' | toolgate debug json -"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let bytes = try input(invocation)
        do throws(JSONError) {
            let document = try JSONDocument(bytes, limits: JSONLimits(maximumBytes: 64 << 20, maximumNodes: 8_000_000))
            var report = Report(isAccepted: true)
            report.writer.key("value")
            report.writer.raw(JSONCanonical.exact(document.root))
            return report.print(to: invocation.console)
        } catch {
            var report = Report(isAccepted: false)
            report.member("reason", "\(error.reason)")
            report.member("offset", error.offset)
            let position = error.position(in: bytes)
            report.member("line", position.line)
            report.member("column", position.column)
            return report.print(to: invocation.console)
        }
    }

    static let http = Command(
        ["debug", "http"],
        "print how the HTTP reader understands bytes",
        details: "Reads as many requests as there are, as they would come over one connection; with --response, one\n"
            + "response to a POST. Bodies that are not UTF-8 are printed in base64.",
        operands: operands,
        options: [CommandOption("response", nil, "the bytes are a response, as a server would send it")],
        examples: [
            ("a request from a pipe", "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | toolgate debug http -"),
            ("a recorded response", "toolgate debug http --response answer.bin"),
        ]
    ) { invocation throws(CommandFailure) in
        let bytes = try input(invocation)
        return invocation.isOn("response")
            ? response(bytes).print(to: invocation.console) : requests(bytes).print(to: invocation.console)
    }

    static let sse = Command(
        ["debug", "sse"],
        "print how the reader of event streams understands bytes",
        details: "Prints every event; bytes behind the last blank line are an event that never came, and are dropped.",
        operands: operands,
        examples: [("from a pipe", "printf 'id: 7\\ndata: a\\ndata: b\\n\\n' | toolgate debug sse -")]
    ) { invocation throws(CommandFailure) in
        events(try input(invocation)).print(to: invocation.console)
    }

    private static func input(_ invocation: Invocation) throws(CommandFailure) -> [UInt8] {
        do {
            return try FileAccess.read(invocation.operands[0])
        } catch {
            throw .environment(error.message)
        }
    }

    // MARK: - HTTP

    private static func requests(_ bytes: [UInt8]) -> Report {
        var machine = HTTPRequestMachine(limits: HTTPLimits(maximumBodyBytes: 64 << 20))
        var position = 0
        var written = JSONWriter()
        written.beginArray()
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        var failure: HTTPWireError?
        do throws(HTTPWireError) {
            while let event = try machine.next(bytes.span, &position) {
                switch event {
                case .head(let received): head = received
                case .body(let range): body.append(contentsOf: bytes[range])
                case .end:
                    if let head {
                        written.request(head, body: body)
                    }
                    head = nil
                    body = []
                }
            }
            try machine.inputEnded()
        } catch {
            failure = error
        }
        written.endArray()
        return report("requests", written.output, failure)
    }

    private static func response(_ bytes: [UInt8]) -> Report {
        var machine = HTTPResponseMachine()
        machine.requestSent(.post)
        var position = 0
        var written = JSONWriter()
        written.beginArray()
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var failure: HTTPWireError?
        func finish(_ writer: inout JSONWriter) {
            if let head {
                writer.response(head, body: body)
            }
            head = nil
        }
        do throws(HTTPWireError) {
            while let event = try machine.next(bytes.span, &position) {
                switch event {
                case .head(let received): head = received
                case .body(let range): body.append(contentsOf: bytes[range])
                case .end: finish(&written)
                }
            }
            if try machine.inputEnded() != nil {
                finish(&written)
            }
        } catch {
            failure = error
        }
        written.endArray()
        return report("responses", written.output, failure)
    }

    private static func report(_ key: StaticString, _ messages: [UInt8], _ failure: HTTPWireError?) -> Report {
        var report = Report(isAccepted: failure == nil)
        if let failure {
            report.member("reason", failure.rawValue)
            report.member("message", failure.description)
            report.member("status", failure.status)
        }
        report.writer.key(key)
        report.writer.raw(messages)
        return report
    }

    // MARK: - Events

    private static func events(_ bytes: [UInt8]) -> Report {
        var reader = SSEReader()
        var position = 0
        var written = JSONWriter()
        written.beginArray()
        var failure: SSEError?
        do throws(SSEError) {
            while let event = try reader.next(bytes.span, &position) {
                written.beginObject()
                written.text("type", event.type.isEmpty ? Array("message".utf8) : event.type)
                if let id = event.id {
                    written.text("id", id)
                }
                written.text("data", event.data)
                written.endObject()
            }
        } catch {
            failure = error
        }
        written.endArray()
        var report = Report(isAccepted: failure == nil)
        if let failure {
            report.member("reason", failure.rawValue)
        }
        if let retry = reader.retryMilliseconds {
            report.member("retry_ms", retry)
        }
        report.writer.text("last_event_id", reader.lastEventID)
        report.writer.key("unfinished")
        report.writer.boolean(reader.isMidEvent)
        report.writer.key("events")
        report.writer.raw(written.output)
        return report
    }
}

/// The object a debug command prints.
private struct Report {
    var writer = JSONWriter(reserving: 256)
    private let isAccepted: Bool

    init(isAccepted: Bool) {
        self.isAccepted = isAccepted
        writer.beginObject()
        writer.key("accepted")
        writer.boolean(isAccepted)
    }

    mutating func member(_ key: StaticString, _ text: String) {
        writer.key(key)
        writer.string(text)
    }

    mutating func member(_ key: StaticString, _ number: Int) {
        writer.key(key)
        writer.number(number)
    }

    /// Ends the object and prints it; a refusal is exit code 1.
    consuming func print(to console: Console) -> CommandStatus {
        writer.endObject()
        console.writeOutput(writer.output + [UInt8(ascii: "\n")])
        return isAccepted ? .done : .refused
    }
}

extension JSONWriter {
    /// Bytes as text, or in base64 under `KEY_base64` when they are not UTF-8.
    fileprivate mutating func text(_ key: StaticString, _ bytes: [UInt8]) {
        guard UTF8Check.isValid(bytes.span) else {
            self.key(ByteString(stringLiteral: key).bytes + Array("_base64".utf8))
            string(TextCoding.base64(bytes))
            return
        }
        self.key(key)
        string(bytes)
    }

    fileprivate mutating func request(_ head: HTTPRequestHead, body: [UInt8]) {
        beginObject()
        text("method", head.method.name.bytes)
        text("target", Array(head.target))
        text("path", Array(head.path))
        if let query = head.query {
            text("query", Array(query))
        }
        key("minor_version")
        number(head.minorVersion)
        fields(head.fields, head.bodyFraming)
        key("keep_alive")
        boolean(head.keepAlive)
        key("expects_continue")
        boolean(head.expectsContinue)
        text("body", body)
        endObject()
    }

    fileprivate mutating func response(_ head: HTTPResponseHead, body: [UInt8]) {
        beginObject()
        key("status")
        number(head.status)
        key("minor_version")
        number(head.minorVersion)
        fields(head.fields, head.bodyFraming)
        key("keep_alive")
        boolean(head.keepAlive)
        text("body", body)
        endObject()
    }

    private mutating func fields(_ fields: HTTPFields, _ framing: HTTPBodyFraming) {
        key("fields")
        beginArray()
        for field in fields {
            beginObject()
            text("name", Array(field.name))
            text("value", Array(field.value))
            endObject()
        }
        endArray()
        key("framing")
        switch framing {
        case .none: string("none")
        case .length(let count): string("length \(count)")
        case .chunked: string("chunked")
        case .untilClose: string("until_close")
        }
    }
}
