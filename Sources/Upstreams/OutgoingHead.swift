import Base
import HTTPTransport
import HTTPWire
import MCPModel

/// Writes the heads of requests to a server: an allow-list built from the message, and the configured credentials.
///
/// Nothing a client sent can get here except through the typed fields of ``UpstreamMessage`` (C5, F1). What is the same
/// for every request to the server is written once: a call then costs a copy and the fields of MCP.
struct OutgoingHead {
    private let post: HTTPFields
    /// The fields of a GET for a stream in which no session is named yet.
    let streamFields: HTTPFields
    private let delete: HTTPFields

    /// The constant parts for one server.
    init(_ address: UpstreamAddress, headers: [UpstreamHeader]) throws(UpstreamFailure) {
        do throws(HTTPSerializerError) {
            post = try Self.constant(address, headers, accept: "application/json, text/event-stream", hasBody: true)
            streamFields = try Self.constant(address, headers, accept: "text/event-stream", hasBody: false)
            delete = try Self.constant(address, headers, accept: "application/json", hasBody: false)
        } catch {
            throw Self.unwritable(error)
        }
    }

    /// The fields of one request; the transport adds what frames it.
    func fields(for message: UpstreamMessage) throws(UpstreamFailure) -> HTTPFields {
        do throws(HTTPSerializerError) {
            var fields =
                switch message.verb {
                case .post: post
                case .get: streamFields
                case .delete: delete
                }
            try Self.append(message, to: &fields)
            return fields
        } catch {
            throw Self.unwritable(error)
        }
    }

    /// Every value was checked before it came here, so this is our own slip; the call fails, nothing is repaired.
    private static func unwritable(_ error: HTTPSerializerError) -> UpstreamFailure {
        UpstreamFailure(.unwritable, wroteBytes: false, detail: error.rawValue)
    }

    private static func constant(
        _ address: UpstreamAddress,
        _ headers: [UpstreamHeader],
        accept: StaticString,
        hasBody: Bool
    ) throws(HTTPSerializerError) -> HTTPFields {
        var fields = HTTPFields()
        try fields.append(.host, address.origin.authority)
        if hasBody {
            fields.append(.contentType, "application/json")
        }
        fields.append(.accept, accept)
        // A compressed reply could be a bomb; it is refused when it comes all the same (E10).
        fields.append(.acceptEncoding, "identity")
        try fields.append(.userAgent, userAgent)
        for header in headers {
            try fields.append(name: header.name.bytes, value: header.value.reveal())
        }
        return fields
    }

    private static func append(_ message: UpstreamMessage, to fields: inout HTTPFields) throws(HTTPSerializerError) {
        if message.method != .initialize, message.revision >= .june2025 {
            fields.append(.mcpProtocolVersion, message.revision.name)
        }
        guard message.revision.era == .legacy else {
            if let method = message.method {
                fields.append(.mcpMethod, method.name)
            }
            if let name = message.name {
                try fields.append(.mcpName, HeaderValue.encoded(name.bytes))
            }
            for parameter in message.parameters {
                try fields.append(name: parameter.name, value: parameter.value)
            }
            return
        }
        if let session = message.sessionID {
            try fields.append(.mcpSessionID, session.bytes)
        }
        if message.verb == .get, let last = message.lastEventID {
            try fields.append(.lastEventID, last.bytes)
        }
    }

    private static let userAgent: [UInt8] = {
        var text: [UInt8] = []
        text.append("toolgate/")
        text.append(contentsOf: ProductVersion.text.utf8)
        return text
    }()
}
