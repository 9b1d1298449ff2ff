import AuditJournal
import AuditModel
import Base
import JSONText
import Stores

#if canImport(Glibc)
import Glibc
#endif

/// Fills the table of a journal from its segments, a bounded step at a time (docs/audit.md, "The table").
struct AuditIndexer {
    /// Bytes of a segment that one step reads, when a group of rows is not longer.
    private let stepBytes: Int
    /// LIMIT: bytes a segment's first row is looked for in; it names the calls that were open.
    private static let firstRowBytes = 1 << 20 + 128
    /// Bytes before a place that are kept: they have the digest of a group in them, which no other history has.
    private static let markBytes = 80
    /// How often a listing is made anew in which a file is gone by the time it is read.
    private static let attempts = 5

    let table: any AuditTable
    let folder: String
    /// What is defined where each stream is read next.
    private var known: [AuditStream: Known] = [:]

    private struct Known {
        let place: AuditTablePlace
        let definitions: [Int: AuditTableKind]
    }

    init(table: any AuditTable, folder: String, stepBytes: Int = 1 << 20) {
        self.table = table
        self.folder = folder
        self.stepBytes = stepBytes
    }

    /// Takes everything in that the journal has by now; ends earlier, between two steps, when `isWanted` says no.
    mutating func fill(while isWanted: () -> Bool = { true }) throws(StoreError) {
        for attempt in 1...Self.attempts {
            do throws(Vanished) {
                return try fillOnce(isWanted)
            } catch {
                // Retention removes segments; only a folder that is being emptied by somebody else goes on like this.
                if case .store(let failure) = error {
                    throw failure
                }
                if attempt == Self.attempts {
                    throw .failed(detail: "segments of the journal are gone when they are read")
                }
            }
        }
    }

    private enum Vanished: Error {
        case file
        case store(StoreError)
    }

    private mutating func fillOnce(_ isWanted: () -> Bool) throws(Vanished) {
        var segments: [AuditStream: [Int64]] = [:]
        let names = try asked { () throws(JournalFailure) in try JournalFiles.names(in: folder) }
        for name in names {
            if case .segment(let stream, let number) = JournalName(name) {
                segments[stream, default: []].append(Int64(clamping: number))
            }
        }
        let present = segments.keys.map { ByteString($0.name) }
        try stored { () throws(StoreError) in try table.keep(present) }
        for (stream, numbers) in segments.sorted(by: { $0.key < $1.key }) {
            while isWanted(), try step(stream, numbers.sorted()) {}
        }
    }

    /// Takes in what comes next of a stream; whether there was anything.
    private mutating func step(_ stream: AuditStream, _ numbers: [Int64]) throws(Vanished) -> Bool {
        let name = ByteString(stream.name)
        let progress = try stored { () throws(StoreError) in try table.progress(of: name) }
        guard let first = numbers.first else {
            return false
        }
        var place = AuditTablePlace(segment: first, offset: 0)
        var startsOver = false
        if let progress {
            if try isThere(progress, of: stream, numbers) {
                place = progress.place
            } else {
                // What was read last is gone: by retention, or with a power failure or whoever replaced the files.
                startsOver = progress.place.segment >= first
            }
        }
        guard var reading = try read(stream, place, numbers) else {
            return false
        }
        if progress.map({ $0.first != first }) ?? true {
            reading.batch.firstSequence = try firstSequence(stream, first)
        }
        reading.batch.startsOver = startsOver
        reading.batch.progress.first = first
        let batch = reading.batch
        // Otherwise another process was faster.
        if try stored({ () throws(StoreError) in try table.put(batch, of: name, behind: progress) }) {
            known[stream] = Known(place: batch.progress.place, definitions: reading.definitions)
        }
        return true
    }

    /// Whether the bytes before a place are those that were there when it was reached.
    private func isThere(
        _ progress: AuditTableProgress,
        of stream: AuditStream,
        _ numbers: [Int64]
    ) throws(Vanished) -> Bool {
        guard numbers.contains(progress.place.segment) else {
            return false
        }
        let start = AuditTablePlace(
            segment: progress.place.segment,
            offset: progress.place.offset - Int64(progress.before.count)
        )
        return try bytes(stream, start, progress.before.count) == progress.before
    }

    /// Reads whole groups behind a place, in its segment or the next; `nil` at the end of the journal.
    private func read(
        _ stream: AuditStream,
        _ place: AuditTablePlace,
        _ numbers: [Int64]
    ) throws(Vanished) -> SegmentReading? {
        if let reading = try read(stream, place) {
            return reading
        }
        for next in numbers where next > place.segment {
            if let reading = try read(stream, AuditTablePlace(segment: next, offset: 0)) {
                return reading
            }
        }
        return nil
    }

    private func read(_ stream: AuditStream, _ place: AuditTablePlace) throws(Vanished) -> SegmentReading? {
        let definitions = try definitions(stream, place)
        var limit = stepBytes
        while true {
            let bytes = try bytes(stream, place, limit)
            var reading = SegmentReading(ByteString(stream.name), place, definitions)
            let end = reading.take(bytes)
            if end > 0 {
                reading.batch.progress.before = Array(bytes[max(0, end - Self.markBytes)..<end])
                return reading
            }
            guard bytes.count == limit else {
                return nil
            }
            limit *= 4
        }
    }

    private func definitions(_ stream: AuditStream, _ place: AuditTablePlace) throws(Vanished) -> [Int: AuditTableKind]
    {
        guard place.offset > 0 else {
            return [:]
        }
        if let known = known[stream], known.place == place {
            return known.definitions
        }
        let lines = try stored { () throws(StoreError) in
            try table.definitions(of: place.segment, in: ByteString(stream.name))
        }
        var definitions: [Int: AuditTableKind] = [:]
        for line in lines {
            if case .definition(let number, let fields) = RowOutline(line[...]) {
                definitions[number] = AuditTableKind(fields)
            }
        }
        return definitions
    }

    /// The number of the first row that is still there.
    private func firstSequence(_ stream: AuditStream, _ segment: Int64) throws(Vanished) -> Int64? {
        let start = try bytes(stream, AuditTablePlace(segment: segment, offset: 0), Self.firstRowBytes)
        return SegmentStart(start).map { Int64(clamping: $0.sequence) }
    }

    private func bytes(_ stream: AuditStream, _ place: AuditTablePlace, _ limit: Int) throws(Vanished) -> [UInt8] {
        try asked { () throws(JournalFailure) in
            try JournalFiles.read(
                "\(folder)/\(JournalName.segment(stream, UInt64(clamping: place.segment)).text)",
                from: Int(clamping: max(0, place.offset)),
                atMost: limit
            )
        }
    }

    private func asked<Value>(_ body: () throws(JournalFailure) -> Value) throws(Vanished) -> Value {
        do throws(JournalFailure) {
            return try body()
        } catch {
            if case .file(_, operation: "read", error: ENOENT) = error {
                throw .file
            }
            throw .store(.failed(detail: "\(error)"))
        }
    }

    private func stored<Value>(_ body: () throws(StoreError) -> Value) throws(Vanished) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            throw .store(error)
        }
    }
}

/// Whole groups of a segment as a step of the table.
private struct SegmentReading {
    private(set) var definitions: [Int: AuditTableKind]
    var batch: AuditTableBatch
    private let stream: ByteString
    private let start: AuditTablePlace
    /// Indices of kinds in the batch.
    private var kinds: [Kind: Int] = [:]
    /// Calls of the batch that wait for their ends, as indices of entries.
    private var open: [Int64: Int] = [:]

    /// What makes a kind: two definitions of the segment, and how it ended.
    private struct Kind: Hashable {
        let caller: Int
        let shape: Int
        var result: ByteString?
    }

    private var kindsOfOpen: [Int64: Kind] = [:]

    init(_ stream: ByteString, _ start: AuditTablePlace, _ definitions: [Int: AuditTableKind]) {
        self.stream = stream
        self.start = start
        self.definitions = definitions
        batch = AuditTableBatch(to: AuditTableProgress(first: 0, place: start, before: []))
    }

    /// Takes what is sealed of `bytes`; how many of them that is.
    mutating func take(_ bytes: [UInt8]) -> Int {
        var end = 0
        var group: [RowLine] = []
        for line in SegmentLines(bytes) {
            switch line {
            case .row(let line):
                group.append(line)
                guard line.seal != nil else {
                    continue
                }
                for line in group {
                    take(bytes[line.row])
                }
                group.removeAll(keepingCapacity: true)
                end = line.end
            case .malformed(_, let range):
                group.removeAll()
                end = range.upperBound
            case .torn:
                break
            }
        }
        batch.progress.place = AuditTablePlace(segment: start.segment, offset: start.offset + Int64(end))
        return end
    }

    private mutating func take(_ line: ArraySlice<UInt8>) {
        let place = AuditTablePlace(segment: start.segment, offset: start.offset + Int64(line.startIndex))
        switch RowOutline(line) {
        case .call(let sequence, let time, let caller, let shape):
            add(sequence, time, place, Kind(caller: caller, shape: shape))
        case .change(let sequence, let time):
            add(sequence, time, place, Kind(caller: 0, shape: 0))
        case .end(let intent, let result):
            addEnd(Int64(clamping: intent), result, place)
        case .definition(let number, let fields):
            definitions[number] = AuditTableKind(fields)
            batch.definitions.append(AuditTableBatch.Definition(number: Int64(number), line: Array(line)))
        case .other where place.offset == 0:
            // The segment's first row has what request numbers begin with.
            batch.definitions.append(AuditTableBatch.Definition(number: 0, line: Array(line)))
        case .other:
            break
        }
    }

    private mutating func add(_ sequence: UInt64, _ time: WallTime, _ place: AuditTablePlace, _ kind: Kind) {
        guard let index = index(of: kind) else {
            return
        }
        let sequence = Int64(clamping: sequence)
        let isOpen = batch.kinds[index].outcome == AuditDecision.allowWord
        let call = AuditTableCall(stream: stream, sequence: sequence, time: time, row: place)
        if isOpen {
            open[sequence] = batch.entries.count
            kindsOfOpen[sequence] = kind
        }
        batch.entries.append(AuditTableBatch.Entry(call: call, kind: index, isOpen: isOpen))
    }

    private mutating func addEnd(_ intent: Int64, _ result: ByteString, _ place: AuditTablePlace) {
        guard let entry = open.removeValue(forKey: intent), var kind = kindsOfOpen.removeValue(forKey: intent) else {
            batch.ends.append(AuditTableBatch.End(sequence: intent, result: result, place: place))
            return
        }
        kind.result = result
        guard let index = index(of: kind) else {
            return
        }
        batch.entries[entry].kind = index
        batch.entries[entry].call.end = place
        batch.entries[entry].isOpen = false
    }

    /// The index of a kind in the batch; `nil` when a definition it names is not there.
    private mutating func index(of kind: Kind) -> Int? {
        if let known = kinds[kind] {
            return known
        }
        var words = AuditTableKind()
        if kind.caller > 0 || kind.shape > 0 {
            guard let caller = definitions[kind.caller], let shape = definitions[kind.shape] else {
                return nil
            }
            words = caller
            (words.tool, words.outcome, words.rule) = (shape.tool, shape.outcome, shape.rule)
        }
        words.result = kind.result
        batch.kinds.append(words)
        kinds[kind] = batch.kinds.count - 1
        return batch.kinds.count - 1
    }
}

extension AuditTableKind {
    /// The words a definition has.
    fileprivate init(_ fields: JSONValue) {
        self.init()
        grant = Self.text(fields["grant"])
        grantID = Self.text(fields["grant_id"])
        server = Self.text(fields["server"])
        tool = Self.text(fields["tool"])
        outcome = Self.text(fields["outcome"])
        rule = Self.text(fields["rule"])
    }

    private static func text(_ value: JSONValue?) -> ByteString? {
        (value?.string).map { ByteString($0.bytes) }
    }
}

extension AuditDecision {
    /// The word of a call that is sent on.
    fileprivate static let allowWord = ByteString("\(AuditDecision.allow.word)")
}
