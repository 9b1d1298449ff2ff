import Base
import HTTPWire
import MCPModel

/// Writes the head of a request to a server: an allow-list built from the message, then the configured credentials.
///
/// Nothing a client sent can get here except through the typed fields of ``UpstreamMessage`` (C5, F1).
enum OutgoingHead {
    /// The fields, `Host` and framing excepted, which the transport writes.
    static func fields(
        for message: UpstreamMessage,
        _ configuration: UpstreamConfiguration
    ) throws(UpstreamFailure) -> HTTPFields {
        do {
            return try build(message, configuration)
        } catch {
            // Every value was checked before it came here, so this is our own slip; the call fails, nothing is repaired.
            throw UpstreamFailure(.unwritable, wroteBytes: false, detail: error.rawValue)
        }
    }

    private static func build(
        _ message: UpstreamMessage,
        _ configuration: UpstreamConfiguration
    ) throws(HTTPSerializerError) -> HTTPFields {
        var fields = HTTPFields()
        let isModern = message.revision.era == .modern
        switch message.verb {
        case .post:
            fields.append(.contentType, "application/json")
            fields.append(.accept, "application/json, text/event-stream")
        case .get:
            fields.append(.accept, "text/event-stream")
        case .delete:
            fields.append(.accept, "application/json")
        }
        // A compressed reply could be a bomb; it is refused when it comes all the same (E10).
        fields.append(.acceptEncoding, "identity")
        try fields.append(.userAgent, userAgent)
        if message.method != .initialize, message.revision >= .june2025 {
            fields.append(.mcpProtocolVersion, message.revision.name)
        }
        if isModern {
            if let method = message.method {
                fields.append(.mcpMethod, method.name)
            }
            if let name = message.name {
                try fields.append(.mcpName, HeaderValue.encoded(name.bytes))
            }
            for parameter in message.parameters {
                try fields.append(name: parameter.name, value: parameter.value)
            }
        } else {
            if let session = message.sessionID {
                try fields.append(.mcpSessionID, session.bytes)
            }
            if message.verb == .get, let last = message.lastEventID {
                try fields.append(.lastEventID, last.bytes)
            }
        }
        for header in configuration.headers {
            try fields.append(name: header.name.bytes, value: header.value.reveal())
        }
        return fields
    }

    private static let userAgent: [UInt8] = {
        var text: [UInt8] = []
        text.append("toolgate/")
        text.append(contentsOf: GatewayIdentity.version.utf8)
        return text
    }()
}
