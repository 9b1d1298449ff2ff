internal import AuditJournal
internal import AuditModel
internal import Base
internal import EventLoops
internal import MCPModel
internal import RateLimits

/// One worker's end of the audit journal: turns calls into intents and outcomes.
///
/// Loop-confined.
final class AuditTrail {
    // LIMIT: rendered counters kept; there are as many as limits in the policies, a few hundred.
    private static let maximumCounters = 4_096

    private let writer: JournalWriter
    private let digester: ArgumentDigester?
    private var counters: [CounterIdentity: AuditCounter] = [:]

    init(_ writer: JournalWriter, digester: ArgumentDigester?) {
        self.writer = writer
        self.digester = digester
    }

    /// Notes a call that is about to go to its server.
    func note(_ call: Call, at time: WallTime) throws(JournalFailure) -> AuditTicket {
        var intent = intent(of: call, at: time, .allow)
        if let digester, let arguments = call.arguments {
            intent.argumentDigests = digester.digests(of: arguments)
        }
        intent.charges = (call.reservation?.additions ?? []).map { charge(of: $0) }
        return try writer.note(intent)
    }

    /// Waits until what was noted is in the file, in strict mode on the disk.
    func written(_ ticket: AuditTicket, onDisk: Bool) async throws(JournalFailure) {
        try await writer.written(ticket, onDisk: onDisk)
    }

    /// Notes how a call ended: what was sent on, or why it was not.
    ///
    /// A refusal that cannot be noted is in the decision log alone: nothing has happened that would have to be proven.
    func conclude(_ call: Call, at time: WallTime, duration: Duration) {
        if let ticket = call.ticket {
            let outcome = AuditOutcome(
                time: time,
                result: call.result ?? (call.ending == nil ? .ok : .cancelled),
                upstreamStatus: call.record.upstreamStatus,
                duration: duration,
                bytes: call.answeredBytes,
                isGivenBack: call.isGivenBack
            )
            writer.settle(ticket, outcome)
            return
        }
        guard let decision = AuditDecision(refusal: call.record.outcome) else {
            return
        }
        do throws(JournalFailure) {
            _ = try writer.note(intent(of: call, at: time, decision))
        } catch {
            // See above.
        }
    }

    /// Writes what is left; calls still open are closed as unknown by the next start.
    func close() {
        writer.close()
    }

    private func intent(of call: Call, at time: WallTime, _ decision: AuditDecision) -> AuditIntent {
        let record = call.record
        var intent = AuditIntent(time: time, requestID: record.requestID, outcome: decision)
        intent.caller = call.grant.auditFacts
        intent.policy = call.grant.policy?.auditFacts ?? .none
        intent.shape.method = record.method
        intent.shape.tool = record.tool
        intent.shape.revision = record.revision?.word
        intent.shape.rule = record.rule
        intent.shape.shadow = record.shadow.map { CallShape.Shadow(AuditDecision($0.outcome), rule: $0.rule) }
        intent.shape.argumentKeys = record.argumentKeys
        intent.shape.clientName = record.clientName
        intent.shape.clientVersion = record.clientVersion
        return intent
    }

    private func charge(of charge: Charge) -> AuditCharge {
        let isCalendar = if case .calendar = charge.identity.window { true } else { false }
        return AuditCharge(
            counter: counter(of: charge.identity),
            holderKind: charge.scopeKey.kind.word,
            holder: charge.scopeKey.bytes,
            value: charge.keyValue.digest,
            amount: charge.amount,
            calendarWindow: isCalendar ? charge.calendarWindow : nil
        )
    }

    private func counter(of identity: CounterIdentity) -> AuditCounter {
        if let known = counters[identity] {
            return known
        }
        if counters.count >= Self.maximumCounters {
            counters.removeAll(keepingCapacity: true)
        }
        let window: AuditCounter.Window =
            switch identity.window {
            case .sliding(let nanoseconds): .sliding(nanoseconds: nanoseconds)
            case .calendar(let unit): .calendar(unit.word)
            }
        let made = AuditCounter(
            name: identity.name,
            window: window,
            scope: identity.scope.word,
            keyPath: identity.keyPath
        )
        counters[identity] = made
        return made
    }
}

extension Revision {
    // INVARIANT: a case's number is its place in `allCases`.
    private static let words = allCases.map { ByteString($0.text) }

    /// Its name as the journal takes it, without making it anew for each call.
    fileprivate var word: ByteString { Self.words[Int(rawValue)] }
}

extension AuditDecision {
    /// The same in the journal's words.
    init(_ outcome: RecordedOutcome) {
        self =
            switch outcome {
            case .allow: .allow
            case .deny: .deny
            case .rateLimited: .rateLimited
            case .approvalRequired: .approvalRequired
            case .hidden: .hidden
            case .malformed: .malformed
            }
    }

    /// The refusal of a call that was not sent on; `nil` for one that was answered without its server.
    fileprivate init?(refusal outcome: RecordedOutcome) {
        guard outcome != .allow else {
            return nil
        }
        self.init(outcome)
    }
}
