import Base

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

    private(set) var bytes: [UInt8] = []
    private(set) var lines: [FieldEntry] = []
    private(set) var hasHighBytes = false
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
            maximumLines = limits.maximumFieldCount + 1
        case .trailers:
            maximumBytes = limits.maximumTrailerBytes
            maximumLines = limits.maximumTrailerCount
        }
    }

    /// Whether not a byte has been seen yet.
    var isEmpty: Bool { bytes.isEmpty }

    /// Takes bytes from `position` on; `true` when the empty line has been read, `false` when more bytes are needed.
    mutating func receive(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPWireError) -> Bool {
        let start = position
        let earlier = bytes.count
        let limit = min(input.count, start + (maximumBytes - earlier))
        var index = start
        var isComplete = false
        scan: while index < limit {
            let byte = input[index]
            if endsInCarriageReturn {
                guard byte == Ascii.lineFeed else {
                    throw .bareCarriageReturn
                }
                index += 1
                endsInCarriageReturn = false
                isComplete = try lineEnded(earlier + (index - start))
                if isComplete {
                    break scan
                }
                continue
            }
            index += 1
            // One comparison for the usual byte: 0x20...0x7E.
            if byte &- 0x20 < 0x5F {
                continue
            }
            switch byte {
            case 0x80...: hasHighBytes = true
            case Ascii.carriageReturn: endsInCarriageReturn = true
            case Ascii.tab: break
            case Ascii.lineFeed: throw .bareLineFeed
            default: throw .controlByte
            }
        }
        bytes.append(input, start..<index)
        position = index
        if !isComplete, bytes.count == maximumBytes, index < input.count {
            throw overflow
        }
        return isComplete
    }

    private mutating func lineEnded(_ end: Int) throws(HTTPWireError) -> Bool {
        let line = lineStart..<(end - 2)
        lineStart = end
        guard !line.isEmpty else {
            if lines.isEmpty, section != .trailers {
                throw .malformedStartLine
            }
            return true
        }
        guard lines.count < maximumLines else {
            throw section == .trailers ? .trailersTooLarge : .tooManyFields
        }
        if lines.isEmpty {
            lines.reserveCapacity(16)
        }
        lines.append(FieldEntry(line: line))
        return false
    }

    private var overflow: HTTPWireError {
        switch section {
        case .trailers: .trailersTooLarge
        case .request where lines.isEmpty: .targetTooLong
        case .request, .response: .headTooLarge
        }
    }

    /// Hands out the bytes and lines collected, for the parser to take over.
    consuming func finished() -> (bytes: [UInt8], lines: [FieldEntry], hasHighBytes: Bool) {
        (bytes, lines, hasHighBytes)
    }
}
