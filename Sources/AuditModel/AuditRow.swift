public import Base
public import Cryptography
public import JSONText

/// One whole row, read strictly.
public struct AuditRow: Sendable {
    /// What a row records.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The first row of a segment.
        case segment
        /// The last row of a segment that was closed.
        case end
        /// A call and what was decided.
        case intent
        /// The end of a call.
        case outcome
        /// A change of the configuration.
        case admin
    }

    /// Its number in its stream.
    public let sequence: UInt64
    /// What it records.
    public let kind: Kind
    /// When it was written.
    public let time: WallTime
    /// All of it.
    public let json: JSONValue

    /// LIMIT: bytes of a whole row: what is stored, and the definitions it names.
    private static let maximumWholeBytes = 8 * RowBuffer.maximumRowBytes

    /// Reads a whole row; `nil` for anything that is not one in the format's form.
    init?(_ bytes: [UInt8]) {
        guard let json = Self.json(bytes) else {
            return nil
        }
        self.init(json)
    }

    /// As ``init(_:)-([UInt8])``.
    init?(_ json: JSONValue) {
        guard let number = json["seq"]?.number?.int, number > 0,
            let kind = json["kind"]?.string.map({ Kind(rawValue: $0.text) }),
            let kind, let time = json["time"]?.string.map({ WallTime(rfc3339: $0.bytes) }), let time
        else {
            return nil
        }
        sequence = UInt64(number)
        self.kind = kind
        self.time = time
        self.json = json
    }

    /// The bytes of a row or a line as JSON, `nil` when they are none.
    static func json(_ bytes: [UInt8]) -> JSONValue? {
        let limits = JSONLimits(maximumBytes: maximumWholeBytes, maximumDepth: 8)
        do throws(JSONError) {
            return try JSONDocument(bytes, limits: limits).root
        } catch {
            return nil
        }
    }

    /// All of it: one JSON object.
    public var bytes: ArraySlice<UInt8> { json.rawBytes }

    /// The text of a field, `nil` when it is not there or no text.
    public func text(_ key: StaticString) -> ByteString? {
        (json[key]?.string).map { ByteString($0.bytes) }
    }

    /// A whole number that is not negative.
    public func count(_ key: StaticString) -> UInt64? {
        (json[key]?.number?.int).flatMap { UInt64(exactly: $0) }
    }

    /// Whether it is an intent that was sent on, so that an outcome follows.
    public var opensCall: Bool {
        kind == .intent && json["outcome"]?.string?.isEqual(to: "allow") == true
    }

    /// The intent an outcome closes.
    public var closedIntent: UInt64? { kind == .outcome ? count("intent") : nil }

    /// The number a change of the configuration has in the store.
    public var event: Int? { json["event"]?.number?.int }

    /// Whether an outcome says that what was added to counters was taken back.
    public var isGivenBack: Bool { json["given_back"]?.boolean == true }

    /// What an intent has added to counters; `nil` when one of them cannot be read.
    public var charges: [AuditCharge]? {
        guard let list = json["charges"] else {
            return []
        }
        var charges: [AuditCharge] = []
        for element in list.elements {
            guard let charge = AuditCharge(element) else {
                return nil
            }
            charges.append(charge)
        }
        return charges
    }

    /// The header, for the first row of a segment in this format's version, and the digest it goes on from.
    public var header: (header: SegmentHeader, previous: Digest256)? {
        guard kind == .segment, count("format") == UInt64(SegmentHeader.format),
            let stream = text("stream").flatMap({ AuditStream($0.text) }), let segment = count("segment"), segment > 0,
            let previous = text("previous").flatMap({ Digest256(hexadecimal: $0.bytes[...]) }), let node = text("node"),
            let cause = text("cause").flatMap({ SegmentHeader.Cause(rawValue: $0.text) })
        else {
            return nil
        }
        let open = (json["open"]?.elements).map { $0.compactMap { $0.number?.int }.compactMap { UInt64(exactly: $0) } }
        let cuts = (json["cut"]?.elements).map { $0.compactMap(Self.cut) }
        let header = SegmentHeader(
            time: time,
            stream: stream,
            segment: segment,
            node: node,
            cause: cause,
            open: open ?? [],
            cuts: cuts ?? []
        )
        return (header, previous)
    }

    /// The version of the format a segment's first row speaks of when it is not this program's; else `nil`.
    public var otherFormat: UInt64? {
        kind == .segment ? count("format").flatMap { $0 == UInt64(SegmentHeader.format) ? nil : $0 } : nil
    }

    private static func cut(_ value: JSONValue) -> SegmentHeader.Cut? {
        guard let segment = value["segment"]?.number?.int, segment > 0, let bytes = value["bytes"]?.number?.int,
            let digest = value["sha256"]?.string, let digest = Digest256(hexadecimal: digest.bytes[...])
        else {
            return nil
        }
        return SegmentHeader.Cut(segment: UInt64(segment), bytes: bytes, digest: digest)
    }
}
