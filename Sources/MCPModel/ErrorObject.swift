import Base
import JSONText

/// The `error` of a response, bounded: a whole-number code, a sentence, data of limited size.
struct ErrorObject {
    let code: Int
    let message: ByteString
    let data: JSONValue?

    /// Reads an error whose shape ``MessageEnvelope`` has checked.
    init(_ error: JSONValue, limits: MCPLimits) {
        code = error["code"]?.number?.int ?? -32603
        let text = ByteString(error["message"]?.string?.bytes ?? [])
        message = MCPFailure.bounded(text, to: limits.maximumErrorMessageBytes)
        data = error["data"].flatMap { $0.range.count <= limits.maximumErrorDataBytes ? $0 : nil }
    }

    init(code: Int, message: ByteString, data: JSONValue?) {
        self.code = code
        self.message = message
        self.data = data
    }

    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("code")
        writer.number(code)
        writer.member("message", message)
        if let data {
            writer.member("data", data)
        }
        writer.endObject()
    }
}
