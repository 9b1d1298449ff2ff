public import Base
import JSONText
import RateLimits

/// Judges calls line by line as the gateway would, limits and concurrency included (policy-language.md, section 7).
///
/// Pure: times come from the lines, the first one's from the run.
public struct Explainer {
    private let policy: CompiledPolicy
    private let tools: ToolSet?
    private let limits = LimitTable()
    private var clock: ExplainClock
    private var underWay = MinimumHeap<CallUnderWay>()
    private var serial = 0

    /// Judges by `policy` for the tools of `tools`; without any no tool is unknown.
    ///
    /// `runTime` is the time of a first line that names none.
    public init(policy: CompiledPolicy, tools: ToolSet?, runTime: WallTime) {
        self.policy = policy
        self.tools = tools
        clock = ExplainClock(runTime: runTime, longestWindow: policy.storage.longestWindow)
    }

    /// Judges one line, without its line end, and answers with one line of JSON, without line end.
    public mutating func explain(_ line: [UInt8]) -> [UInt8] {
        guard let call = ExplainedCall(line) else {
            return Self.output(
                Verdict(Verdict.Reason(.malformed, rule: "(malformed)", message: Sentences.malformed))
            )
        }
        clock.advance(to: call.at)
        endCalls(until: clock.wall)
        let (verdict, reservation) = Admission.admit(
            policy: policy,
            call: policyCall(call),
            limits: limits,
            now: clock.instant,
            trace: true
        )
        if let reservation {
            let (end, overflow) = clock.wall.milliseconds.addingReportingOverflow(call.lastsMilliseconds)
            serial += 1
            underWay.push(
                CallUnderWay(
                    end: overflow ? .max : end,
                    serial: serial,
                    reservation: reservation,
                    isUnreachable: call.isUnreachable
                )
            )
        }
        return Self.output(verdict)
    }

    /// Judges a whole file: every line is answered by one, each ended by LF.
    ///
    /// A last line end begins no line.
    public mutating func explain(lines: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = lines[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            output.append(contentsOf: explain(Array(line)))
            output.append(UInt8(ascii: "\n"))
        }
        return output
    }

    /// Ends every call whose time is over: in flight is [at, at + lasts_ms).
    private mutating func endCalls(until time: WallTime) {
        while let first = underWay.first, first.end <= time.milliseconds {
            _ = underWay.popFirst()
            limits.release(first.reservation)
            if first.isUnreachable {
                limits.giveBack(first.reservation)
            }
        }
    }

    private func policyCall(_ call: ExplainedCall) -> PolicyCall {
        // A grant is who its label says; one without is kept apart from one whose label is empty.
        let grant = [call.grantLabel == nil ? 0 : 1] + (call.grantLabel?.bytes ?? [])
        let caller = PolicyCaller(
            grant: ByteString(grant),
            label: call.grantLabel,
            member: call.grantMember,
            server: "server",
            organisation: "organisation",
            clientName: call.clientName
        )
        let definition = tools?[call.tool]
        return PolicyCall(
            tool: call.tool,
            definition: definition,
            isListed: tools == nil || definition != nil,
            arguments: call.arguments,
            caller: caller,
            time: clock.wall,
            isApproved: call.isApproved
        )
    }

    private static func output(_ verdict: Verdict) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("outcome")
        writer.string(verdict.outcome.rawValue)
        writer.key("rule")
        writer.string(verdict.rule)
        writer.key("message")
        writer.string(verdict.message)
        if let wait = verdict.retryAfterMilliseconds {
            writer.key("retry_after_ms")
            writer.number(wait)
        }
        if let shadow = verdict.shadow {
            writer.key("shadow")
            writer.beginObject()
            writer.key("outcome")
            writer.string(shadow.outcome.rawValue)
            writer.key("rule")
            writer.string(shadow.rule)
            writer.endObject()
        }
        writer.key("steps")
        writer.beginArray()
        for step in verdict.steps {
            writer.beginObject()
            writer.key("rule")
            writer.string(step.rule)
            writer.key("result")
            writer.string(step.result.rawValue)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.output
    }
}

extension Verdict {
    /// ``retryAfter`` in whole milliseconds, rounded up: obeying it is always enough.
    public var retryAfterMilliseconds: Int? {
        retryAfter.map { Int(($0.nanoseconds - 1).flooredDivision(by: 1_000_000).quotient + 1) }
    }
}

/// A call that holds something until it ends.
private struct CallUnderWay: Comparable {
    let end: Int64
    let serial: Int
    let reservation: Reservation
    let isUnreachable: Bool

    static func < (left: CallUnderWay, right: CallUnderWay) -> Bool {
        (left.end, left.serial) < (right.end, right.serial)
    }

    static func == (left: CallUnderWay, right: CallUnderWay) -> Bool { left.serial == right.serial }
}

/// The time of the lines, as civil time and as a monotonic clock.
private struct ExplainClock {
    private(set) var wall: WallTime
    private var elapsed: Int64 = 0
    private var isStarted = false
    /// LIMIT: the monotonic clock reaches some 290 years, RFC 3339 ten thousand.
    ///
    /// A longer jump than this counts as this: every sliding window is over either way.
    private let longestJump: Int64

    init(runTime: WallTime, longestWindow: Int64) {
        wall = runTime
        let (doubled, overflow) = longestWindow.addingReportingOverflow(longestWindow)
        longestJump = overflow ? .max : max(doubled, 1_000_000_000)
    }

    var instant: Instant { Instant(nanoseconds: elapsed) }

    /// The time of the next line: its own, never earlier than the latest seen; without one the latest seen.
    mutating func advance(to time: WallTime?) {
        defer { isStarted = true }
        guard let time else {
            return
        }
        guard isStarted else {
            wall = time
            return
        }
        guard wall < time else {
            return
        }
        let milliseconds = time.milliseconds - wall.milliseconds
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let jump = overflow ? longestJump : min(nanoseconds, longestJump)
        let (sum, saturated) = elapsed.addingReportingOverflow(jump)
        elapsed = saturated ? .max : sum
        wall = time
    }
}

extension CompiledStorage {
    /// The longest sliding window of any limit, in nanoseconds.
    var longestWindow: Int64 {
        var rules = [allTools]
        rules += exactEntries.map(\.rules) + patternEntries.map(\.entry.rules)
        rules += (classEntries ?? [:]).values.map(\.rules)
        return rules.flatMap(\.limits).reduce(0) { longest, limit in
            guard case .sliding(let nanoseconds) = limit.identity.window else {
                return longest
            }
            return max(longest, nanoseconds)
        }
    }
}
