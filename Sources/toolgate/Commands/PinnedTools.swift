import Base
import JSONText
import Stores

/// A server's tools as people see them: each with its standing, a rename as one.
struct PinnedTools {
    /// One tool.
    struct Row {
        let pin: ToolPin
        /// The tool it was until the list in which it appeared, the same but for the name.
        let formerName: ByteString?

        /// What waits to be accepted; `nil` when nothing does.
        var waiting: PinnedDefinition? {
            switch pin.standing {
            case .pinned: nil
            case .changed: pin.pending
            case .new: pin.definition
            }
        }

        /// In one word.
        var standing: String {
            if pin.gone != nil {
                return "gone"
            }
            return formerName == nil ? pin.standing.rawValue : "renamed"
        }

        /// Since when it stands so.
        var since: WallTime {
            pin.gone ?? waiting?.seen ?? pin.accepted ?? pin.definition.seen
        }
    }

    /// How long a tool that was renamed may be seen under both names: the pages of one list come one after the other,
    /// and only a whole one says what is gone.
    private static let overlap: Int64 = 600_000

    /// By name.
    let rows: [Row]

    init(_ pins: [ToolPin]) {
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
    var waiting: [Row] { rows.filter { $0.waiting != nil && $0.pin.gone == nil } }

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
