import JSONText

/// How many tokens a definition takes in a model's context, without any model's vocabulary.
///
/// A definition counts as its entry of `tools/list`: `name`, `description` and `inputSchema` as JSON without blanks. Its
/// text is cut into the pieces tokenizers cut at (words, numbers, marks, blanks, signs), and each kind of piece costs what
/// it costs on average (``TokenPieces``). How far that is off stands in docs/classification.md; `Tests/tokens` measures it
/// against a real vocabulary.
///
/// Linear in the bytes, nothing is kept.
public enum TokenEstimate {
    /// Context windows that shares are stated of.
    public static let windows = [200_000, 1_000_000]

    /// Of one tool's definition, at least 1.
    public static func tokens(of tool: DescribedTool) -> Int {
        var pieces = TokenPieces()
        take(#"{"name":""#, &pieces)
        text(tool.name, &pieces)
        take(#"","description":""#, &pieces)
        text(tool.description, &pieces)
        take(#"","inputSchema":"#, &pieces)
        if let schema = tool.inputSchema {
            json(schema.rawBytes, &pieces)
        } else {
            take("{}", &pieces)
        }
        take("}", &pieces)
        pieces.end()
        return max(1, (pieces.total + 500) / 1_000)
    }

    /// What `tokens` are of `window`, in hundredths of a percent.
    public static func share(_ tokens: Int, of window: Int) -> Int {
        window <= 0 ? 0 : Int((Double(tokens) * 10_000 / Double(window)).rounded())
    }

    private static func take(_ text: StaticString, _ pieces: inout TokenPieces) {
        for byte in text.description.utf8 {
            pieces.take(byte)
        }
    }

    /// As a JSON string has it.
    private static func text(_ bytes: ArraySlice<UInt8>, _ pieces: inout TokenPieces) {
        for byte in bytes {
            switch byte {
            case 0x22, 0x5c:
                pieces.take(0x5c)
                pieces.take(byte)
            case 0x08, 0x09, 0x0a, 0x0c, 0x0d:
                pieces.take(0x5c)
                // Which letter does not matter.
                pieces.take(0x6e)
            case 0..<0x20: take(#"\u0000"#, &pieces)
            default: pieces.take(byte)
            }
        }
    }

    /// JSON without the blanks between its parts.
    private static func json(_ bytes: ArraySlice<UInt8>, _ pieces: inout TokenPieces) {
        var isString = false
        var isEscaped = false
        for byte in bytes {
            if !isString, byte <= 0x20 {
                continue
            }
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5c {
                isEscaped = true
            } else if byte == 0x22 {
                isString.toggle()
            }
            pieces.take(byte)
        }
    }
}
