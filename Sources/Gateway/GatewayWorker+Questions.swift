internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel

/// What a modern server asks with `input_required`, put to a legacy client as requests on the stream of its call
/// (mcp-protocol.md, 3.5).
///
/// The client's answers come as requests of their own, to any worker; the sealed id of each question says to whom they
/// belong.
extension GatewayWorker {
    /// The longest pause before a server is asked again that wanted nothing answered.
    private static let maximumPause: Duration = .milliseconds(250)
    /// The same for one that wanted an address opened, which a person does in their own time.
    private static let maximumAddressPause: Duration = .seconds(5)

    /// Asks a client all of a server's questions and waits for the answers, as the server's retry wants them.
    func collect(_ call: Call, _ input: InputRequired, round: Int) async throws(Failure) -> [UInt8]? {
        guard call.capabilities.isSuperset(of: input.required) else {
            throw Failure(.upstreamMisbehaved)
        }
        if !input.questions.contains(where: { $0.ask.url == nil }) {
            // Nothing to wait for but the server.
            let longest = input.questions.isEmpty ? Self.maximumPause : Self.maximumAddressPause
            await loop.sleep(for: min(.milliseconds(25 << min(round, 8)), longest))
        }
        guard !input.questions.isEmpty else {
            return nil
        }
        let board = QuestionBoard(count: input.questions.count)
        call.board = board
        defer { call.board = nil }
        await startStream(call)
        for (number, question) in input.questions.enumerated() {
            guard
                let ours = core.handles.sealServerRequest(
                    .question(address(of: call), number),
                    session: call.session,
                    grant: call.grant,
                    now: core.time.wallTime
                )
            else {
                throw Failure(.internalFault)
            }
            let body = core.writer(call.revision).request(question.ask, id: ours)
            await writeEvent(call, call.grant.server.mask.masking(body))
        }
        try await wait(for: board, of: call)
        let answers = zip(input.questions, board.answers.compactMap(\.self)).map { (question: $0, outcome: $1) }
        guard let responses = core.upstreamWriter.inputResponses(answers) else {
            throw Failure(.upstreamMisbehaved, "the server asked for something that this client could not give")
        }
        return responses
    }

    private func wait(for board: QuestionBoard, of call: Call) async throws(Failure) {
        let deadline = loop.now.advanced(by: limits.inputDeadline)
        let timer = loop.schedule(after: limits.inputDeadline) { board.news.wake() }
        call.cancellation.onCancel { board.news.wake() }
        defer {
            timer.cancel()
            call.cancellation.onCancel(nil)
        }
        while !board.isComplete, call.ending == nil, !call.isOutputGone, loop.now < deadline {
            await board.news.wait()
        }
        if let ending = call.ending {
            throw ending.failure
        }
        guard board.isComplete else {
            throw Failure(.upstreamTimedOut, "nobody answered what the server asked: call again")
        }
    }

    /// Where this call can be found from any worker.
    func address(of call: Call) -> CallAddress {
        CallAddress(process: core.firstRequestID, worker: number, number: call.record.requestID)
    }

    /// Hands the answer to a legacy server's question to the call in whose session it was asked.
    func deliver(_ outcome: ResponseOutcome, to address: CallAddress, _ id: RequestID) -> Bool {
        guard address.process == core.firstRequestID else {
            return false
        }
        return core.run(on: address.worker) { gateway in
            guard let call = gateway.open.calls.first(where: { $0.record.requestID == address.number }) else {
                return
            }
            gateway.post(gateway.core.upstreamWriter.response(outcome, to: id), method: nil, for: call)
        }
    }

    /// Hands an answer to the worker whose call waits for it; false when there can be no such call.
    func deliver(_ outcome: ResponseOutcome, to address: CallAddress, _ number: Int) -> Bool {
        guard address.process == core.firstRequestID else {
            return false
        }
        return core.run(on: address.worker) { gateway in
            let call = gateway.open.calls.first { $0.record.requestID == address.number }
            call?.board?.answer(number, outcome)
        }
    }
}

/// The questions a legacy client has before it, and what it has answered.
///
/// Loop-confined.
final class QuestionBoard {
    private(set) var answers: [ResponseOutcome?]
    let news = WaitPoint()

    init(count: Int) {
        answers = Array(repeating: nil, count: count)
    }

    var isComplete: Bool { answers.allSatisfy { $0 != nil } }

    /// Takes the first answer to a question; later ones are nothing.
    func answer(_ number: Int, _ outcome: ResponseOutcome) {
        guard answers.indices.contains(number), answers[number] == nil else {
            return
        }
        answers[number] = outcome
        news.wake()
    }
}
