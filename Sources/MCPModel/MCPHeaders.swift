public import Base

/// One `Mcp-Param-*` field of a request.
public struct ParameterHeader: Sendable, Hashable {
    /// The name behind `mcp-param-`, in lower case.
    public let name: ByteString
    /// The value as received, without surrounding white space.
    public let value: ArraySlice<UInt8>
}

/// The fields of a request that MCP defines, as received: all the model looks at of an HTTP head.
///
/// Singletons are unique because the HTTP reader refuses duplicates; ``MCPHeaderRules`` refuses duplicate parameters.
public struct MCPHeaders: Sendable, Hashable {
    /// `MCP-Protocol-Version`.
    public var protocolVersion: ArraySlice<UInt8>?
    /// `Mcp-Method`.
    public var method: ArraySlice<UInt8>?
    /// `Mcp-Name`.
    public var name: ArraySlice<UInt8>?
    /// Every `Mcp-Param-*`, in order.
    public private(set) var parameters: [ParameterHeader] = []

    /// No fields yet.
    public init(
        protocolVersion: ArraySlice<UInt8>? = nil,
        method: ArraySlice<UInt8>? = nil,
        name: ArraySlice<UInt8>? = nil
    ) {
        self.protocolVersion = protocolVersion
        self.method = method
        self.name = name
    }

    /// What every parameter field's name begins with, in lower case.
    public static let parameterPrefix: StaticString = "mcp-param-"

    /// Takes a field in if its name, in any case, begins with `mcp-param-`; says whether it did.
    @discardableResult
    public mutating func appendParameter(_ fieldName: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
        let length = MCPHeaders.parameterPrefix.utf8CodeUnitCount
        guard fieldName.count > length else {
            return false
        }
        let lowered = fieldName.map(\.asciiLowered)
        guard lowered.hasPrefix(MCPHeaders.parameterPrefix) else {
            return false
        }
        parameters.append(ParameterHeader(name: ByteString(lowered[length...]), value: value))
        return true
    }
}

extension UInt8 {
    /// The lower-case letter of an ASCII capital, the byte itself otherwise.
    var asciiLowered: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
