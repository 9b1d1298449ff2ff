import AdminAPI
import AuditJournal
import AuditModel
import Base
import Cryptography
import Stores

/// A journal's folder, read; what the `audit` commands share.
struct AuditFolder {
    let path: String
    private let segments: [AuditStream: [UInt64]]
    let names: [String]

    static let options = [ServiceKeys.dataOption]

    static let operand = CommandOperands(placeholder: "[DIR]", count: 0...1)

    /// The folder an invocation names: its operand, or `audit` in the data folder.
    init(_ invocation: Invocation) throws(CommandFailure) {
        if let named = invocation.operands.first {
            try self.init(path: named)
        } else {
            try self.init(path: "\(ServiceKeys.folder(invocation))/audit")
        }
    }

    /// The folder at a path.
    init(path: String) throws(CommandFailure) {
        self.path = path
        names = try Self.asked { () throws(JournalFailure) in try JournalFiles.names(in: path) }
        var segments: [AuditStream: [UInt64]] = [:]
        for name in names {
            if case .segment(let stream, let number) = JournalName(name) {
                segments[stream, default: []].append(number)
            }
        }
        self.segments = segments.mapValues { $0.sorted() }
    }

    /// The same folder as it is now.
    func again() throws(CommandFailure) -> AuditFolder {
        try AuditFolder(path: path)
    }

    var streams: [AuditStream] { segments.keys.sorted() }

    func segments(of stream: AuditStream) -> [UInt64] { segments[stream] ?? [] }

    func read(_ name: String, from start: Int = 0) throws(CommandFailure) -> [UInt8] {
        let path = "\(path)/\(name)"
        return try Self.asked { () throws(JournalFailure) in try JournalFiles.read(path, from: start) }
    }

    /// Every row of a stream in its order; what is no row is left out, `audit verify` tells about it.
    func forEachRow(of stream: AuditStream, _ body: (AuditRow) -> Void) throws(CommandFailure) {
        for number in segments(of: stream) {
            for row in SegmentRows(try read(JournalName.segment(stream, number).text)) {
                body(row)
            }
        }
    }

    static func asked<Value>(_ body: () throws(JournalFailure) -> Value) throws(CommandFailure) -> Value {
        do throws(JournalFailure) {
            return try body()
        } catch {
            throw .environment("\(error)")
        }
    }
}

/// A call, or a change of the configuration: a row, and for a call the row of its end.
struct AuditEntry {
    let stream: AuditStream
    let row: AuditRow
    var outcome: AuditRow?
}

/// Which entries a person wants to see.
struct AuditFilter {
    static let options = [
        CommandOption("grant", "NAME", "only calls of this grant, by label or id"),
        CommandOption("server", "NAME", "only calls to this server"),
        CommandOption("tool", "NAME", "only calls of this tool"),
        CommandOption("outcome", "WORD", "only this decision (deny, …) or this end (ok, tool_error, unknown, …)"),
        CommandOption("rule", "NAME", "only calls this rule decided"),
        CommandOption("since", "TIME", "only from this time on, for example 2026-11-21T00:00:00Z"),
        CommandOption("until", "TIME", "only before this time"),
        CommandOption("text", "TEXT", "only rows that contain this text"),
    ]

    private let grant: ByteString?
    private let server: ByteString?
    private let tool: ByteString?
    private let rule: ByteString?
    private let decision: String?
    private let result: String?
    private let since: WallTime?
    private let until: WallTime?
    private let text: [UInt8]?
    /// Whether changes of the configuration are left out.
    private var isCallsOnly = false

    init(_ invocation: Invocation) throws(CommandFailure) {
        grant = invocation.value("grant").map { ByteString($0) }
        server = invocation.value("server").map { ByteString($0) }
        tool = invocation.value("tool").map { ByteString($0) }
        rule = invocation.value("rule").map { ByteString($0) }
        text = invocation.value("text").map { Array($0.utf8) }
        since = try Self.time(invocation, "since")
        until = try Self.time(invocation, "until")
        let word = invocation.value("outcome")
        let decisions = AuditDecision.allCases.map { "\($0.word)" }
        let results = AuditResult.allCases.map { "\($0.word)" }
        if let word, !decisions.contains(word), !results.contains(word) {
            let near = NearestName.of(word, in: decisions + results).map { "did you mean `\($0)`? " } ?? ""
            let known = (decisions + results).joined(separator: ", ")
            throw .usage("`--outcome` cannot be `\(word)`: \(near)known are \(known)")
        }
        decision = word.flatMap { decisions.contains($0) ? $0 : nil }
        result = word.flatMap { decisions.contains($0) ? nil : $0 }
    }

    /// What somebody asks the admin API for: calls only.
    init(_ filter: DecisionFilter) {
        (grant, server, tool, rule) = (filter.grant, filter.server, filter.tool, filter.rule)
        (since, until, text) = (filter.since, filter.until, filter.text?.bytes)
        let word = filter.outcome?.text
        let isDecision = AuditDecision.allCases.contains { "\($0.word)" == word }
        decision = isDecision ? word : nil
        result = isDecision ? nil : word
        isCallsOnly = true
    }

    private static func time(_ invocation: Invocation, _ option: String) throws(CommandFailure) -> WallTime? {
        guard let text = invocation.value(option) else {
            return nil
        }
        guard let time = WallTime(rfc3339: text.utf8) else {
            throw .usage("`--\(option)` cannot be `\(text)`: write a time such as 2026-11-21T00:00:00Z")
        }
        return time
    }

    /// What a table can be asked of it; text is none of that.
    var query: AuditTableQuery {
        var query = AuditTableQuery()
        (query.grant, query.since, query.until) = (grant, since, until)
        (query.kind.server, query.kind.tool, query.kind.rule) = (server, tool, rule)
        query.kind.outcome = decision.map { ByteString($0) }
        query.kind.result = result.map { ByteString($0) }
        return query
    }

    /// Whether an entry may be wanted, as far as its first row tells.
    func admits(_ row: AuditRow) -> Bool {
        guard row.kind == .intent || (row.kind == .admin && !isCallsOnly), since.map({ row.time >= $0 }) ?? true,
            until.map({ row.time < $0 }) ?? true
        else {
            return false
        }
        if let grant, row.text("grant") != grant, row.text("grant_id") != grant {
            return false
        }
        let wanted: [(StaticString, ByteString?)] = [
            ("server", server), ("tool", tool), ("rule", rule), ("outcome", decision.map { ByteString($0) }),
        ]
        for (key, value) in wanted {
            if let value, row.text(key) != value {
                return false
            }
        }
        return text.map { Self.holds(row.bytes, $0) } ?? true
    }

    /// Whether `text` stands in `bytes`; along the places of its first byte, because the library's search took half a
    /// microsecond a byte.
    private static func holds(_ bytes: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        guard let first = text.first else {
            return true
        }
        let span = bytes.span
        var start = 0
        while start + text.count <= span.count {
            start = span.firstPosition(of: first, from: start, to: span.count)
            var length = 0
            while length < text.count, start + length < span.count, span[start + length] == text[length] {
                length += 1
            }
            guard length < text.count else {
                return true
            }
            start += 1
        }
        return false
    }

    /// Whether its end is the one wanted.
    func admits(end outcome: AuditRow?) -> Bool {
        result.map { outcome?.text("result")?.text == $0 } ?? true
    }
}

/// Joins calls with their ends, in the order the calls were decided.
struct AuditJoin {
    private let filter: AuditFilter
    private let take: (AuditEntry) -> Void
    private var queue: [AuditEntry] = []
    private var first = 0
    private var places: [UInt64: Int] = [:]
    private var dropped = 0

    init(_ filter: AuditFilter, _ take: @escaping (AuditEntry) -> Void) {
        self.filter = filter
        self.take = take
    }

    mutating func add(_ row: AuditRow, of stream: AuditStream) {
        if let intent = row.closedIntent {
            if let place = places.removeValue(forKey: intent) {
                queue[place - dropped].outcome = row
            }
        } else if filter.admits(row) {
            if row.opensCall {
                places[row.sequence] = queue.count + dropped
            }
            queue.append(AuditEntry(stream: stream, row: row))
        }
        drain(all: false)
    }

    /// Hands over what is left: calls without an end.
    mutating func finish() {
        drain(all: true)
    }

    private mutating func drain(all: Bool) {
        while first < queue.count, all || queue[first].outcome != nil || !queue[first].row.opensCall {
            if filter.admits(end: queue[first].outcome) {
                take(queue[first])
            }
            first += 1
        }
        if first > 1_024, first * 2 > queue.count {
            queue.removeFirst(first)
            dropped += first
            first = 0
        }
    }
}
