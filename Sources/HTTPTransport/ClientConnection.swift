internal import Base
internal import EventLoops
internal import HTTPWire

/// One connection to an upstream: a request at a time, then back to its pool or closed.
///
/// Loop-confined.
final class ClientConnection {
    let channel: Channel
    /// Lets go of the connection when it closes, which ends this cycle.
    private let pool: ConnectionPool
    private var machine: HTTPResponseMachine
    private var timer: LoopTimer?
    private var isIdle = true
    private(set) var hasServed = false
    private var idleTimeout: Duration

    // Of the request under way.
    private var startCount = 0
    private var totalDeadline: Instant?
    private var pieceTimeout: Duration?
    private var isCancelled = false
    private var isDone = true

    init(_ channel: Channel, pool: ConnectionPool, limits: HTTPLimits, idleTimeout: Duration) {
        self.channel = channel
        self.pool = pool
        self.idleTimeout = idleTimeout
        machine = HTTPResponseMachine(limits: limits)
        // Unowned, and taken back in `deinit`: see ServerConnection.
        timer = LoopTimer(on: channel.stream.loop) { [unowned self] in timerFired() }
        channel.stream.onEnded = { [unowned self] in closeIfIdle() }
        // Under TLS an idle connection may hear of session tickets: those are looked at before it is used again.
        if !channel.isSecure {
            channel.stream.onUnawaitedInput = { [unowned self] in closeIfIdle() }
        }
    }

    deinit {
        timer?.cancel()
        channel.stream.onEnded = nil
        channel.stream.onUnawaitedInput = nil
    }

    /// Whether a byte of the request under way was given to the system.
    var wroteBytes: Bool { channel.stream.writtenCount != startCount }

    // MARK: Idle

    /// Whether the connection can carry another request: nothing has come since the last one, not even its end.
    var isFit: Bool {
        machine.isReusable && channel.isQuiet
    }

    private func becomeIdle() {
        isIdle = true
        hasServed = true
        timer?.set(after: idleTimeout)
        pool.returned(self)
    }

    private func closeIfIdle() {
        if isIdle {
            close()
        }
    }

    private func timerFired() {
        if isIdle {
            close()
        } else {
            channel.stream.fail(.timedOut)
        }
    }

    /// Closes the connection and takes it out of its pool; harmless when that has been done.
    func close() {
        isDone = true
        timer?.cancel()
        channel.close()
        pool.closed(self)
    }

    /// Calls off the request under way, or closes an idle connection.
    func cancel() {
        isCancelled = true
        channel.stream.reset()
        close()
    }

    // MARK: A request

    /// Queues the request and waits for the head of its response.
    func send(
        _ request: HTTPClientRequest,
        to origin: HTTPOrigin,
        until total: Instant?,
        _ deadlines: HTTPClientDeadlines
    ) async throws(HTTPClientError) -> ClientResponse {
        isIdle = false
        isDone = false
        startCount = channel.stream.writtenCount
        totalDeadline = total
        pieceTimeout = deadlines.piece
        arm(deadlines.head)
        try write(request, to: origin)
        machine.requestSent(request.method)
        var none: [UInt8] = []
        while true {
            if case .head(let head) = try step(&none) {
                noteKeepAlive(head)
                arm(pieceTimeout)
                // Without a body the response is done, and the connection somebody else's, as early as possible.
                let isWhole = head.isBodiless ? try finishIfEnded(&none) : false
                return ClientResponse(head: head, isWhole: isWhole)
            }
            // Before its head a response cannot end: an early end is an error, told there.
            _ = try await moreInput()
        }
    }

    @inline(never)
    private func write(_ request: HTTPClientRequest, to origin: HTTPOrigin) throws(HTTPClientError) {
        let isBodiless = request.body.isEmpty && (request.method != .post && request.method != .put)
        let framing = isBodiless ? HTTPBodyFraming.none : .length(request.body.count)
        let isShort = request.body.count < 16_384
        do throws(HTTPSerializerError) {
            var fields = request.fields
            if !fields.contains(.host) {
                try fields.append(.host, origin.authority)
            }
            try channel.send { output throws(HTTPSerializerError) in
                try HTTPSerializer.append(
                    requestHead: request.method,
                    target: request.target,
                    fields: fields,
                    framing: framing,
                    to: &output
                )
                if isShort {
                    output.append(contentsOf: request.body)
                }
            }
        } catch {
            close()
            throw HTTPClientError(.unwritable(error), wroteBytes: false)
        }
        if !isShort {
            channel.send(request.body)
        }
    }

    /// The next piece of the body, and whether it is the last: then the connection belongs to somebody else.
    func nextPiece() async throws(HTTPClientError) -> ClientPiece {
        while true {
            if let piece = try pieceAtHand() {
                return piece
            }
            guard try await moreInput() else {
                finished()
                return ClientPiece(bytes: [], isLast: true)
            }
        }
    }

    /// The next piece of the body as far as it has arrived; nil when nothing has.
    @inline(never)
    func pieceAtHand() throws(HTTPClientError) -> ClientPiece? {
        var body: [UInt8] = []
        switch try step(&body) {
        case .body:
            arm(pieceTimeout)
            let isLast = try finishIfEnded(&body)
            return ClientPiece(bytes: body, isLast: isLast)
        case .end:
            finished()
            return ClientPiece(bytes: body, isLast: true)
        case .head, nil:
            return nil
        }
    }

    /// Takes what else has arrived of the body; true when that was all.
    private func finishIfEnded(_ body: inout [UInt8]) throws(HTTPClientError) -> Bool {
        while let event = try step(&body) {
            if case .end = event {
                finished()
                return true
            }
        }
        return false
    }

    // Not inlined: what it puts on the stack would otherwise lie in the frame of the task for as long as the task waits.
    @inline(never)
    private func step(_ body: inout [UInt8]) throws(HTTPClientError) -> HTTPResponseEvent? {
        guard !isCancelled else {
            throw HTTPClientError(.cancelled, wroteBytes: wroteBytes)
        }
        do throws(HTTPWireError) {
            return try channel.parse { input, position throws(HTTPWireError) in
                let event = try machine.next(input, &position)
                if case .body(let range) = event {
                    body.append(input.extracting(range))
                }
                return event
            }
        } catch {
            let failure = HTTPClientError(.malformed(error), wroteBytes: wroteBytes)
            channel.stream.reset()
            close()
            throw failure
        }
    }

    /// Waits for bytes; false when the response ends with the connection and that is how it ends.
    private func moreInput() async throws(HTTPClientError) -> Bool {
        do throws(StreamError) {
            if try await channel.receive() {
                return true
            }
        } catch {
            let failure = HTTPClientError(stream: isCancelled ? .cancelled : error, wroteBytes: wroteBytes)
            close()
            throw failure
        }
        do throws(HTTPWireError) {
            if try machine.inputEnded() != nil {
                return false
            }
        } catch {
            // The server hung up: told below like every other early end.
        }
        let failure = HTTPClientError(.reset, wroteBytes: wroteBytes)
        close()
        throw failure
    }

    private func finished() {
        isDone = true
        timer?.unset()
        // Whatever is left over, on either side, would be taken for the next request's.
        let isClean = machine.isReusable && channel.inputCount == 0 && channel.stream.queuedCount == 0
        if isClean && channel.stream.fault == nil && !channel.stream.isInputEnded {
            becomeIdle()
        } else {
            close()
        }
    }

    /// Sets the timer to what comes first: `timeout` or the total deadline.
    private func arm(_ timeout: Duration?) {
        let left = totalDeadline.map { deadline in deadline.elapsed(since: channel.stream.loop.now) }
        switch (timeout, left) {
        case (let timeout?, let left?): timer?.set(after: min(timeout, left))
        case (let timeout?, nil): timer?.set(after: timeout)
        case (nil, let left?): timer?.set(after: left)
        case (nil, nil): timer?.unset()
        }
    }

    /// A server that says `Keep-Alive: timeout=5` closes after that; we are a second earlier.
    private func noteKeepAlive(_ head: HTTPResponseHead) {
        guard let value = head.fields[.keepAlive], value.hasPrefix("timeout=") else {
            return
        }
        var seconds = 0
        for byte in value.dropFirst(8).prefix(4) {
            guard let digit = byte.decimalDigit else {
                break
            }
            seconds = seconds * 10 + digit
        }
        idleTimeout = min(idleTimeout, seconds > 1 ? .seconds(seconds - 1) : .milliseconds(500))
    }
}

/// A head, and whether its body has been read to the end already.
struct ClientResponse {
    let head: HTTPResponseHead
    let isWhole: Bool
}

/// A piece of a body, and whether nothing comes after it.
struct ClientPiece {
    let bytes: [UInt8]
    let isLast: Bool
}

extension HTTPResponseHead {
    var isBodiless: Bool { bodyFraming == .none || bodyFraming == .length(0) }
}
