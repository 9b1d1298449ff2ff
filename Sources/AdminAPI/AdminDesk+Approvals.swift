internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Secrets
internal import Settings
internal import Stores

// Calls that wait for a person, and what people changed.
extension AdminDesk {
    func listApprovals(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let standing = request.query["standing"]
        let approver = approver(request)
        let limit = request.limit
        let cursor = try request.cursor(parts: 2)
        let (records, next) = try read { records, _ throws(StoreError) in
            let all = try records.reader.approvals().reversed().filter { approval in
                let shown = approval.isGood(at: request.now) ? approval.standing.rawValue : "lapsed"
                return standing.map { $0.text == shown } ?? true
            }
            let rest = cursor.map { place in all.drop { !Self.isBehind($0, place) } } ?? all[...]
            var shown: [ShownRecord] = []
            for approval in rest.prefix(limit) {
                shown.append(try face(approval, request, approver, records))
            }
            let last = rest.count > limit ? rest.prefix(limit).last : nil
            return (shown, last.map { Self.place($0) })
        }
        return Self.list(records, next: next.map { Cursor(list: request.operation.id.rawValue, $0) })
    }

    /// Newest first: by time, then by identity among those of one moment.
    private static func isBehind(_ approval: ApprovalRecord, _ place: Cursor) -> Bool {
        let time = ByteString("\(approval.created.milliseconds)")
        let mine = Int64(time.text) ?? 0
        let other = Int64(place.parts[0].text) ?? .max
        return mine < other || (mine == other && approval.id.text.lexicographicallyPrecedes(place.parts[1].bytes))
    }

    private static func place(_ approval: ApprovalRecord) -> [ByteString] {
        [ByteString("\(approval.created.milliseconds)"), ByteString(approval.id.text)]
    }

    func getApproval(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let approver = approver(request)
        // Only ever opened for somebody who may decide: a viewer's request does not touch the key.
        let key = approver == nil ? nil : try keys().sealingKey
        let record = try read { records, refusal throws(StoreError) in
            let approval = try approval(request, records, refusal)
            let face = try face(approval, request, approver, records)
            guard face["may_decide"] == .flag(true),
                let arguments = ApprovalArguments.open(approval, key, now: request.now)
            else {
                return face
            }
            return face.adding([("arguments", .document(arguments))] + (try definition(of: approval, records)))
        }
        return .json(record.json)
    }

    /// Laid out against what the tool's accepted definition says.
    private func definition(
        of approval: ApprovalRecord,
        _ records: Records
    ) throws(StoreError) -> [(key: String, value: ShownValue)] {
        guard let server = try records.reader.server(named: approval.server),
            let pin = try records.reader.pin(of: approval.tool, at: server.id)
        else {
            return []
        }
        return Self.definition(pin.definition)
    }

    private func face(
        _ approval: ApprovalRecord,
        _ request: AdminRequest,
        _ approver: Approver?,
        _ records: Records
    ) throws(StoreError) -> ShownRecord {
        let isOpen = approval.standing == .pending && approval.isGood(at: request.now)
        let may: Bool
        if let approver, isOpen {
            may = try records.reader.mayDecide(approval, by: approver)
        } else {
            may = false
        }
        return approval.shown(at: request.now).adding([("may_decide", .flag(may))])
    }

    /// A member decides; a token that is nobody's decides nothing.
    private func approver(_ request: AdminRequest) -> Approver? {
        request.principal?.member.map { .member($0) }
    }

    private func approval(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> ApprovalRecord {
        let name = request.parameter("id")
        guard let id = EntityID(text: name.bytes), let approval = try records.reader.approval(id) else {
            throw refusal.unknown("approval", name)
        }
        return approval
    }

    func approve(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try decide(request) { writer, approval, approver throws(StoreError) in
            try writer.approve(approval.id, by: approver)
        }
    }

    func deny(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try decide(request) { writer, approval, approver throws(StoreError) in
            try writer.deny(approval.id, by: approver, reason: request.text("reason"))
        }
    }

    private func decide(
        _ request: AdminRequest,
        _ body: (StoreWriter, ApprovalRecord, Approver) throws(StoreError) -> Void
    ) throws(Problem) -> AdminAnswer {
        guard let approver = approver(request) else {
            throw Problem(.forbidden, "only a member decides about a call, and this token is nobody's")
        }
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            let known = try approval(request, records, refusal)
            let isOpen = known.standing == .pending && known.isGood(at: request.now)
            if isOpen, try !records.reader.mayDecide(known, by: approver) {
                throw refusal.because(
                    Problem(.forbidden, "you may not decide about this call", remedy: "the policy names who may")
                )
            }
            try body(writer, known, approver)
            let now = try records.reader.approval(known.id) ?? known
            return try face(now, request, approver, records)
        }
        return .json(record.json)
    }

    // MARK: Events

    func listEvents(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let cursor = try request.cursor()
        let limit = request.limit
        let events = try read { records, _ throws(StoreError) in
            guard let place = cursor.flatMap({ Int($0.parts[0].text) }) else {
                return try records.reader.latestEvents(limit: limit)
            }
            let first = max(0, place - limit - 1)
            let page = try records.reader.events(after: first, limit: limit)
            return page.filter { $0.sequence < place }.reversed()
        }
        let last = events.last.flatMap { $0.sequence > 1 ? ByteString("\($0.sequence)") : nil }
        return Self.list(
            events.map(\.shown),
            next: last.map { Cursor(list: request.operation.id.rawValue, [$0]) }
        )
    }
}

extension AdminEvent {
    /// One change, for programs.
    fileprivate var shown: ShownRecord {
        func digest(_ bytes: [UInt8]?) -> ShownValue {
            bytes.map { .text(String(decoding: TextCoding.hexadecimal($0), as: UTF8.self)) } ?? .absent("none")
        }
        return ShownRecord([
            ("sequence", .number(sequence)), ("revision", .number(revision)), ("time", .time(time)),
            ("author", .text(author.text)), ("action", .text(action.rawValue)),
            ("subject", .text(subject.kind.rawValue)), ("name", .text(subject.name.text)), ("before", digest(before)),
            ("after", digest(after)),
        ])
    }
}
