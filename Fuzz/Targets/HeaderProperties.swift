import Base
import MCPModel

/// What holds for any bytes taken for the value of an `Mcp-*` header.
///
/// The first byte splits value from expectation.
enum HeaderProperties {
    static func check(_ bytes: [UInt8]) {
        guard let seed = bytes.first else {
            return
        }
        let input = bytes.dropFirst()
        let value = input.prefix(Int(seed))
        let text = Array(input.dropFirst(Int(seed)))

        if let decoded = HeaderValue.decoded(value) {
            let encoded = HeaderValue.encoded(decoded)
            precondition(HeaderValue.decoded(encoded[...]) == decoded, "what was decoded is encoded differently")
            precondition(HeaderValue.means(value, decoded) == true, "a value does not mean what it decodes to")
        }
        _ = HeaderValue.means(value, text)
        _ = MCPHeaderRules.version(value)
        do throws(HeaderFault) {
            try MCPHeaderRules.checkMethod(value, is: text[...])
            try MCPHeaderRules.checkName(value, is: text)
        } catch {
            precondition(!error.message.isEmpty)
        }
        let encoded = HeaderValue.encoded(text)
        precondition(encoded.allSatisfy { (0x20...0x7E).contains($0) || $0 == 9 }, "an encoded value cannot stand")
    }
}
