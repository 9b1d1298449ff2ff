public import Base
internal import JSONText
public import Stores

/// A server's tools as people see them: each with its standing, a rename as one.
public struct PinnedTools: Sendable {
    /// One tool.
    public struct Row: Sendable {
        /// Its record.
        public let pin: ToolPin
        /// The tool it was until the list in which it appeared, the same but for the name.
        public let formerName: ByteString?

        /// What waits to be accepted; `nil` when nothing does.
        public var waiting: PinnedDefinition? {
            switch pin.standing {
            case .pinned: nil
            case .changed: pin.pending
            case .new: pin.definition
            }
        }

        /// In one word.
        public var standing: String {
            if pin.gone != nil {
                return "gone"
            }
            return formerName == nil ? pin.standing.rawValue : "renamed"
        }

        /// The row for programs.
        public var shown: ShownRecord {
            var fields: [(key: String, value: ShownValue)] = [
                ("tool", .text(pin.tool.text)), ("standing", .text(standing)), ("since", .time(since)),
                ("digest", .text(String(decoding: TextCoding.hexadecimal(pin.definition.digest), as: UTF8.self))),
            ]
            if let waiting {
                let digest = String(decoding: TextCoding.hexadecimal(waiting.digest), as: UTF8.self)
                fields.append(("waiting_digest", .text(digest)))
            }
            if let formerName {
                fields.append(("former_name", .text(formerName.text)))
            }
            if let author = pin.acceptedBy {
                fields.append(("accepted_by", .text(author.text)))
            }
            if let time = pin.accepted {
                fields.append(("accepted", .time(time)))
            }
            return ShownRecord(fields)
        }

        /// Since when it stands so.
        public var since: WallTime {
            pin.gone ?? waiting?.seen ?? pin.accepted ?? pin.definition.seen
        }
    }

    /// How long a tool that was renamed may be seen under both names: the pages of one list come one after the other,
    /// and only a whole one says what is gone.
    private static let overlap: Int64 = 600_000

    /// By name.
    public let rows: [Row]

    /// Of these pins.
    public init(_ pins: [ToolPin]) {
        var gone: [[UInt8]: ToolPin] = [:]
        for pin in pins where pin.gone != nil && pin.acceptedBy != nil {
            gone[Self.nameless(pin.definition)] = pin
        }
        var formerNames: [ByteString: ByteString] = [:]
        for pin in pins where pin.standing == .new && pin.gone == nil && !gone.isEmpty {
            let key = Self.nameless(pin.definition)
            guard let old = gone[key], let end = old.gone else {
                continue
            }
            let both = end.milliseconds - pin.definition.seen.milliseconds
            if (0...Self.overlap).contains(both) {
                formerNames[pin.tool] = old.tool
                gone[key] = nil
            }
        }
        let renamed = Set(formerNames.values)
        rows = pins.filter { !renamed.contains($0.tool) }
            .map { Row(pin: $0, formerName: formerNames[$0.tool]) }
    }

    /// The rows of which something waits to be accepted, on tools the server still lists.
    public var waiting: [Row] { rows.filter { $0.waiting != nil && $0.pin.gone == nil } }

    /// A definition's canonical form without its name.
    private static func nameless(_ definition: PinnedDefinition) -> [UInt8] {
        do throws(JSONError) {
            let root = try JSONDocument(definition.canonical).root
            var writer = JSONWriter(reserving: definition.canonical.count)
            writer.beginObject()
            for member in root.members where !member.key.isEqual(to: "name") {
                writer.key(member.key.bytes)
                writer.raw(member.value.rawBytes)
            }
            writer.endObject()
            return writer.output
        } catch {
            return definition.canonical
        }
    }
}
