public import Base
public import JSONText

/// What an API answered.
public struct ConnectorResponse: Sendable {
    /// The HTTP status.
    public var status: Int
    /// The media type without parameters, any case; empty when there was none.
    public var contentType: ByteString
    /// `Retry-After` as it came.
    public var retryAfter: ByteString?
    /// The whole body.
    public var body: [UInt8]
    /// From sending to the whole answer.
    public var elapsedMilliseconds: Int
    /// Whether it came out of a cache.
    public var isCached: Bool

    /// An answer from its parts.
    public init(
        status: Int,
        contentType: ByteString,
        retryAfter: ByteString? = nil,
        body: [UInt8],
        elapsedMilliseconds: Int = 0,
        isCached: Bool = false
    ) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.body = body
        self.elapsedMilliseconds = elapsedMilliseconds
        self.isCached = isCached
    }
}

/// Why there was no answer.
public enum ConnectorTransportFailure: Hashable, Sendable {
    /// Not reached, or the connection broke.
    case unavailable
    /// It took too long.
    case timedOut
    /// The throttle would have kept the call waiting too long.
    case throttled(seconds: Int)
    /// Larger than the connector reads.
    case tooLarge
    /// What came was not HTTP as we read it.
    case unreadable
}

/// What a call came to, as a tool's result.
public struct ConnectorResult: Sendable {
    /// Whether it failed.
    public let isError: Bool
    /// The text block: indented JSON, or a sentence.
    public let text: [UInt8]
    /// The same for programs, an object; `nil` when the result is none.
    public let structured: ConnectorValue?
    /// The kind of failure.
    public let failure: ConnectorFailureKind?
}

/// What calls of one credential remember for each other.
public struct ConnectorMemory: Sendable {
    /// LIMIT: paths that are remembered.
    private static let maximumPaths = 256
    private var resets: [ByteString: Int] = [:]

    /// Nothing seen yet.
    public init() {}

    /// When the budget of a path begins anew, in seconds since 1970, as good answers said.
    public func reset(of path: ByteString) -> Int? { resets[path] }

    /// Keeps what an answer said.
    public mutating func keep(reset: Int, of path: ByteString) {
        if resets.count >= Self.maximumPaths, resets[path] == nil {
            resets.removeAll()
        }
        resets[path] = reset
    }
}

/// One call of a tool as a machine: arguments in, requests out, answers in, a result out.
///
/// Opens no socket.
///
/// Ask ``next()`` what to do; after `.send`, tell ``received(_:)`` or ``failed(_:)``; after `.wait`, ask again once the
/// time has passed. It ends after a bounded number of requests whatever is answered.
public struct ConnectorCall: Sendable {
    /// What to do next.
    public enum Action: Sendable {
        /// Send this, and tell what came of it.
        case send(ConnectorRequest)
        /// Ask again after so long.
        case wait(Duration)
        /// It is over.
        case finish(ConnectorResult)
    }

    /// LIMIT: requests of one call, repetitions included.
    static let maximumRequests = 300
    /// LIMIT: bytes of all answers of one call.
    static let maximumBytes = 64 << 20
    /// LIMIT: nobody waits longer than this for one repetition.
    static let patience: Duration = .seconds(30)

    let instance: ConnectorInstance
    let tool: ConnectorTool
    var evaluation = Evaluation()
    var stepIndex = 0
    var attempt = 0
    var request: ConnectorRequest?
    var pages = PageCollector()
    /// What this call learned for later ones.
    public internal(set) var memory: ConnectorMemory
    private let seed: UInt64
    private var pause: Duration?
    private var outcome: ConnectorResult?
    private var requestCount = 0
    private var byteCount = 0

    /// A call that is about to begin.
    ///
    /// - Parameters:
    ///   - tool: a tool of the instance's connector.
    ///   - instance: the account.
    ///   - arguments: what the agent gave, judged; `nil` for none.
    ///   - time: the civil clock.
    ///   - memory: what earlier calls of this credential learned.
    ///   - seed: spreads repetitions of many callers; any number.
    public init(
        _ tool: ConnectorTool,
        of instance: ConnectorInstance,
        arguments: JSONValue?,
        time: WallTime,
        memory: ConnectorMemory = ConnectorMemory(),
        seed: UInt64 = 0
    ) {
        self.tool = tool
        self.instance = instance
        self.memory = memory
        self.seed = seed
        evaluation.time = time
        evaluation.settings = instance.settings
        evaluation.origin = instance.origin
        evaluation.variables = tool.variables
        do throws(ConnectorFailure) {
            evaluation.arguments = try tool.input.arguments(arguments, words: instance.connector.source.words)
            try require(tool.requirements)
        } catch {
            finish(error)
        }
    }

    /// What to do now.
    public mutating func next() -> Action {
        if let outcome {
            return .finish(outcome)
        }
        if let pause {
            self.pause = nil
            return .wait(pause)
        }
        do throws(ConnectorFailure) {
            while request == nil, stepIndex < tool.steps.count {
                try begin(tool.steps[stepIndex])
            }
            guard let request else {
                return .finish(try complete())
            }
            requestCount += 1
            guard requestCount <= Self.maximumRequests else {
                throw ConnectorFailure(kind: .unreadable)
            }
            return .send(request)
        } catch {
            return .finish(finish(error))
        }
    }

    /// An answer came.
    public mutating func received(_ response: ConnectorResponse) {
        guard outcome == nil, request != nil, stepIndex < tool.steps.count else {
            return
        }
        do throws(ConnectorFailure) {
            byteCount += response.body.count
            guard byteCount <= Self.maximumBytes else {
                throw ConnectorFailure(kind: .unreadable, status: response.status, mayRetry: false)
            }
            try take(response, of: tool.steps[stepIndex])
        } catch {
            fell(error, elapsed: response.elapsedMilliseconds)
        }
    }

    /// No answer came.
    public mutating func failed(_ failure: ConnectorTransportFailure) {
        guard outcome == nil, request != nil, stepIndex < tool.steps.count else {
            return
        }
        switch failure {
        case .unavailable: fell(ConnectorFailure(kind: .unavailable))
        case .timedOut: fell(ConnectorFailure(kind: .timeout))
        case .throttled(let seconds):
            fell(ConnectorFailure(kind: .rateLimited, mayRetry: false, waitSeconds: seconds))
        case .tooLarge, .unreadable: fell(ConnectorFailure(kind: .unreadable, mayRetry: false))
        }
    }

    // MARK: - Steps

    private mutating func begin(_ step: ConnectorStep) throws(ConnectorFailure) {
        guard try evaluated({ evaluation throws(EvaluationFailure) in try evaluation.holds(step.condition) }) else {
            stepIndex += 1
            return
        }
        try require(step.requirements)
        attempt = 0
        pages = PageCollector()
        request = try build(step)
    }

    mutating func require(_ requirements: [Requirement]) throws(ConnectorFailure) {
        for requirement in requirements {
            let condition = requirement.condition
            let holds = try evaluated { evaluation throws(EvaluationFailure) in try evaluation.holds(condition) }
            guard holds else {
                throw ConnectorFailure(kind: .invalid, sentence: requirement.message)
            }
        }
    }

    /// A step is done: what it came to is there for the templates after it.
    mutating func record(_ record: StepRecord, of step: ConnectorStep) {
        evaluation.record(record, of: step.name)
        request = nil
        stepIndex += 1
    }

    /// Tried again, kept, or the end of the call.
    private mutating func fell(_ failure: ConnectorFailure, elapsed: Int = 0) {
        let step = tool.steps[stepIndex]
        let rules = instance.connector.source.retry
        if step.isSafe, failure.mayRetry, rules.kinds.contains(failure.kind), attempt < rules.maximum {
            let wait = delay(rules, asked: failure.waitSeconds)
            if wait <= Self.patience {
                attempt += 1
                pause = wait
                return
            }
        }
        guard step.keepsFailure else {
            finish(failure)
            return
        }
        var kept = StepRecord(body: nil, status: failure.status ?? 0)
        kept.elapsedMilliseconds = elapsed
        let cleaned = instance.connector.source.redaction.cleaned(sentence(of: failure), masking: instance.mask)
        kept.failure = cleaned.text
        record(kept, of: step)
    }

    /// What was asked for, else doubling from the first delay, and up to 100 ms so that callers do not march in step.
    private func delay(_ rules: RetryRules, asked: Int?) -> Duration {
        if let asked {
            return .seconds(max(asked, 0))
        }
        var delay = rules.first
        for _ in 0..<attempt where delay < rules.longest {
            delay += delay
        }
        let mixed = (seed &+ UInt64(attempt) &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
        return min(delay, rules.longest) + .milliseconds(Int64(mixed >> 33) % 100)
    }

    // MARK: - The end

    private mutating func complete() throws(ConnectorFailure) -> ConnectorResult {
        let template = tool.result
        let value = try evaluated { evaluation throws(EvaluationFailure) in try evaluation.value(template) }
        let cleaned = instance.connector.source.redaction.cleaned(value ?? .object([]), masking: instance.mask)
        let result = ConnectorResult(
            isError: false,
            text: cleaned.indented,
            structured: cleaned.members == nil ? nil : cleaned,
            failure: nil
        )
        outcome = result
        return result
    }

    @discardableResult
    private mutating func finish(_ failure: ConnectorFailure) -> ConnectorResult {
        var members = [ConnectorMember("kind", ConnectorValue(failure.kind.rawValue))]
        if let status = failure.status {
            members.append(ConnectorMember("status", ConnectorValue(status)))
        }
        if let seconds = failure.waitSeconds {
            members.append(ConnectorMember("retryAfterSeconds", ConnectorValue(seconds)))
        }
        members.append(contentsOf: failure.details)
        let error = ConnectorValue.object([ConnectorMember("error", .object(members))])
        let redaction = instance.connector.source.redaction
        let result = ConnectorResult(
            isError: true,
            text: redaction.cleaned(sentence(of: failure), masking: instance.mask).bytes,
            structured: redaction.cleaned(error, masking: instance.mask),
            failure: failure.kind
        )
        outcome = result
        return result
    }

    func sentence(of failure: ConnectorFailure) -> ByteString {
        let sentences = instance.connector.source.errors.sentences
        return failure.sentence ?? sentences[failure.kind] ?? sentences[.failed] ?? "the API could not do it"
    }
}
