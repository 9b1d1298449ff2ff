public import Base
public import Settings

/// Who decides about a call.
public enum Approver: Hashable, Sendable {
    /// Whoever holds the data directory, which is above all roles.
    case keeper
    /// A member, by what they may do.
    case member(EntityID)
}

extension StoreWriter {
    /// Agrees to a call for as many of its rules as the approver may; it may be made once all are agreed to.
    ///
    /// Refused: a question that is decided or has lapsed, a member who may not answer it, and whoever asked, unless the
    /// policy names the requester (policy-language.md, section 6).
    ///
    /// - Returns: the record as it is now: still pending when others have to agree too.
    @discardableResult
    public func approve(_ id: EntityID, by approver: Approver) throws(StoreError) -> ApprovalRecord {
        var approval = try open(id)
        let before = approval
        let agreed = try rules(of: approval, for: approver)
        approval.agreed.formUnion(agreed)
        approval.decidedBy = ByteString("\(author)")
        if approval.agreed.count == approval.approvers.count {
            approval.standing = .approved
            approval.lapses = now.advanced(milliseconds: approval.covers ?? approval.patience)
            approval.sealedArguments = nil
        }
        try commit(approval.subject, before: [before.row], after: [approval.row], as: .approve)
        if approval.standing == .approved {
            try Outbox(reader).post(.approvalDecided, approval.facts, now: now)
        }
        return approval
    }

    /// Says no to a call; exactly the same call is refused until the question would have lapsed.
    public func deny(_ id: EntityID, by approver: Approver, reason: ByteString?) throws(StoreError) {
        var approval = try open(id)
        let before = approval
        _ = try rules(of: approval, for: approver)
        approval.standing = .denied
        approval.decidedBy = ByteString("\(author)")
        approval.reason = reason.map { ByteString($0.bytes.prefix(512)) }
        approval.sealedArguments = nil
        try commit(approval.subject, before: [before.row], after: [approval.row], as: .deny)
        try Outbox(reader).post(.approvalDecided, approval.facts, now: now)
    }

    private func open(_ id: EntityID) throws(StoreError) -> ApprovalRecord {
        guard let approval = try reader.approval(id) else {
            throw .notFound(Subject(.approval, id: id))
        }
        switch approval.standing {
        case .pending: break
        case .approved, .used:
            throw .refused("this call was approved by \(approval.decidedBy?.shown ?? "somebody") already")
        case .denied:
            throw .refused("this call was denied by \(approval.decidedBy?.shown ?? "somebody") already")
        }
        guard approval.isGood(at: now) else {
            throw .refused("nobody answered in time: the agent has to make the call again")
        }
        return approval
    }

    /// The rules an approver may agree to, at least one.
    private func rules(of approval: ApprovalRecord, for approver: Approver) throws(StoreError) -> Set<Int> {
        let found = try reader.rules(of: approval, for: approver)
        guard found.isEmpty, case .member(let id) = approver else {
            return found
        }
        let asked = try reader.grant(labelled: approval.grant)?.owner == id
        let why = asked ? "whoever asked cannot approve their own call" : "the policy names others"
        let label = try reader.member(id)?.label.shown ?? "the member"
        throw .refused("`\(label)` may not decide about this call: \(why)")
    }
}

extension StoreReader {
    /// Whether an approver may answer this question: then they may see its arguments too.
    public func mayDecide(_ approval: ApprovalRecord, by approver: Approver) throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try !rules(of: approval, for: approver).isEmpty
        } catch {
            guard error.isAboutRequest else {
                throw error
            }
            return false
        }
    }

    /// The rules an approver may agree to.
    fileprivate func rules(of approval: ApprovalRecord, for approver: Approver) throws(StoreError) -> Set<Int> {
        guard case .member(let id) = approver else {
            return Set(approval.approvers.indices)
        }
        guard let member = try member(id), member.isActive else {
            throw .notFound(Subject(.member, id: id))
        }
        guard let grant = try grant(labelled: approval.grant) else {
            throw .refused("the grant that asked is gone")
        }
        let asked = grant.owner == id
        let own: Set<ByteString> = [
            ByteString("role:\(member.role.rawValue)"), ByteString("member:\(member.label.text)"),
        ]
        return Set(
            approval.approvers.indices.filter { index in
                guard let names = approval.approvers[index] else {
                    return member.role == .admin && !asked
                }
                return asked ? names.contains("requester") : names.contains(where: own.contains)
            }
        )
    }
}
