import Base

/// A head, or a trailer section, whose bytes have been found clean one by one.
struct ScannedHead: Sendable {
    /// All of it, the empty line included.
    var bytes: [UInt8] = []
    /// The first line of a head, without its end; empty for trailers.
    var startLine = 0..<0
    /// Every other line, names and values not yet told apart.
    var lines: [FieldEntry] = []
    /// Whether any byte is beyond ASCII.
    var hasHighBytes = false
}

/// Collects the bytes of a head (or of a trailer section) up to its empty line and notes where each line lies.
///
/// This pass decides everything that concerns single bytes: line ends are CR LF and nothing else, no control byte but
/// the tab. It looks at each byte once, in order, and every bound is checked by position: so a head is refused at the
/// same byte for the same reason however the bytes were cut into pieces.
struct HeadScanner: Sendable {
    enum Section: Sendable {
        case request
        case response
        case trailers
    }

    private var head = ScannedHead()
    private let section: Section
    private let maximumBytes: Int
    private let maximumLines: Int
    private var lineStart = 0
    private var endsInCarriageReturn = false

    init(_ section: Section, _ limits: HTTPLimits) {
        self.section = section
        switch section {
        case .request, .response:
            maximumBytes = limits.maximumHeadBytes
            maximumLines = limits.maximumFieldCount
        case .trailers:
            maximumBytes = limits.maximumTrailerBytes
            maximumLines = limits.maximumTrailerCount
        }
    }

    /// Whether not a byte has been seen yet.
    var isEmpty: Bool { head.bytes.isEmpty }

    /// Takes bytes from `position` on; `true` when the empty line has been read, `false` when more bytes are needed.
    mutating func receive(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPWireError) -> Bool {
        let start = position
        let earlier = head.bytes.count
        let limit = min(input.count, start + (maximumBytes - earlier))
        var index = start
        var isComplete = false
        while index < limit {
            if endsInCarriageReturn {
                guard input[index] == Ascii.lineFeed else {
                    throw .bareCarriageReturn
                }
                index += 1
                endsInCarriageReturn = false
                isComplete = try lineEnded(earlier + (index - start))
                if isComplete {
                    break
                }
            }
            index = input.endOfPlainText(from: index, to: limit)
            if index < limit {
                try marked(input[index])
                index += 1
            }
        }
        head.bytes.append(input, start..<index)
        position = index
        if !isComplete, head.bytes.count == maximumBytes, index < input.count {
            throw overflow
        }
        return isComplete
    }

    /// Hands out what was collected and starts anew.
    mutating func take() -> ScannedHead {
        var taken = ScannedHead()
        // A swap, because a copy that lives on beside the original would make the parser copy all of it.
        swap(&taken, &head)
        lineStart = 0
        return taken
    }

    /// A byte that is not plain text.
    private mutating func marked(_ byte: UInt8) throws(HTTPWireError) {
        switch byte {
        case Ascii.carriageReturn: endsInCarriageReturn = true
        case Ascii.tab: break
        case 0x80...: head.hasHighBytes = true
        case Ascii.lineFeed: throw .bareLineFeed
        default: throw .controlByte
        }
    }

    private mutating func lineEnded(_ end: Int) throws(HTTPWireError) -> Bool {
        let line = lineStart..<(end - 2)
        let isFirst = lineStart == 0
        lineStart = end
        if isFirst, section != .trailers {
            guard !line.isEmpty else {
                throw .malformedStartLine
            }
            head.startLine = line
            head.lines.reserveCapacity(16)
            return false
        }
        guard !line.isEmpty else {
            return true
        }
        guard head.lines.count < maximumLines else {
            throw section == .trailers ? .trailersTooLarge : .tooManyFields
        }
        head.lines.append(FieldEntry(line: line))
        return false
    }

    private var overflow: HTTPWireError {
        switch section {
        case .trailers: .trailersTooLarge
        case .request where lineStart == 0: .targetTooLong
        case .request, .response: .headTooLarge
        }
    }
}
