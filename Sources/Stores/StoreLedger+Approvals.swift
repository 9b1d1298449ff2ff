public import Base
public import Settings

/// What a call finds that needs a person's approval.
public enum ApprovalClaim: Hashable, Sendable {
    /// It may be made; an approval for one call is used up with this.
    case given(EntityID)
    /// Somebody has to decide first.
    case pending(EntityID)
    /// Somebody has said no; why, if they said.
    case denied(EntityID, reason: ByteString?)
    /// So many are waiting that no more are taken.
    case tooMany
}

extension ApprovalClaim {
    /// What the approvals of one call say without being changed; `nil` when one is to be used up, or to be asked for.
    fileprivate init?(settledBy known: [ApprovalRecord]) {
        if let given = known.first(where: { $0.standing == .approved }) {
            guard given.covers != nil else {
                return nil
            }
            self = .given(given.id)
        } else if let denied = known.first(where: { $0.standing == .denied }) {
            self = .denied(denied.id, reason: denied.reason)
        } else if let pending = known.first(where: { $0.standing == .pending }) {
            self = .pending(pending.id)
        } else {
            return nil
        }
    }
}

extension StoreReader {
    /// What a call would find that asks for approval, as long as that takes no change of the store; `nil` otherwise:
    /// then ``StoreLedger/claim(_:now:)`` has the answer.
    public func claim(of binding: [UInt8], now: WallTime) throws(StoreError) -> ApprovalClaim? {
        ApprovalClaim(settledBy: try approvals(of: binding, at: now))
    }

    fileprivate func approvals(of binding: [UInt8], at now: WallTime) throws(StoreError) -> [ApprovalRecord] {
        try tables.all(ApprovalRecord.self, RowSelection([("binding", .bytes(binding))])).filter { $0.isGood(at: now) }
    }
}

extension StoreLedger {
    // LIMIT: open questions of one grant, and of all: an agent in a loop fills neither the store nor anybody's day.
    static let maximumPendingOfGrant = 20
    static let maximumPending = 1_000
    // How long what was decided can still be looked at.
    private static let keptFor: Int64 = 7 * 86_400_000

    /// Uses an approval for exactly this call, or asks for one.
    ///
    /// One transaction: of two calls that claim the same approval one gets it, whatever process they are in.
    public func claim(_ question: ApprovalRecord, now: WallTime) throws(StoreError) -> ApprovalClaim {
        let known = try reader.approvals(of: question.binding, at: now)
        if let claim = ApprovalClaim(settledBy: known) {
            return claim
        }
        if var given = known.first(where: { $0.standing == .approved }) {
            given.standing = .used
            try reader.tables.put(given.row)
            return .given(given.id)
        }
        guard try makeRoom(for: question, now: now) else {
            return .tooMany
        }
        guard (question.sealedArguments?.count ?? 0) <= ApprovalRecord.maximumSealedBytes else {
            throw .refused("arguments are too large for anybody to approve")
        }
        try reader.tables.put(question.row)
        try Outbox(reader).post(.approvalRequested, question.facts, now: now)
        return .pending(question.id)
    }

    /// Gives an approval for one call back, because not one byte of that call reached the server.
    public func giveBack(approval id: EntityID) throws(StoreError) {
        guard var approval = try reader.approval(id), approval.standing == .used else {
            return
        }
        approval.standing = .approved
        try reader.tables.put(approval.row)
    }

    /// Forgets what lapsed long ago, erases what nobody needs any more; whether there is room for one more question.
    private func makeRoom(for question: ApprovalRecord, now: WallTime) throws(StoreError) -> Bool {
        var pending = 0
        var ofGrant = 0
        for var approval in try reader.approvals() {
            if approval.isGood(at: now) {
                pending += approval.standing == .pending ? 1 : 0
                ofGrant += approval.standing == .pending && approval.grant == question.grant ? 1 : 0
            } else if approval.lapses.advanced(milliseconds: Self.keptFor) < now {
                try reader.tables.remove(from: ApprovalRecord.table, RowSelection([("id", .id(approval.id))]))
            } else if approval.sealedArguments != nil {
                approval.sealedArguments = nil
                try reader.tables.put(approval.row)
            }
        }
        return pending < Self.maximumPending && ofGrant < Self.maximumPendingOfGrant
    }
}
