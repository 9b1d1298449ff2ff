import Base

/// Finds the bytes of a body, whatever its framing, without copying them.
struct BodyDecoder: Sendable {
    enum Step {
        case needsMore
        case data(Range<Int>)
        case end
    }

    private enum State: Sendable {
        case end
        case length(Int)
        case untilClose
        case chunkSize(value: Int, digits: Int)
        case chunkSizeLineFeed(Int)
        case chunkData(Int)
        case chunkCarriageReturn
        case chunkLineFeed
        case trailers
    }

    /// LIMIT: more digits than any size that fits, so that zeros cannot be sent for ever.
    private static let maximumSizeDigits = 16

    private var state: State
    /// Bytes that may still come; only chunked bodies need it, the others are checked in the head.
    private var allowance: Int
    private var trailers: HeadScanner?

    init(_ framing: HTTPBodyFraming, _ limits: HTTPLimits) {
        allowance = limits.maximumBodyBytes
        state =
            switch framing {
            case .none, .length(0): .end
            case .length(let count): .length(count)
            case .chunked: .chunkSize(value: 0, digits: 0)
            case .untilClose: .untilClose
            }
    }

    /// Whether the body ends only when the connection does.
    var isOpenEnded: Bool {
        if case .untilClose = state { true } else { false }
    }

    /// The next run of body bytes in `input` from `position` on, the end, or the need for more.
    mutating func next(
        _ input: Span<UInt8>,
        _ position: inout Int,
        _ limits: HTTPLimits
    ) throws(HTTPWireError) -> Step {
        while true {
            switch state {
            case .end:
                return .end
            case .length(let remaining):
                guard position < input.count else {
                    return .needsMore
                }
                let run = take(remaining, input, &position)
                state = remaining == run.count ? .end : .length(remaining - run.count)
                return .data(run)
            case .untilClose:
                guard position < input.count else {
                    return .needsMore
                }
                // Up to the bound and then the refusal, so that no cut decides how much of the body is seen before it.
                guard allowance > 0 else {
                    throw .bodyTooLarge
                }
                let run = take(allowance, input, &position)
                allowance -= run.count
                return .data(run)
            case .chunkData(let remaining):
                guard position < input.count else {
                    return .needsMore
                }
                let run = take(remaining, input, &position)
                state = remaining == run.count ? .chunkCarriageReturn : .chunkData(remaining - run.count)
                return .data(run)
            case .trailers:
                guard try trailersEnded(input, &position) else {
                    return .needsMore
                }
                state = .end
            default:
                guard position < input.count else {
                    return .needsMore
                }
                try chunkFramingReceived(input[position], limits)
                position += 1
            }
        }
    }

    private func take(_ wanted: Int, _ input: Span<UInt8>, _ position: inout Int) -> Range<Int> {
        let start = position
        position += min(wanted, input.count - start)
        return start..<position
    }

    private mutating func charge(_ count: Int) throws(HTTPWireError) {
        guard count <= allowance else {
            throw .bodyTooLarge
        }
        allowance -= count
    }

    /// One byte between chunks: `chunk-size CRLF`, or the CRLF after data (RFC 9112, section 7.1).
    ///
    /// No extensions.
    private mutating func chunkFramingReceived(_ byte: UInt8, _ limits: HTTPLimits) throws(HTTPWireError) {
        switch state {
        case .chunkSize(let value, let digits):
            if let digit = byte.hexadecimalDigit {
                // The bound on the value also keeps the shift from overflowing.
                guard digits < Self.maximumSizeDigits, value <= Int.max >> 4 else {
                    throw .malformedChunkSize
                }
                state = .chunkSize(value: value << 4 | Int(digit), digits: digits + 1)
                return
            }
            guard byte == Ascii.carriageReturn, digits > 0 else {
                throw .malformedChunkSize
            }
            state = .chunkSizeLineFeed(value)
        case .chunkSizeLineFeed(let size):
            guard byte == Ascii.lineFeed else {
                throw .malformedChunkSize
            }
            guard size > 0 else {
                trailers = HeadScanner(.trailers, limits)
                state = .trailers
                return
            }
            try charge(size)
            state = .chunkData(size)
        case .chunkCarriageReturn:
            guard byte == Ascii.carriageReturn else {
                throw .malformedChunkEnd
            }
            state = .chunkLineFeed
        default:
            guard byte == Ascii.lineFeed else {
                throw .malformedChunkEnd
            }
            state = .chunkSize(value: 0, digits: 0)
        }
    }

    /// Trailers are held to the rules of fields, then dropped: nothing after a body may change what its head said.
    private mutating func trailersEnded(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPWireError) -> Bool {
        // In place, because a copy of the scanner would be a copy of all that it holds with every piece.
        guard try trailers?.receive(input, &position) ?? true else {
            return false
        }
        if var section = trailers?.take() {
            try HeadLine.parseFields(&section.bytes, &section.lines, hasHighBytes: section.hasHighBytes)
        }
        trailers = nil
        return true
    }
}
