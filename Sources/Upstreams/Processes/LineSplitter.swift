/// Splits what comes from a pipe into lines, each bounded (M2).
public struct LineSplitter {
    /// What came of a piece of output.
    public enum Event: Hashable, Sendable {
        /// A whole line without its line break; a carriage return before that is dropped.
        case line([UInt8])
        /// A line grew beyond the bound; none of it is kept, up to its end.
        case tooLong
    }

    private let maximumBytes: Int
    private var partial: [UInt8] = []
    private var isOver = false
    /// Whether the line being read is too long and was told so.
    private var isPassingOver = false

    /// A splitter whose lines have at most so many bytes, the line break not counted.
    public init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// Bytes of a line that has not ended yet.
    public var pendingCount: Int { partial.count }

    /// Takes the next piece; `body` gets the events in order and answers whether it wants more.
    public mutating func take(_ bytes: Span<UInt8>, _ body: (Event) -> Bool) {
        var start = 0
        for index in 0..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
            guard !isOver else {
                return
            }
            append(bytes, start..<index)
            start = index + 1
            guard partial.count <= maximumBytes, !isPassingOver else {
                passOver(body)
                isPassingOver = false
                continue
            }
            var line = partial
            partial = []
            if line.last == UInt8(ascii: "\r") {
                line.removeLast()
            }
            isOver = !body(.line(line))
        }
        guard !isOver else {
            return
        }
        append(bytes, start..<bytes.count)
        if partial.count > maximumBytes {
            passOver(body)
        }
    }

    /// Nothing of a line that is too long is kept, and it is told once.
    private mutating func passOver(_ body: (Event) -> Bool) {
        partial = []
        if !isPassingOver {
            isPassingOver = true
            isOver = !body(.tooLong)
        }
    }

    /// What is left when the output has ended.
    public mutating func finish() -> [UInt8]? {
        guard !isOver, !partial.isEmpty else {
            return nil
        }
        let rest = partial
        partial = []
        return rest
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty, !isPassingOver else {
            return
        }
        partial.reserveCapacity(partial.count + range.count)
        for index in range {
            partial.append(bytes[index])
        }
    }
}
