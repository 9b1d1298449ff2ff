/// The notation of RFC 6901.
public enum JSONPointer {
    /// Appends one reference token, `~` and `/` escaped; the slash before it is the caller's.
    public static func append(token: some Collection<UInt8>, to output: inout [UInt8]) {
        for byte in token {
            switch byte {
            case UInt8(ascii: "~"):
                output.append(contentsOf: [UInt8(ascii: "~"), UInt8(ascii: "0")])
            case UInt8(ascii: "/"):
                output.append(contentsOf: [UInt8(ascii: "~"), UInt8(ascii: "1")])
            default:
                output.append(byte)
            }
        }
    }

    /// The reference tokens of a pointer, unescaped; `nil` when it is malformed.
    public static func tokens(of pointer: some Collection<UInt8>) -> [[UInt8]]? {
        guard let first = pointer.first else {
            return []
        }
        guard first == UInt8(ascii: "/") else {
            return nil
        }
        var tokens: [[UInt8]] = []
        var isEscaped = false
        for byte in pointer {
            if isEscaped {
                guard byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1") else {
                    return nil
                }
                tokens[tokens.count - 1].append(byte == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                isEscaped = false
            } else if byte == UInt8(ascii: "/") {
                tokens.append([])
            } else if byte == UInt8(ascii: "~") {
                isEscaped = true
            } else {
                tokens[tokens.count - 1].append(byte)
            }
        }
        return isEscaped ? nil : tokens
    }
}

extension JSONValue {
    /// The element or member one reference token leads to (RFC 6901, section 4).
    ///
    /// Indices are digits without leading zeros; `-` leads nowhere.
    public func child(_ token: some Collection<UInt8>) -> JSONValue? {
        guard kind == .array else {
            return member(token)
        }
        guard let first = token.first, first != UInt8(ascii: "0") || token.count == 1, token.count <= 9 else {
            return nil
        }
        var position = 0
        for byte in token {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                return nil
            }
            position = position * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return element(at: position)
    }
}
