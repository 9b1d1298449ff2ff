import Administration
import Base
import EventLoops
import Gateway
import PolicyEngine
import Secrets
import Settings
import Stores

/// Keeps approvals in the store, on a thread of its own: whoever asks waits for a disk, and a person besides.
final class StoreApprovals: ApprovalDesk {
    /// How long a decision is waited for when the policy does not say.
    static let patience: Int64 = 30 * 60_000

    private let store: any Store
    private let sealingKey: SealingKey?
    private let pool: WorkerPool
    private let time: any TimeSource

    init(
        _ store: any Store,
        sealingKey: SealingKey?,
        time: any TimeSource = SystemTime()
    ) throws(CommandFailure) {
        self.store = store
        self.sealingKey = sealingKey
        self.time = time
        pool = try WorkerPool(count: 1)
    }

    func claim(_ question: ApprovalQuestion) async -> ApprovalAnswer {
        await withCheckedContinuation { continuation in
            pool.workers[0].loop.execute { [self] in continuation.resume(returning: claimNow(question)) }
        }
    }

    func giveBack(_ approval: ByteString) {
        pool.workers[0].loop.execute { [self] in
            guard let id = EntityID(text: approval.bytes) else {
                return
            }
            do throws(StoreError) {
                try store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.giveBack(approval: id) }
            } catch {
                // It stays used: the agent asks again.
            }
        }
    }

    /// Waits for what was begun and ends the thread.
    func stop() {
        pool.stop()
    }

    private func claimNow(_ question: ApprovalQuestion) -> ApprovalAnswer {
        let now = time.wallTime
        do throws(StoreError) {
            // Who waits asks twice a second: only what changes the store is to cost a transaction on the disk.
            let settled = try store.read { reader throws(StoreError) in
                try reader.claim(of: question.binding, now: now)
            }
            let claim = if let settled { settled } else { try claimAnew(question, now: now) }
            switch claim {
            case .given(let id): return .given(ByteString(id.text))
            case .pending(let id): return .pending(ByteString(id.text))
            case .denied(let id, let reason): return .denied(ByteString(id.text), reason: reason)
            case .tooMany: return .tooMany
            }
        } catch {
            return .unavailable
        }
    }

    private func claimAnew(_ question: ApprovalQuestion, now: WallTime) throws(StoreError) -> ApprovalClaim {
        let record = record(of: question, now: now)
        return try store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.claim(record, now: now) }
    }

    private func record(of question: ApprovalQuestion, now: WallTime) -> ApprovalRecord {
        let demand = question.demand
        return ApprovalRecord(
            binding: question.binding,
            grant: question.grant,
            server: question.server,
            tool: question.tool,
            rule: ByteString(question.rule),
            approvers: demand.approvers.map { names in names.map { $0.map { ByteString($0) } } },
            covers: demand.grantsSeconds.map { Int64($0) * 1_000 },
            patience: demand.timeoutSeconds.map { Int64($0) * 1_000 } ?? Self.patience,
            created: now
        ) { id in
            let context = ApprovalArguments.context(id, server: question.server)
            let expires = WallTime(milliseconds: now.milliseconds + 31 * 86_400_000)
            return sealingKey?.seal(question.arguments, for: context, expires: expires)
        }
    }
}
