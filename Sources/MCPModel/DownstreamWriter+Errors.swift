import Base
public import JSONText

/// An error of a server, ready for the client.
public struct ErrorAnswer: Sendable, Hashable {
    /// The HTTP status.
    public let status: Int
    /// The code the client sees.
    public let code: Int
    /// The response.
    public let body: [UInt8]
}

extension DownstreamWriter {
    /// The codes with which the gateway itself answers (docs/errors.md): a server's error never carries one.
    ///
    /// A caller acts on them: it waits, gets a token, begins a session. Only the gateway may send it there.
    public static let gatewayCodes: Set<Int> = [4010, 4040, 4290, 4291, 4505, 4990, 5030]

    /// A server's error under the client's id, with bounded parts and a code that this revision may carry.
    ///
    /// The server's complaints about our own headers and version (−32020, −32022), codes the specification keeps for
    /// itself (MS-49) and the gateway's own become −32603 without details; what the client did not declare (−32021) stays, in the modern era;
    /// −32002 is −32602 there (MC-26).
    public func error(_ error: JSONValue, to id: RequestID) -> ErrorAnswer {
        let read = ErrorObject(error, limits: limits)
        guard let code = passed(read.code) else {
            let failure = MCPFailure.internalError("the server answered with an error", id: id, era: revision.era)
            return ErrorAnswer(status: failure.status, code: failure.code, body: failure.body())
        }
        var writer = JSONWriter(reserving: 96 + error.range.count)
        writer.beginMessage()
        writer.id(id)
        writer.key("error")
        ErrorObject(code: code, message: read.message, data: read.data).append(to: &writer)
        writer.endObject()
        return ErrorAnswer(status: status(of: code), code: code, body: writer.output)
    }

    private func passed(_ code: Int) -> Int? {
        switch code {
        case -32021: isModern ? code : nil
        case -32002: isModern ? -32602 : code
        case -32042: isModern || revision < .november2025 ? nil : code
        case -32099 ... -32020: nil
        case _ where Self.gatewayCodes.contains(code): nil
        default: code
        }
    }

    private func status(of code: Int) -> Int {
        guard isModern else {
            return 200
        }
        return switch code {
        case -32601: 404
        case -32700, -32600, -32602, -32021: 400
        default: 200
        }
    }
}
