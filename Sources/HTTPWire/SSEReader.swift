import Base

/// One event of a stream (WHATWG HTML, section 9.2).
public struct SSEEvent: Hashable, Sendable {
    /// The type; empty stands for `message`.
    public var type: [UInt8]
    /// The `data` lines joined by line feeds.
    ///
    /// May be empty: MCP primes a stream with such an event.
    public var data: [UInt8]
    /// The id this very event carried; `nil` when it carried none, empty when it carried the empty id, which is a
    /// reset.
    public var id: [UInt8]?

    /// An event of these parts.
    public init(type: [UInt8] = [], data: [UInt8], id: [UInt8]? = nil) {
        self.type = type
        self.data = data
        self.id = id
    }
}

/// Why a stream of events was given up.
public enum SSEError: String, Error, Hashable, Sendable, CaseIterable {
    /// A line is longer than allowed.
    case lineTooLong = "line_too_long"
    /// The data of one event is larger than allowed.
    case eventTooLarge = "event_too_large"
    /// An id or a type is longer than allowed.
    case nameTooLong = "name_too_long"
    /// A line break or NUL where it cannot be written.
    case unwritable = "unwritable"
}

/// The bounds of an `SSEReader`; none can be above a gibibyte.
public struct SSELimits: Hashable, Sendable {
    /// Most bytes of one line, its end not counted (default 4 MiB).
    public var maximumLineBytes: Int
    /// Most bytes of the data of one event (default 4 MiB).
    public var maximumDataBytes: Int
    /// Most bytes of an id or of a type (default 1 KiB).
    public var maximumNameBytes: Int

    /// The default bounds, with any of them replaced.
    public init(
        maximumLineBytes: Int = 4 * 1024 * 1024 + 8,
        maximumDataBytes: Int = 4 * 1024 * 1024,
        maximumNameBytes: Int = 1024
    ) {
        self.maximumLineBytes = min(max(maximumLineBytes, 0), 1 << 30)
        self.maximumDataBytes = min(max(maximumDataBytes, 0), 1 << 30)
        self.maximumNameBytes = min(max(maximumNameBytes, 0), 1 << 30)
    }

    /// The default bounds.
    public static let `default` = SSELimits()
}

/// Reads Server-Sent Events by the letter of WHATWG HTML, section 9.2.6, over any cut of the bytes.
///
/// CR, LF and CR LF each end a line; one byte order mark at the very start is skipped; comments and unknown fields are
/// ignored; an event that the end of the stream interrupts is dropped. Two things go beyond the letter: there are
/// bounds, and bytes stay bytes (the letter decodes UTF-8 and puts U+FFFD for what is invalid; here the JSON reader
/// judges the data).
///
/// Drive it like the machines of HTTP: `while let event = try reader.next(input, &position) { … }`.
public struct SSEReader: Sendable {
    private let limits: SSELimits
    private var pending: [UInt8] = []
    private var skipsLineFeed = false
    private var isFirstLine = true
    private var failure: SSEError?

    private var type: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var id: [UInt8]?

    /// The last id of the stream: what a client sends as `Last-Event-ID` when it comes back.
    ///
    /// Empty when there is none.
    public private(set) var lastEventID: [UInt8] = []
    /// The last `retry` in milliseconds, at most a day; `nil` when there was none.
    public private(set) var retryMilliseconds: Int?

    /// How many bytes of an event that is not complete are held.
    public var heldBytes: Int { data.count + pending.count }

    /// A reader for a fresh stream.
    public init(limits: SSELimits = .default) {
        self.limits = limits
    }

    /// Whether something has come since the last event was complete: the end of the stream would drop it.
    public var isMidEvent: Bool {
        !pending.isEmpty || hasData || !type.isEmpty || id != nil
    }

    /// The next event in `input` from `position` on, or `nil` when all of it has been used and more is needed.
    ///
    /// - Throws: when a bound is passed; every further call throws the same.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) throws(SSEError) -> SSEEvent? {
        if let failure {
            throw failure
        }
        do {
            return try advance(input, &position)
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func advance(_ input: Span<UInt8>, _ position: inout Int) throws(SSEError) -> SSEEvent? {
        if skipsLineFeed, position < input.count {
            skipsLineFeed = false
            if input[position] == Ascii.lineFeed {
                position += 1
            }
        }
        var index = position
        while index < input.count {
            index = input.endOfPlainText(from: index, to: input.count)
            guard index < input.count else {
                break
            }
            let byte = input[index]
            guard byte == Ascii.lineFeed || byte == Ascii.carriageReturn else {
                index += 1
                continue
            }
            let event = try lineEnded(input, position..<index)
            position = index + 1
            if byte == Ascii.carriageReturn {
                guard position < input.count else {
                    skipsLineFeed = true
                    return event
                }
                position += input[position] == Ascii.lineFeed ? 1 : 0
            }
            if let event {
                return event
            }
            index = position
        }
        guard pending.count + (index - position) <= lineAllowance else {
            throw .lineTooLong
        }
        pending.append(input, position..<index)
        position = index
        return nil
    }

    /// The byte order mark that may stand before the first line is not part of it.
    private var lineAllowance: Int {
        isFirstLine ? limits.maximumLineBytes + 3 : limits.maximumLineBytes
    }

    private mutating func lineEnded(_ input: Span<UInt8>, _ range: Range<Int>) throws(SSEError) -> SSEEvent? {
        guard pending.count + range.count <= lineAllowance else {
            throw .lineTooLong
        }
        guard !isFirstLine, pending.isEmpty else {
            var line = pending
            pending = []
            line.append(input, range)
            if isFirstLine, line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF {
                line.removeFirst(3)
            }
            isFirstLine = false
            guard line.count <= limits.maximumLineBytes else {
                throw .lineTooLong
            }
            return try lineReceived(line.span)
        }
        return try lineReceived(input.extracting(range))
    }

    private mutating func lineReceived(_ line: Span<UInt8>) throws(SSEError) -> SSEEvent? {
        guard !line.isEmpty else {
            return dispatch()
        }
        var colon = 0
        while colon < line.count, line[colon] != Ascii.colon {
            colon += 1
        }
        var start = min(colon + 1, line.count)
        if start < line.count, line[start] == Ascii.space {
            start += 1
        }
        let value = line.extracting(start..<line.count)
        switch Name(line.extracting(0..<colon)) {
        case .data:
            guard data.count + value.count + (hasData ? 1 : 0) <= limits.maximumDataBytes else {
                throw .eventTooLarge
            }
            if hasData {
                data.append(Ascii.lineFeed)
            }
            hasData = true
            data.append(value)
        case .event:
            type = try name(value)
        case .id:
            let id = try name(value)
            if !id.contains(0) {
                self.id = id
            }
        case .retry:
            retryReceived(value)
        case nil:
            break
        }
        return nil
    }

    private enum Name {
        case data
        case event
        case id
        case retry

        /// Names are compared byte by byte; a comment has the empty name.
        init?(_ name: Span<UInt8>) {
            switch name.count {
            case 2 where name[0] == UInt8(ascii: "i") && name[1] == UInt8(ascii: "d"): self = .id
            case 4 where Self.isEqual(name, "data"): self = .data
            case 5 where Self.isEqual(name, "event"): self = .event
            case 5 where Self.isEqual(name, "retry"): self = .retry
            default: return nil
            }
        }

        private static func isEqual(_ name: Span<UInt8>, _ text: String) -> Bool {
            var index = 0
            for byte in text.utf8 {
                guard name[index] == byte else {
                    return false
                }
                index += 1
            }
            return true
        }
    }

    private func name(_ value: Span<UInt8>) throws(SSEError) -> [UInt8] {
        guard value.count <= limits.maximumNameBytes else {
            throw .nameTooLong
        }
        var name: [UInt8] = []
        name.append(value)
        return name
    }

    /// Digits only; more than a day is a day.
    private mutating func retryReceived(_ value: Span<UInt8>) {
        guard !value.isEmpty else {
            return
        }
        var milliseconds = 0
        for index in 0..<value.count {
            guard let digit = value[index].decimalDigit else {
                return
            }
            milliseconds = min(milliseconds * 10 + Int(digit), 86_400_000)
        }
        retryMilliseconds = milliseconds
    }

    /// An empty line: the event is complete, if it has any `data` line.
    ///
    /// Only now its id counts, with or without data.
    private mutating func dispatch() -> SSEEvent? {
        if let id {
            lastEventID = id
        }
        defer {
            type = []
            data = []
            id = nil
            hasData = false
        }
        return hasData ? SSEEvent(type: type, data: data, id: id) : nil
    }
}
