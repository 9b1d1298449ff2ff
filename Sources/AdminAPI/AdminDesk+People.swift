internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Settings
internal import Stores

// Members, and bundles, whose edits have the same shape.
extension AdminDesk {
    func createMember(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let member = MemberRecord(
            label: request.text("label") ?? "",
            email: request.text("email"),
            role: request.text("role").flatMap { MemberRole(rawValue: $0.text) } ?? .viewer
        )
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            guard try records.reader.member(labelled: member.label) == nil else {
                throw refusal.because(Problem(.refused, "there is a member `\(member.label)` already"))
            }
            try writer.save(member)
            return try ShownRecords(records, now: request.now).record(of: member.stored(records))
        }
        return Self.one(record, status: 201)
    }

    func editMember(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            var member = try member(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: member), refusal)
            member.label = request.text("label") ?? member.label
            member.role = request.text("role").flatMap { MemberRole(rawValue: $0.text) } ?? member.role
            member.isActive = request.flag("is_active") ?? member.isActive
            if let email = request.member("email") {
                member.email = email.string.map { ByteString($0.bytes) }
            }
            try writer.save(member)
            return try ShownRecords(records, now: request.now).record(of: member.stored(records))
        }
        return Self.one(record)
    }

    func removeMember(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let fate = request.text("grants")
        try change(request) { writer, records, refusal throws(StoreError) in
            let member = try member(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: member), refusal)
            let orphans: OrphanedGrants =
                switch fate {
                case nil: .refuse
                case "revoke": .revoke
                case "keep": .keep
                default: .give(to: try records.member(fate.map { Self.heir($0) } ?? "").id)
                }
            try writer.remove(member: member.id, grants: orphans)
        }
        return .nothing
    }

    /// `give:LABEL`, as on the command line.
    private static func heir(_ text: ByteString) -> String {
        text.text.hasPrefix("give:") ? String(text.text.dropFirst(5)) : text.text
    }

    // MARK: Bundles

    func createBundle(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let name = request.text("name") ?? ""
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            guard try records.reader.bundle(named: name) == nil else {
                throw refusal.because(Problem(.refused, "there is a bundle `\(name)` already"))
            }
            try writer.save(BundleRecord(name: name, members: try Self.parts(request, records)))
            return try ShownRecords(records, now: request.now).record(of: try records.bundle(name.text))
        }
        return Self.one(record, status: 201)
    }

    func editBundle(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            var bundle = try bundle(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: bundle), refusal)
            bundle.name = request.text("name") ?? bundle.name
            if request.member("members") != nil {
                bundle.members = try Self.parts(request, records)
            }
            try writer.save(bundle)
            return try ShownRecords(records, now: request.now).record(of: try records.bundle(bundle.name.text))
        }
        return Self.one(record)
    }

    func removeBundle(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let bundle = try bundle(request, records, refusal)
            try check(request.precondition, try ShownRecords(records, now: request.now).record(of: bundle), refusal)
            try writer.remove(bundle: bundle.id)
        }
        return .nothing
    }

    private static func parts(_ request: AdminRequest, _ records: Records) throws(StoreError) -> [BundlePart] {
        var parts: [BundlePart] = []
        for member in request.member("members").map({ Array($0.elements) }) ?? [] {
            let policy = member["policy"]?.string?.text
            parts.append(
                BundlePart(
                    server: try records.server(member["server"]?.string?.text ?? "").id,
                    prefix: ByteString(member["prefix"]?.string?.bytes ?? []),
                    policy: try policy.map { name throws(StoreError) in try records.policy(name).id }
                )
            )
        }
        return parts
    }

    private func bundle(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> BundleRecord {
        let name = request.parameter("bundle")
        guard let bundle = try records.reader.bundle(named: name) else {
            throw refusal.unknown("bundle", name)
        }
        return bundle
    }
}

extension MemberRecord {
    /// The record as the store has it now.
    fileprivate func stored(_ records: Records) throws(StoreError) -> MemberRecord {
        try records.reader.member(id) ?? self
    }
}
