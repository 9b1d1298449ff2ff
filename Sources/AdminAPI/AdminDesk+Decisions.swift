internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Stores

// What was decided: read from the journal, never from the path of a call.
extension AdminDesk {
    /// The filter of a query.
    static func filter(_ request: AdminRequest) -> DecisionFilter {
        var filter = DecisionFilter()
        (filter.grant, filter.server, filter.tool) = (
            request.query["grant"], request.query["server"], request.query["tool"]
        )
        (filter.outcome, filter.rule, filter.text) = (
            request.query["outcome"], request.query["rule"], request.query["text"]
        )
        filter.since = request.query["from"].flatMap { WallTime(rfc3339: $0.bytes) }
        filter.until = request.query["to"].flatMap { WallTime(rfc3339: $0.bytes) }
        return filter
    }

    private func journal() throws(Problem) -> any AdminJournal {
        guard let journal = configuration.journal else {
            throw Problem(.unavailable, "this gateway keeps no journal")
        }
        return journal
    }

    func listDecisions(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let place = try request.cursor(parts: 3).map { cursor throws(Problem) in try Self.place(cursor) }
        let found = try decisions(Self.filter(request), behind: place, count: request.limit + 1)
        var writer = JSONWriter(reserving: 512 * (found.count + 1))
        writer.beginObject()
        writer.key("items")
        writer.beginArray()
        for decision in found.prefix(request.limit) {
            writer.raw(decision.shown)
        }
        writer.endArray()
        writer.key("next")
        if found.count > request.limit, let last = found.prefix(request.limit).last {
            writer.string(Cursor(list: request.operation.id.rawValue, last.place.parts).text)
        } else {
            writer.null()
        }
        writer.endObject()
        return .json(writer.output)
    }

    func getDecision(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let name = request.parameter("decision")
        guard let cursor = Cursor(name.bytes, list: DecisionPlace.list, parts: 3) else {
            throw Problem(.notFound, "there is no decision by this name")
        }
        let place = try Self.place(cursor)
        var filter = DecisionFilter()
        filter.since = place.time
        filter.until = WallTime(milliseconds: place.time.milliseconds &+ 1)
        guard let decision = try decisions(filter, behind: nil, count: 4_096).first(where: { $0.place == place }) else {
            throw Problem(.notFound, "the journal has no such decision, or no more")
        }
        return .json(decision.shown)
    }

    private static func place(_ cursor: Cursor) throws(Problem) -> DecisionPlace {
        guard let place = DecisionPlace(parts: cursor.parts) else {
            throw Problem(.malformed, "the cursor is none of this list")
        }
        return place
    }

    func decisions(
        _ filter: DecisionFilter,
        behind place: DecisionPlace?,
        count: Int
    ) throws(Problem) -> [Decision] {
        let journal = try journal()
        return try asked { () throws(StoreError) in try journal.decisions(filter, behind: place, count: count) }
    }

    private func asked<Value>(_ body: () throws(StoreError) -> Value) throws(Problem) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            throw problem(error)
        }
    }

    // MARK: The journal itself

    func getHeads(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let journal = try journal()
        let heads = try asked { () throws(StoreError) in try journal.heads() }
        return .json(ShownRecord([("heads", .list(heads.map { .text($0) }))]).json)
    }

    func verifyAudit(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let journal = try journal()
        return .json(try asked { () throws(StoreError) in try journal.verify() })
    }

    // MARK: Overview

    func getOverview(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let word = request.query["window"]?.text ?? "24h"
        let length: Int64 = word == "1h" ? 3_600_000 : word == "7d" ? 7 * 86_400_000 : 86_400_000
        var filter = DecisionFilter()
        filter.since = WallTime(milliseconds: request.now.milliseconds - length)
        var sums = OverviewSums(now: request.now, length: length)
        if configuration.journal != nil {
            for decision in try decisions(filter, behind: nil, count: OverviewSums.maximumCount) {
                sums.add(decision)
            }
        }
        let attention = try read { records, _ throws(StoreError) in try Self.attention(records, request.now) }
        return .json(sums.record.adding([("attention", .list(attention.map { .record($0, line: "") }))]).json)
    }

    /// What a person should look at.
    private static func attention(_ records: Records, _ now: WallTime) throws(StoreError) -> [ShownRecord] {
        var found: [ShownRecord] = []
        func add(_ kind: String, _ text: String, _ link: String) {
            found.append(ShownRecord([("kind", .text(kind)), ("text", .text(text)), ("link", .text(link))]))
        }
        let waiting = try records.reader.approvals().count { $0.standing == .pending && $0.isGood(at: now) }
        if waiting > 0 {
            add(
                "approvals",
                waiting == 1 ? "1 call waits for a person" : "\(waiting) calls wait for a person",
                "/approvals"
            )
        }
        for server in try records.reader.servers().prefix(200) {
            let pins = PinnedTools(try records.reader.pins(of: server.id)).waiting.count
            if pins > 0 {
                let tools = pins == 1 ? "1 tool waits" : "\(pins) tools wait"
                add("changes", "\(tools) to be accepted at `\(server.name)`", "/servers/\(server.name)")
            }
        }
        let week: Int64 = 7 * 86_400_000
        let ending = try records.reader.grants().filter { grant in
            grant.isOpen(at: now) && grant.expires.map { $0.milliseconds - now.milliseconds < week } == true
        }
        if !ending.isEmpty {
            add(
                "grants",
                ending.count == 1 ? "1 grant ends within a week" : "\(ending.count) grants end within a week",
                "/grants"
            )
        }
        return found
    }
}

/// What the calls of a time come to.
struct OverviewSums {
    /// LIMIT: decisions that are looked at, the newest.
    static let maximumCount = 20_000
    private static let slices = 48

    private let start: Int64
    private let slice: Int64
    private var calls = 0
    private var outcomes: [String: Int] = [:]
    private var series: [[String: Int]]
    private var durations: [Int] = []
    private var denials: [[String]: Int] = [:]

    init(now: WallTime, length: Int64) {
        slice = length / Int64(Self.slices)
        start = now.milliseconds - length
        series = Array(repeating: [:], count: Self.slices)
    }

    mutating func add(_ decision: Decision) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(decision.json).root
        } catch {
            return
        }
        guard let outcome = root["outcome"]?.string?.text else {
            return
        }
        calls += 1
        outcomes[outcome, default: 0] += 1
        let index = Int((decision.place.time.milliseconds - start) / max(1, slice))
        series[min(max(0, index), Self.slices - 1)][outcome, default: 0] += 1
        if let duration = root["end"]?["duration_us"]?.number?.int {
            durations.append(duration)
        }
        if outcome != "allow" {
            let names = ["server", "tool", "rule"].map { root.member(Array($0.utf8))?.string?.text ?? "" }
            if denials[names] != nil || denials.count < 2_000 {
                denials[names, default: 0] += 1
            }
        }
    }

    /// For programs, without what needs attention.
    var record: ShownRecord {
        let sorted = durations.sorted()
        func percentile(_ percent: Int) -> ShownValue {
            sorted.isEmpty ? .absent("no call") : .number(sorted[min(sorted.count - 1, sorted.count * percent / 100)])
        }
        let points: [ShownValue] = series.enumerated().map { index, counts in
            let time = WallTime(milliseconds: start + Int64(index) * slice)
            return .record(ShownRecord([("time", .time(time)), ("outcomes", Self.shown(counts))]), line: "")
        }
        let top = denials.sorted { ($1.value, $0.key.joined()) < ($0.value, $1.key.joined()) }.prefix(10)
        return ShownRecord([
            ("calls", .number(calls)), ("is_whole", .flag(calls < Self.maximumCount)),
            ("outcomes", Self.shown(outcomes)),
            (
                "latency",
                .record(
                    ShownRecord([
                        ("p50_us", percentile(50)), ("p95_us", percentile(95)), ("p99_us", percentile(99)),
                    ]),
                    line: ""
                )
            ),
            ("series", .list(points)),
            (
                "top_denials",
                .list(
                    top.map { names, count in
                        .record(
                            ShownRecord([
                                ("server", .text(names[0])), ("tool", .text(names[1])), ("rule", .text(names[2])),
                                ("count", .number(count)),
                            ]),
                            line: ""
                        )
                    }
                )
            ),
        ])
    }

    private static func shown(_ counts: [String: Int]) -> ShownValue {
        .record(ShownRecord(counts.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) }), line: "")
    }
}

extension DecisionPlace {
    /// The name of its texts among cursors.
    static let list = "decision"

    var parts: [ByteString] {
        [ByteString("\(time.milliseconds)"), stream, ByteString("\(sequence)")]
    }

    init?(parts: [ByteString]) {
        guard parts.count == 3, let time = Int64(parts[0].text), let sequence = Int64(parts[2].text) else {
            return nil
        }
        self.init(time: WallTime(milliseconds: time), stream: parts[1], sequence: sequence)
    }

    /// As clients name it.
    var id: String { Cursor(list: Self.list, parts).text }
}

extension Decision {
    /// The object with its `id` in front.
    var shown: [UInt8] {
        Array("{\"id\":\"\(place.id)\",".utf8) + json.dropFirst()
    }
}
