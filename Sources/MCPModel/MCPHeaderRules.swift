public import Base

/// Why the header fields of a request do not go with its body; every case is −32020 at 400 (MS-12, MS-15).
public enum HeaderFault: Error, Sendable, Hashable {
    /// A required field is missing.
    case missing(field: ByteString)
    /// A value is not ASCII, badly encoded, or a list.
    case malformed(field: ByteString)
    /// A value differs from the body's.
    case mismatched(field: ByteString)
    /// A field is there although the body has no such value.
    case unexpected(field: ByteString)
    /// The same field twice.
    case duplicated(field: ByteString)
    /// More `Mcp-Param-*` fields than we read.
    case tooMany

    /// The sentence for the client; it names the field, never a value.
    public var message: ByteString {
        switch self {
        case .missing(let field): MCPFailure.named("required header is missing: ", MCPFailure.bounded(field))
        case .malformed(let field): MCPFailure.named("header value is malformed: ", MCPFailure.bounded(field))
        case .mismatched(let field):
            MCPFailure.named("header does not agree with the body: ", MCPFailure.bounded(field))
        case .unexpected(let field): MCPFailure.named("header has no value in the body: ", MCPFailure.bounded(field))
        case .duplicated(let field): MCPFailure.named("header is given twice: ", MCPFailure.bounded(field))
        case .tooMany: "too many Mcp-Param headers"
        }
    }

    /// The failure it becomes.
    public func failure(id: RequestID?) -> MCPFailure {
        MCPFailure(.headerMismatch, era: .modern, id: id, message: message)
    }
}

/// The comparisons of header fields with the body, each a pure function of bytes (A7).
public enum MCPHeaderRules {
    /// What an `MCP-Protocol-Version` says.
    public enum VersionField: Sendable, Hashable {
        /// There is no such field.
        case absent
        /// A revision we know, served or not.
        case known(Revision)
        /// Something else that could be a version.
        case unknown
        /// A list, white space, control characters, nothing: no version at all.
        case malformed
    }

    /// Reads `MCP-Protocol-Version`; two values joined by a comma are not a version.
    public static func version(_ value: ArraySlice<UInt8>?) -> VersionField {
        guard let value else {
            return .absent
        }
        if let revision = Revision(value) {
            return .known(revision)
        }
        let isToken = value.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
        return isToken && !value.isEmpty && value.count <= 64 ? .unknown : .malformed
    }

    /// `Mcp-Method` must be there and be the body's method, byte for byte; it is never encoded.
    public static func checkMethod(_ value: ArraySlice<UInt8>?, is method: ArraySlice<UInt8>) throws(HeaderFault) {
        guard let value else {
            throw .missing(field: "Mcp-Method")
        }
        guard HeaderValue.isPlain(value) else {
            throw .malformed(field: "Mcp-Method")
        }
        guard value.span.isEqual(0..<value.count, to: method.span, 0..<method.count) else {
            throw .mismatched(field: "Mcp-Method")
        }
    }

    /// `Mcp-Name` must be there and mean the body's name.
    public static func checkName(_ value: ArraySlice<UInt8>?, is name: [UInt8]) throws(HeaderFault) {
        guard let value else {
            throw .missing(field: "Mcp-Name")
        }
        switch HeaderValue.means(value, name) {
        case .none: throw .malformed(field: "Mcp-Name")
        case .some(false): throw .mismatched(field: "Mcp-Name")
        case .some(true): return
        }
    }
}
