internal import Base
internal import EventLoops
internal import HTTPWire

/// One client's connection: its requests one after the other, in one task.
///
/// Loop-confined.
final class ServerConnection {
    /// What the connection waits for; decides what its timer means.
    private enum Phase {
        case handshake
        case idle
        case head
        case body
        case handling
        case writing
        case lingering
    }

    /// Why there is no next request.
    private enum ReadFailure: Error {
        case refused(HTTPWireError)
        case timedOut
        case gone

        var serverError: HTTPServerError {
            switch self {
            case .refused(let error): .refused(error)
            case .timedOut: .timedOut
            case .gone: .peerClosed
            }
        }
    }

    let channel: Channel
    private let server: HTTPServer
    private var machine: HTTPRequestMachine
    private var phase = Phase.handshake
    private var exchange: HTTPServerExchange?
    private var timer: LoopTimer?
    /// Every byte of the present request has been read.
    private(set) var isInputComplete = true
    private var isFirst = true

    init(_ server: HTTPServer, _ channel: Channel) {
        self.server = server
        self.channel = channel
        machine = HTTPRequestMachine(limits: server.configuration.limits)
        // Unowned, and taken back in `deinit`: an object that was ever referred to weakly keeps its count elsewhere, and
        // every retain and release of it costs twice as much.
        timer = LoopTimer(on: channel.stream.loop) { [unowned self] in timerFired() }
        channel.stream.onEnded = { [unowned self] in exchange?.peerEnded() }
    }

    deinit {
        timer?.cancel()
        channel.stream.onEnded = nil
    }

    private var timeouts: HTTPServerTimeouts { server.configuration.timeouts }

    func run() async {
        if await isReady() {
            await serveAll()
        } else {
            end()
        }
    }

    /// Serves request after request, and ends the connection, unless an answer goes on apart: then that does both.
    private func serveAll() async {
        while true {
            switch await serveOne() {
            case .next: continue
            case .apart: return
            case .none: return end()
            }
        }
    }

    private func end() {
        timer?.cancel()
        channel.close()
        server.connectionEnded(self)
    }

    private func isReady() async -> Bool {
        guard channel.isSecure else {
            return true
        }
        arm(.handshake, timeouts.head)
        do {
            try await channel.handshake()
            return true
        } catch {
            return false
        }
    }

    // MARK: Deadlines

    private func arm(_ phase: Phase, _ delay: Duration) {
        self.phase = phase
        channel.stream.clearInterruption()
        timer?.set(after: delay)
    }

    private func disarm() {
        phase = .handling
        channel.stream.clearInterruption()
        timer?.unset()
    }

    private func timerFired() {
        switch phase {
        case .idle, .head, .body: channel.stream.interruptInput()
        case .handshake, .writing, .lingering: channel.stream.fail(.timedOut)
        case .handling: break
        }
    }

    /// Ends a connection that waits for its next request.
    func closeIfIdle() {
        if machine.isBetweenRequests && exchange == nil {
            channel.stream.interruptInput()
        }
    }

    /// Breaks the connection, whatever it is doing.
    func abort() {
        exchange?.isAborted = true
        channel.stream.reset()
        exchange?.peerEnded()
    }

    // MARK: One request

    /// What comes after a request.
    private enum Sequel {
        /// Another one may come.
        case next
        /// Its answer goes on in a task of its own, which looks after the connection from now on.
        case apart
        /// The end of the connection.
        case none
    }

    /// Serves one request.
    private func serveOne() async -> Sequel {
        let head: HTTPRequestHead
        do throws(ReadFailure) {
            guard let next = try await nextHead() else {
                return .none
            }
            head = next
        } catch {
            await answerForHandler(error.serverError)
            return .none
        }
        let exchange = HTTPServerExchange(self, head)
        self.exchange = exchange
        disarm()
        await server.handler(exchange)
        guard let sequel = exchange.takeSequel() else {
            return await handled(exchange) ? .next : .none
        }
        // A task keeps the memory of its deepest moment: what lasts for hours gets a new one.
        server.worker.spawn { [self] in
            await sequel()
            if await handled(exchange) {
                await serveAll()
            } else {
                end()
            }
        }
        return .apart
    }

    /// Ends a request that was handled; true when the connection may carry another.
    private func handled(_ exchange: HTTPServerExchange) async -> Bool {
        self.exchange = nil
        exchange.onPeerClosed = nil
        return await conclude(exchange)
    }

    private func nextHead() async throws(ReadFailure) -> HTTPRequestHead? {
        if isFirst {
            arm(.head, timeouts.head)
            isFirst = false
        } else {
            guard !server.isDraining else {
                return nil
            }
            arm(.idle, timeouts.idle)
        }
        var none: [UInt8] = []
        while true {
            if case .head(let head) = try step(&none) {
                isInputComplete = false
                if head.bodyFraming == .none || head.bodyFraming == .length(0) {
                    isInputComplete = try step(&none) != nil
                }
                return head
            }
            if phase == .idle && machine.isInHead {
                arm(.head, timeouts.head)
            }
            guard try await moreInput() else {
                return nil
            }
        }
    }

    /// The machine's next event; the bytes of a body are appended to `body`.
    // Not inlined: what it puts on the stack would otherwise lie in the frame of the task for as long as the task waits.
    @inline(never)
    private func step(_ body: inout [UInt8]) throws(ReadFailure) -> HTTPRequestEvent? {
        do throws(HTTPWireError) {
            return try channel.parse { input, position throws(HTTPWireError) in
                let event = try machine.next(input, &position)
                if case .body(let range) = event {
                    body.append(input.extracting(range))
                }
                return event
            }
        } catch {
            throw .refused(error)
        }
    }

    /// Waits for bytes; false when the client ended its side between two requests, or nothing came in time.
    private func moreInput() async throws(ReadFailure) -> Bool {
        do throws(StreamError) {
            if try await channel.receive() {
                return true
            }
        } catch {
            guard error == .timedOut else {
                throw .gone
            }
            guard !machine.isBetweenRequests else {
                return false
            }
            throw .timedOut
        }
        do throws(HTTPWireError) {
            try machine.inputEnded()
            return false
        } catch {
            throw .refused(error)
        }
    }

    // MARK: Reading a body

    func readBody(of head: HTTPRequestHead, maximum: Int) async throws(HTTPServerError) -> [UInt8] {
        var body: [UInt8] = []
        guard !isInputComplete else {
            return body
        }
        if case .length(let count) = head.bodyFraming {
            guard count <= maximum else {
                throw .refused(.bodyTooLarge)
            }
            // LIMIT: memory follows what has arrived, not what was announced.
            body.reserveCapacity(min(count, max(channel.inputCount, 4_096)))
        }
        do throws(ReadFailure) {
            // A small body comes with its head: then there is nothing to wait for, and no deadline to set.
            if try takeBody(into: &body, maximum: maximum) {
                return body
            }
            if head.expectsContinue && body.isEmpty {
                channel.send { output in HTTPSerializer.appendContinue(to: &output) }
            }
            arm(.body, timeouts.body)
            defer { disarm() }
            repeat {
                guard try await moreInput() else {
                    throw .gone
                }
            } while try !takeBody(into: &body, maximum: maximum)
        } catch {
            throw error.serverError
        }
        return body
    }

    /// Takes what has arrived of the body; true when that is all there is.
    @inline(never)
    private func takeBody(into body: inout [UInt8], maximum: Int) throws(ReadFailure) -> Bool {
        while let event = try step(&body) {
            if case .end = event {
                isInputComplete = true
                return true
            }
            guard body.count <= maximum else {
                throw .refused(.bodyTooLarge)
            }
        }
        return false
    }

    /// Reads and drops what is left of a request; false when that is too much or takes too long (threat C3).
    private func drainBody() async -> Bool {
        guard !isInputComplete else {
            return true
        }
        arm(.body, timeouts.body)
        defer { disarm() }
        var allowance = server.configuration.maximumDrainedBytes
        do throws(ReadFailure) {
            while true {
                var dropped: [UInt8] = []
                switch try step(&dropped) {
                case .end:
                    isInputComplete = true
                    return true
                case .body:
                    allowance -= dropped.count
                    guard allowance >= 0 else {
                        return false
                    }
                case .head, nil:
                    guard try await moreInput() else {
                        return false
                    }
                }
            }
        } catch {
            return false
        }
    }

    // MARK: Writing

    /// Whether the connection may go on after the answer that is about to be written.
    func keepsAlive(after head: HTTPRequestHead, hasContinued: Bool) -> Bool {
        guard head.keepAlive, !server.isDraining else {
            return false
        }
        guard !isInputComplete else {
            return true
        }
        // Without `100 Continue` there is no telling whether the body will come.
        guard case .length(let count) = head.bodyFraming, !head.expectsContinue || hasContinued else {
            return false
        }
        return count <= server.configuration.maximumDrainedBytes
    }

    /// Queues the head of an answer with `body` behind it.
    func sendHead(
        _ status: Int,
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming,
        keepAlive: Bool,
        body: [UInt8]
    ) throws(HTTPServerError) {
        let isShort = body.count < 16_384
        do throws(HTTPSerializerError) {
            try channel.send { output throws(HTTPSerializerError) in
                try HTTPSerializer.append(
                    responseHead: status,
                    fields: fields,
                    framing: framing,
                    keepAlive: keepAlive,
                    to: &output
                )
                if !fields.contains(.date) {
                    server.dateLine.insert(into: &output, now: channel.stream.loop.now)
                }
                if isShort {
                    output.append(contentsOf: body)
                }
            }
        } catch {
            throw .unwritable(error)
        }
        if !isShort {
            channel.send(body)
        }
    }

    /// Whether there is a reason to call ``waitUntilDrained()``: too much is queued, or nothing will ever go out.
    var isHeldUp: Bool {
        let stream = channel.stream
        return stream.queuedCount > TCPStream.highWaterMark || stream.fault != nil || stream.isClosed
    }

    /// Waits until writing may go on.
    func waitUntilDrained() async throws(HTTPServerError) {
        guard isHeldUp else {
            return
        }
        arm(.writing, timeouts.write)
        defer { disarm() }
        do throws(StreamError) {
            try await channel.stream.drained()
        } catch {
            throw error == .timedOut ? .timedOut : .peerClosed
        }
    }

    // MARK: Ending a request

    private func conclude(_ exchange: HTTPServerExchange) async -> Bool {
        switch exchange.progress {
        case .unanswered:
            guard !exchange.isPeerClosed || exchange.failure != nil else {
                return false
            }
            await answerForHandler(exchange.failure)
            return false
        case .streaming:
            // The client must see that the answer is not whole.
            channel.stream.reset()
            return false
        case .answered:
            guard exchange.keepsAlive, await drainBody() else {
                await closeOrderly()
                return false
            }
            return true
        }
    }

    /// Answers for a handler that did not, then closes.
    private func answerForHandler(_ failure: HTTPServerError?) async {
        let status: Int
        let body: [UInt8]
        switch failure {
        case .refused(let error):
            status = error.status
            body = server.configuration.errorBody(error)
        case .timedOut:
            status = 408
            body = server.configuration.statusBody(status)
        case .peerClosed:
            return
        case .unwritable, .outOfOrder, nil:
            status = 500
            body = server.configuration.statusBody(status)
        }
        var fields = HTTPFields()
        fields.append(.contentType, "application/json")
        do throws(HTTPServerError) {
            try sendHead(status, fields, .length(body.count), keepAlive: false, body: body)
        } catch {
            return
        }
        await closeOrderly()
    }

    /// LIMIT: bytes that are still read and dropped after a final answer.
    private static let maximumLingeringBytes = 1_048_576

    /// Sends what is queued, and lets a client that is still sending see it before the connection goes.
    private func closeOrderly() async {
        let stream = channel.stream
        do throws(StreamError) {
            arm(.writing, timeouts.write)
            try await stream.flushed()
            guard !isInputComplete || channel.inputCount > 0 || !machine.isBetweenRequests && !machine.isClosed else {
                return
            }
            channel.finishOutput()
            arm(.lingering, timeouts.linger)
            var allowance = ServerConnection.maximumLingeringBytes
            while allowance > 0, try await stream.receive() {
                allowance -= stream.inputCount
                stream.consume(stream.inputCount)
            }
        } catch {
            stream.reset()
        }
    }
}

extension [UInt8] {
    /// Appends a view's bytes.
    mutating func append(_ bytes: Span<UInt8>) {
        // SAFETY: the buffer is read during the call only.
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe append(contentsOf: buffer) }
    }
}
