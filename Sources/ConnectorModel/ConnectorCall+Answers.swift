import Base
import JSONText

/// Collects the elements of a list's pages.
struct PageCollector: Sendable {
    /// LIMIT: elements one call collects.
    static let maximumItems = 50_000

    var items: [ConnectorValue] = []
    var count = 0
    /// Where the next page is; `nil` before the first.
    var place: ConnectorValue?
}

/// Building requests and reading answers.
extension ConnectorCall {
    /// Runs a template and turns its failure into one of the call.
    mutating func evaluated<Value>(
        _ body: (inout Evaluation) throws(EvaluationFailure) -> Value
    ) throws(ConnectorFailure) -> Value {
        do throws(EvaluationFailure) {
            return try body(&evaluation)
        } catch {
            throw tool.input.failure(error, words: instance.connector.source.words)
        }
    }

    // MARK: - Requests

    mutating func build(_ step: ConnectorStep) throws(ConnectorFailure) -> ConnectorRequest {
        let pages = pages
        return try evaluated { evaluation throws(EvaluationFailure) in
            var query = try evaluation.members(step.request.query, in: nil)
            var body = try evaluation.optional(step.request.body, in: nil)
            if !step.batch.isEmpty {
                body = try Self.batch(step.batch, &evaluation)
            }
            if let paging = step.paging, let place = pages.place {
                if paging.isInQuery {
                    query.set(paging.key, to: place)
                } else {
                    var members = body?.members ?? []
                    members.set(paging.key, to: place)
                    body = .object(members)
                }
            }
            return ConnectorRequest(
                method: step.request.method,
                path: try RequestBuilder.path(step.request.path, evaluation.arguments),
                query: try RequestBuilder.query(query),
                body: body.map { ByteString($0.json) },
                isSafe: step.isSafe,
                cacheSeconds: step.cacheSeconds
            )
        }
    }

    /// `{halt: 0, cmd: {key: "method?query"}}` (crm-servers.md, 4.3).
    private static func batch(
        _ commands: [BatchCommand],
        _ evaluation: inout Evaluation
    ) throws(EvaluationFailure) -> ConnectorValue {
        var members: [ConnectorMember] = []
        for command in commands {
            let query = try RequestBuilder.query(try evaluation.members(command.query, in: nil))
            let text = query.isEmpty ? command.method.bytes : command.method.bytes + [UInt8(ascii: "?")] + query.bytes
            members.append(ConnectorMember(command.name, .text(ByteString(text))))
        }
        return .object([
            ConnectorMember("halt", ConnectorValue(0)),
            ConnectorMember("cmd", .object(members)),
        ])
    }

    // MARK: - Answers

    mutating func take(_ response: ConnectorResponse, of step: ConnectorStep) throws(ConnectorFailure) {
        guard !(300..<400).contains(response.status) else {
            // G2: credentials follow no redirect.
            throw ConnectorFailure(kind: .unreadable, status: response.status, mayRetry: false)
        }
        let isGood = (200..<300).contains(response.status)
        let body = try read(response, isGood: isGood, of: step)
        let errors = instance.connector.source.errors
        if !isGood || errors.inSuccess.map({ body?.at($0) != nil }) == true {
            throw failure(response, body)
        }
        if let reset = errors.reset.flatMap({ body?.at($0)?.decimal?.int }), let path = request?.path {
            memory.keep(reset: reset, of: path)
        }
        var record = StepRecord(body: body, status: response.status)
        record.elapsedMilliseconds = response.elapsedMilliseconds
        record.isCached = response.isCached
        if !step.batch.isEmpty {
            try spread(record, of: step)
        } else if let paging = step.paging {
            try turn(record, paging, of: step)
        } else {
            try settle(record, of: step)
        }
    }

    /// The body as a value; `nil` for none.
    private func read(
        _ response: ConnectorResponse,
        isGood: Bool,
        of step: ConnectorStep
    ) throws(ConnectorFailure) -> ConnectorValue? {
        guard !response.body.isEmpty, step.readsBody || !isGood else {
            return nil
        }
        let type = ErrorRules.lowered(response.contentType)
        let isJSON = type == "application/json" || type.bytes.suffix(5).isEqual(to: "+json")
        do throws(JSONError) {
            guard isJSON else {
                throw JSONError(offset: 0, reason: .unexpectedByte)
            }
            let limits = JSONLimits(maximumBytes: instance.connector.source.maximumResponseBytes)
            let value = ConnectorValue(try JSONDocument(response.body, limits: limits).root)
            return instance.connector.source.redaction.cleaned(value, masking: instance.mask)
        } catch {
            guard !isGood else {
                throw ConnectorFailure(kind: .unreadable, status: response.status, mayRetry: false)
            }
            return nil
        }
    }

    /// What a bad answer means, by the first rule that matches.
    private func failure(_ response: ConnectorResponse, _ body: ConnectorValue?) -> ConnectorFailure {
        let errors = instance.connector.source.errors
        let rule = errors.rule(status: response.status, contentType: response.contentType, body: body)
        var failure = ConnectorFailure(kind: rule?.kind ?? .failed, status: response.status)
        failure.mayRetry = rule?.mayRetry ?? true
        for (name, pointer) in errors.details {
            if let value = body?.at(pointer), !value.isBlank {
                failure.details.append(ConnectorMember(name, value))
            }
        }
        failure.waitSeconds = response.retryAfter.flatMap { RetryAfter.seconds($0, at: evaluation.time) }
        if rule?.waitsForReset == true, failure.waitSeconds == nil, let path = request?.path,
            let reset = memory.reset(of: path)
        {
            let now = Int(evaluation.time.milliseconds / 1_000)
            failure.waitSeconds = min(max(reset - now, 1), 3_600)
        }
        return failure
    }

    /// One answer, whole.
    private mutating func settle(_ record: StepRecord, of step: ConnectorStep) throws(ConnectorFailure) {
        var record = record
        if record.body == nil {
            switch step.empty {
            case .nothing: break
            case .notFound: throw ConnectorFailure(kind: .notFound, status: record.status, mayRetry: false)
            case .value(let template):
                record.body = try evaluated { evaluation throws(EvaluationFailure) in try evaluation.value(template) }
            }
        }
        if let found = step.found {
            let copy = record
            let name = step.name
            let isFound = try evaluated { evaluation throws(EvaluationFailure) in
                evaluation.record(copy, of: name)
                return try evaluation.holds(found)
            }
            guard isFound else {
                throw ConnectorFailure(kind: .notFound, status: record.status, mayRetry: false)
            }
        }
        self.record(record, of: step)
    }

    /// One page more: the next request, or the whole list.
    private mutating func turn(
        _ record: StepRecord,
        _ paging: PagingRules,
        of step: ConnectorStep
    ) throws(ConnectorFailure) {
        let items = record.body?.at(paging.items)?.elements ?? []
        pages.count += 1
        pages.items.append(contentsOf: items)
        let next = place(after: items, record.body, paging)
        let isFull = pages.count >= paging.maximumPages || pages.items.count >= PageCollector.maximumItems
        if let next, !isFull {
            pages.place = next
            attempt = 0
            request = try build(step)
            return
        }
        var whole = record
        whole.body = .object([ConnectorMember("items", .list(pages.items))])
        whole.isTruncated = next != nil
        pages = PageCollector()
        self.record(whole, of: step)
    }

    /// Where the next page is; `nil` after the last.
    ///
    /// An answer that leads to where we are leads nowhere.
    private func place(
        after items: [ConnectorValue],
        _ body: ConnectorValue?,
        _ paging: PagingRules
    ) -> ConnectorValue? {
        switch paging.kind {
        case .nextLink:
            guard let link = body?.at(paging.next), !link.isBlank, !items.isEmpty else {
                return nil
            }
            return ConnectorValue(pages.count + 1)
        case .offset:
            guard let next = body?.at(paging.next), !next.isBlank, next.scalarText != pages.place?.scalarText else {
                return nil
            }
            return next
        case .lastID:
            guard items.count >= paging.size, let last = items.last?.at(paging.next),
                last.scalarText != nil, last.scalarText != pages.place?.scalarText
            else {
                return nil
            }
            return last
        }
    }

    /// A batch's answer as one record for each command; the first command that failed is the failure of all.
    private mutating func spread(_ record: StepRecord, of step: ConnectorStep) throws(ConnectorFailure) {
        guard let answer = record.body?["result"] else {
            throw ConnectorFailure(kind: .unreadable, status: record.status, mayRetry: false)
        }
        for command in step.batch {
            if let error = answer["result_error"]?[command.name] {
                let response = ConnectorResponse(status: record.status, contentType: "application/json", body: [])
                var failed = failure(response, error)
                failed.mayRetry = false
                throw failed
            }
        }
        for command in step.batch {
            var members: [ConnectorMember] = []
            for (key, name): (ByteString, ByteString) in [("result", "result"), ("total", "result_total")] {
                if let value = answer[name]?[command.name] {
                    members.append(ConnectorMember(key, value))
                }
            }
            evaluation.record(StepRecord(body: .object(members), status: record.status), of: command.name)
        }
        self.record(record, of: step)
    }
}

extension [ConnectorMember] {
    /// Puts a member in the place of the one with its key, or at the end.
    mutating func set(_ key: ByteString, to value: ConnectorValue) {
        if let index = firstIndex(where: { $0.key == key }) {
            self[index].value = value
        } else {
            append(ConnectorMember(key, value))
        }
    }
}
