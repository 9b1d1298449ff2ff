import Base

/// Writes Server-Sent Events in one framing of our own: `id`, `event`, `data`, each ended by a line feed, then an empty
/// line.
///
/// Events are never passed on as they came: they are read, judged and written anew (threat D7).
public enum SSEWriter {
    /// Appends an event.
    ///
    /// Data with line breaks becomes several `data` lines; a CR or CR LF in it reads back as LF. Compact JSON has none.
    ///
    /// - Throws: `.unwritable` when the id holds a line break or NUL, or the type a line break; nothing is appended
    ///   then.
    public static func append(_ event: SSEEvent, to output: inout [UInt8]) throws(SSEError) {
        try append(data: event.data, type: event.type, id: event.id, to: &output)
    }

    /// Appends an event of these parts; an empty type stands for `message` and is not written.
    ///
    /// - Throws: as the other form.
    public static func append(
        data: some Collection<UInt8>,
        type: [UInt8] = [],
        id: [UInt8]? = nil,
        to output: inout [UInt8]
    ) throws(SSEError) {
        guard !type.contains(where: isLineBreak), id.map({ !$0.contains { isLineBreak($0) || $0 == 0 } }) ?? true else {
            throw .unwritable
        }
        output.reserveCapacity(output.count + data.count + type.count + (id?.count ?? 0) + 32)
        if let id {
            line("id", id, to: &output)
        }
        if !type.isEmpty {
            line("event", type, to: &output)
        }
        appendData(data, to: &output)
        output.append(Ascii.lineFeed)
    }

    /// Appends a comment, which readers ignore: it keeps a stream alive.
    public static func appendComment(_ text: StaticString = "", to output: inout [UInt8]) {
        output.append(Ascii.colon)
        for byte in ByteString(stringLiteral: text).bytes {
            output.append(isLineBreak(byte) ? Ascii.space : byte)
        }
        output.append("\n\n")
    }

    /// Appends how long a client is to wait before it comes back.
    public static func append(retryMilliseconds: Int, to output: inout [UInt8]) {
        output.append("retry: ")
        output.append(decimal: max(retryMilliseconds, 0))
        output.append("\n\n")
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool {
        byte == Ascii.lineFeed || byte == Ascii.carriageReturn
    }

    private static func line(_ name: StaticString, _ value: some Collection<UInt8>, to output: inout [UInt8]) {
        output.append(name)
        output.append(": ")
        output.append(contentsOf: value)
        output.append(Ascii.lineFeed)
    }

    private static func appendData(_ data: some Collection<UInt8>, to output: inout [UInt8]) {
        var rest = data[...]
        while let end = rest.firstIndex(where: isLineBreak) {
            line("data", rest[..<end], to: &output)
            let next = rest.index(after: end)
            let isPair = rest[end] == Ascii.carriageReturn && next < rest.endIndex && rest[next] == Ascii.lineFeed
            rest = rest[(isPair ? rest.index(after: next) : next)...]
        }
        line("data", rest, to: &output)
    }
}
