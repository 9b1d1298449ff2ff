public import Base
import JSONText

/// Why a request is answered with an error and not with a result; the rows of tables 1.3 and 1.4 of mcp-protocol.md.
public enum MCPFailureKind: Sendable, Hashable, CaseIterable {
    /// The body is not the JSON we read (−32700).
    case notJSON
    /// Not one JSON-RPC request, notification or (legacy) response (−32600).
    case invalidRequest
    /// An array of messages: refused in every revision (A10).
    case batch
    /// A key of the modern envelope is missing or of the wrong type (MS-14).
    case missingMeta
    /// `params` is not what the method takes (−32602).
    case invalidParams
    /// A required header is missing, malformed, or disagrees with the body (−32020).
    case headerMismatch
    /// The revision is not served (−32022).
    case unsupportedVersion
    /// The client did not declare a capability the request needs (−32021).
    case missingCapability
    /// The method does not exist here (−32601).
    case methodNotFound
    /// The tool does not exist, or is hidden: one and the same (D12).
    case unknownTool
    /// The prompt does not exist for this caller.
    case unknownPrompt
    /// The resource does not exist for this caller (−32602; −32002 before 2026-07-28).
    case unknownResource
    /// A cursor, `requestState` or other handle is not one of ours, or not this caller's.
    case invalidHandle
    /// The server behind the gateway speaks only the other era.
    case eraUnavailable
    /// A fault of the gateway or of the server behind it (−32603).
    case internalError
    /// A legacy request that needs a session names none.
    case sessionRequired
    /// The session has ended, or belongs to somebody else: the client has to initialise again.
    case sessionEnded
    /// `Origin` is present and not allowed.
    case originNotAllowed
    /// `Host` is not one of ours.
    case hostNotAllowed
    /// GET or DELETE where there is none.
    case methodNotAllowed
    /// `Accept` names nothing we can answer with.
    case notAcceptable
    /// The body is not declared as JSON.
    case unsupportedMediaType
    /// The body is too large.
    case bodyTooLarge
    /// Too many sessions or connections.
    case overloaded

    /// The JSON-RPC code, as the revision's era has it.
    public func code(in era: Era) -> Int {
        switch self {
        case .notJSON: -32700
        case .invalidRequest, .batch, .sessionRequired, .sessionEnded, .originNotAllowed, .hostNotAllowed,
            .methodNotAllowed, .notAcceptable, .unsupportedMediaType, .bodyTooLarge, .overloaded:
            -32600
        case .missingMeta, .invalidParams, .unknownTool, .unknownPrompt, .invalidHandle: -32602
        case .unknownResource: era == .modern ? -32602 : -32002
        case .headerMismatch: -32020
        case .missingCapability: -32021
        case .unsupportedVersion: -32022
        case .methodNotFound: -32601
        case .internalError: -32603
        // Ours, and therefore outside the range JSON-RPC and MCP keep for themselves.
        case .eraUnavailable: 4505
        }
    }

    /// The HTTP status: in the modern era by kind; in the legacy era an error that answers a request travels in a 200,
    /// because 1.x clients drop the whole session on anything else (traps 1 and 4 of section 9.1).
    public func status(in era: Era, answersRequest: Bool) -> Int {
        if let transport = transportStatus {
            return transport
        }
        if era == .legacy {
            return answersRequest ? 200 : 400
        }
        return switch self {
        case .methodNotFound: 404
        case .internalError, .eraUnavailable: 200
        default: 400
        }
    }

    /// The status of what is a fact of transport and not an answer, the same in both eras.
    private var transportStatus: Int? {
        switch self {
        case .notJSON, .batch, .headerMismatch, .unsupportedVersion, .missingMeta, .sessionRequired: 400
        case .originNotAllowed: 403
        case .sessionEnded: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .hostNotAllowed: 421
        case .overloaded: 503
        case .invalidRequest, .invalidParams, .missingCapability, .methodNotFound, .unknownTool, .unknownPrompt,
            .unknownResource, .invalidHandle, .eraUnavailable, .internalError:
            nil
        }
    }
}

/// An error for the client: which kind, to which request, in which words.
public struct MCPFailure: Error, Sendable, Hashable {
    /// The kind; code and status follow from it and the era.
    public let kind: MCPFailureKind
    /// The protocol the answer is written in.
    public let era: Era
    /// The request it answers; `nil` when it answers none, or none that could be read.
    public let id: RequestID?
    /// The sentence, safe to show anyone.
    public let message: ByteString
    /// The `data` member as JSON, when there is one.
    public let data: ByteString?

    /// An error from its parts.
    public init(
        _ kind: MCPFailureKind,
        era: Era,
        id: RequestID? = nil,
        message: ByteString,
        data: ByteString? = nil
    ) {
        self.kind = kind
        self.era = era
        self.id = id
        self.message = message
        self.data = data
    }

    /// The JSON-RPC code.
    public var code: Int { kind.code(in: era) }

    /// The HTTP status of the answer.
    public var status: Int { kind.status(in: era, answersRequest: id != nil) }

    /// The JSON-RPC error response; `id` is null when no request is answered (JSON-RPC 2.0, section 5).
    public func body() -> [UInt8] {
        var writer = JSONWriter(reserving: 128 + message.count + (data?.count ?? 0))
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        if let id {
            id.append(to: &writer)
        } else {
            writer.null()
        }
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.number(code)
        writer.key("message")
        writer.string(message.bytes)
        if let data {
            writer.key("data")
            writer.raw(data.bytes)
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// The same error as an answer to `id`.
    public func answering(_ id: RequestID?) -> MCPFailure {
        MCPFailure(kind, era: era, id: id, message: message, data: data)
    }
}

extension MCPFailure {
    /// The answer to a call of a tool that is hidden or does not exist: the same bytes but for the name (D12, MS-45).
    public static func unknownTool(_ name: ByteString, id: RequestID, era: Era) -> MCPFailure {
        MCPFailure(.unknownTool, era: era, id: id, message: named("Unknown tool: ", name))
    }

    /// The answer to a request for a prompt this caller cannot see.
    public static func unknownPrompt(_ name: ByteString, id: RequestID, era: Era) -> MCPFailure {
        MCPFailure(.unknownPrompt, era: era, id: id, message: named("Unknown prompt: ", name))
    }

    /// The answer to a request for a resource this caller cannot see (MS-48).
    public static func unknownResource(_ uri: ByteString, id: RequestID, era: Era) -> MCPFailure {
        var data = JSONWriter(reserving: uri.count + 16)
        data.beginObject()
        data.key("uri")
        data.string(uri.bytes)
        data.endObject()
        return MCPFailure(
            .unknownResource,
            era: era,
            id: id,
            message: "Resource not found",
            data: ByteString(data.output)
        )
    }

    /// The answer to a method that does not exist in this revision, or that the server does not offer (MS-18).
    public static func methodNotFound(_ name: ByteString, id: RequestID?, era: Era) -> MCPFailure {
        MCPFailure(.methodNotFound, era: era, id: id, message: named("Method not found: ", bounded(name)))
    }

    /// The answer to a revision that is not served: which are, and which was asked for (MS-13).
    public static func unsupportedVersion(
        requested: ByteString,
        supported: [Revision] = Revision.servedModern,
        id: RequestID?,
        era: Era = .modern
    ) -> MCPFailure {
        var data = JSONWriter(reserving: 96)
        data.beginObject()
        data.key("supported")
        data.beginArray()
        for revision in supported {
            data.string(revision.text)
        }
        data.endArray()
        data.key("requested")
        data.string(bounded(requested).bytes)
        data.endObject()
        return MCPFailure(
            .unsupportedVersion,
            era: era,
            id: id,
            message: "Unsupported protocol version",
            data: ByteString(data.output)
        )
    }

    /// The answer when a request needs capabilities the client did not declare on it (MS-19).
    public static func missingCapability(_ required: ClientCapabilities, id: RequestID) -> MCPFailure {
        var data = JSONWriter(reserving: 96)
        data.beginObject()
        data.key("requiredCapabilities")
        required.append(to: &data, revision: .july2026)
        data.endObject()
        return MCPFailure(
            .missingCapability,
            era: .modern,
            id: id,
            message: "the request needs client capabilities that it does not declare",
            data: ByteString(data.output)
        )
    }

    /// The answer when something behind the gateway, or in it, failed; details belong into the log.
    public static func internalError(_ message: ByteString, id: RequestID?, era: Era) -> MCPFailure {
        MCPFailure(.internalError, era: era, id: id, message: message)
    }

    static func named(_ lead: StaticString, _ name: ByteString) -> ByteString {
        var text: [UInt8] = []
        text.reserveCapacity(lead.utf8CodeUnitCount + name.count)
        text.append(lead)
        text.append(contentsOf: name.bytes)
        return ByteString(text)
    }

    /// At most 128 bytes of what a stranger wrote, cut at a scalar, for echoing in an error.
    static func bounded(_ text: ByteString, to maximum: Int = 128) -> ByteString {
        guard text.count > maximum else {
            return text
        }
        var end = maximum
        while end > 0, text.bytes[end] & 0xC0 == 0x80 {
            end -= 1
        }
        return ByteString(text.bytes[..<end])
    }
}
