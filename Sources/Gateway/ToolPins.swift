internal import Base
internal import JSONText
internal import PolicyEngine
internal import Settings
internal import Stores

/// The tools of one server as they were accepted, and how what it lists now compares (security.md, E2, D5, D11).
///
/// The first whole list is accepted and pinned. From then on a definition that differs by one byte of its canonical
/// form is `changed`, a name never seen before is `new`; both are for policy to judge. Pins of tools that disappear are
/// kept, so that a tool cannot shed its pin by leaving for a while.
///
/// What a store says was accepted counts (``restore(_:)``); what it does not know yet waits in ``unsaved(of:updates:)``.
/// A definition that goes back to the accepted one needs nobody to accept it.
struct ToolPins {
    // LIMIT: names remembered for one server; further ones are never listed.
    var maximumNames = 20_000
    // LIMIT: bytes of a definition's canonical form, what a store keeps; a tool with a larger one is not listed.
    static let maximumDefinitionBytes = 1 << 20
    // LIMIT: bytes of all pinned definitions of one server; tools beyond are never listed. As many again may wait to be
    // accepted; a change beyond that is judged, but its text is not kept.
    var maximumBytes = 64 << 20
    // LIMIT: bytes of a name, what a store keeps; a tool with a longer one is not listed.
    static let maximumNameBytes = 1_024
    /// Finds the server's own credentials in what it says of its tools: no name and no text that is kept holds one (E11).
    ///
    /// Digests are those of the real bytes, so that a change that hides behind a mask is one.
    var mask = CredentialMask([])
    /// Who accepted what was there when a server was listed first.
    private static let gateway = ByteString("\(Author.gateway)")

    /// What calls are judged by: the tools as last listed, each with its accepted definition.
    private(set) var listed: [ByteString: ToolDefinition] = [:]
    private var pins: [ByteString: Pin] = [:]
    private var isAccepted = false
    private var unsavedNames: Set<ByteString> = []
    private var pinnedBytes = 0
    private var waitingBytes = 0

    /// How many names are remembered.
    var count: Int { pins.count }

    /// Takes a list in, or one page of it; answers whether `listed` changed.
    ///
    /// A name that stands twice counts as its first one. Only a whole list says which tools are gone.
    mutating func take(_ tools: [ToolDefinition], isWhole: Bool, at now: WallTime) -> Bool {
        var isChanged = false
        var seen: Set<ByteString> = []
        seen.reserveCapacity(tools.count)
        for tool in tools
        where (1...Self.maximumNameBytes).contains(tool.name.count) && !mask.finds(in: tool.name.bytes) {
            if seen.insert(tool.name).inserted, take(tool, at: now) {
                isChanged = true
            }
        }
        if isWhole {
            let hasLost = lose(allBut: seen, at: now)
            isChanged = isChanged || hasLost || !isAccepted
            isAccepted = true
        }
        return isChanged
    }

    private mutating func take(_ tool: ToolDefinition, at now: WallTime) -> Bool {
        guard var pin = pins[tool.name] ?? firstPin(of: tool, at: now) else {
            return false
        }
        if pin.presence != .listed(tool.digest) {
            pin.presence = .listed(tool.digest)
            pin.waiting = nil
            if tool.digest != pin.definition.digest {
                pin.waiting = PinnedDefinition(of: tool, seen: now)
            }
        }
        put(pin, tool.name)
        let standing = pin.standing
        if let known = listed[tool.name], known.standing == standing.judged {
            return false
        }
        listed[tool.name] =
            standing == .changed
            ? pin.judged(as: tool.name)
            : tool.detached(as: standing.judged, size: pin.definition.canonical.count)
        return true
    }

    /// A tool's first pin; `nil` beyond the bounds.
    private func firstPin(of tool: ToolDefinition, at now: WallTime) -> Pin? {
        guard pins.count < maximumNames, let definition = PinnedDefinition(of: tool, seen: now),
            pinnedBytes + definition.canonical.count <= maximumBytes
        else {
            return nil
        }
        return Pin(
            definition: definition,
            acceptedBy: isAccepted ? nil : Self.gateway,
            accepted: isAccepted ? nil : now,
            presence: .listed(definition.digest)
        )
    }

    /// Takes the tools off that a whole list does not have.
    private mutating func lose(allBut seen: Set<ByteString>, at now: WallTime) -> Bool {
        var isChanged = false
        for (name, old) in pins where !seen.contains(name) && !old.isGone {
            var pin = old
            pin.presence = .gone(old.saved?.gone ?? now)
            pin.waiting = nil
            put(pin, name)
            isChanged = listed.removeValue(forKey: name) != nil || isChanged
        }
        return isChanged
    }

    /// Keeps a pin, within the bounds, and notes whether the store lacks something of it.
    private mutating func put(_ changed: Pin, _ name: ByteString) {
        var pin = changed
        let old = pins[name]
        pinnedBytes += pin.definition.canonical.count - (old?.definition.canonical.count ?? 0)
        waitingBytes -= old?.waiting?.canonical.count ?? 0
        if let waiting = pin.waiting, waitingBytes + waiting.canonical.count > maximumBytes {
            pin.waiting = nil
        }
        waitingBytes += pin.waiting?.canonical.count ?? 0
        pins[name] = pin
        if pin.isUnsaved {
            unsavedNames.insert(name)
        } else {
            unsavedNames.remove(name)
        }
    }
}

// MARK: - The store

extension ToolPins {
    /// Takes in all pins a store has of the server: what was accepted there counts from now on; answers whether
    /// `listed` changed.
    ///
    /// A pin that was kept there before and is gone was taken away by somebody: the tool is new.
    mutating func restore(_ records: [ToolPin]) -> Bool {
        isAccepted = isAccepted || !records.isEmpty
        var isChanged = false
        var there: Set<ByteString> = []
        for record in records where there.insert(record.tool).inserted {
            isChanged = restore(record) || isChanged
        }
        for (name, pin) in pins where pin.saved != nil && !there.contains(name) {
            isChanged = forget(name, pin) || isChanged
        }
        return isChanged
    }

    private mutating func restore(_ record: ToolPin) -> Bool {
        var pin = pins[record.tool] ?? Pin(definition: record.definition, presence: .unknown)
        let old = pin.definition
        pin.definition = record.definition
        pin.acceptedBy = record.acceptedBy
        pin.accepted = record.accepted
        pin.saved = SavedPin(record)
        pin.saved?.isClear =
            mask.finds(in: record.definition.canonical)
            || (record.pending.map { mask.finds(in: $0.canonical) } ?? false)
        if case .listed(let present) = pin.presence {
            if present == pin.definition.digest {
                pin.waiting = nil
            } else if present == old.digest {
                pin.waiting = old
            } else if pin.waiting == nil, record.pending?.digest == present {
                pin.waiting = record.pending
            }
        }
        put(pin, record.tool)
        return relist(record.tool, pin, isOther: old.digest != pin.definition.digest)
    }

    /// Puts a tool's pin in force for the calls of it, if it is listed.
    private mutating func relist(_ name: ByteString, _ pin: Pin, isOther: Bool) -> Bool {
        guard let known = listed[name], isOther || known.standing != pin.standing.judged else {
            return false
        }
        listed[name] =
            known.digest == pin.definition.digest
            ? known.withStanding(pin.standing.judged)
            : pin.judged(as: name)
        return true
    }

    /// Somebody took a pin away: what is listed now is new, as if it were seen for the first time.
    private mutating func forget(_ name: ByteString, _ pin: Pin) -> Bool {
        pinnedBytes -= pin.definition.canonical.count
        waitingBytes -= pin.waiting?.canonical.count ?? 0
        pins[name] = nil
        unsavedNames.remove(name)
        let isChanged = listed.removeValue(forKey: name) != nil
        guard case .listed(let present) = pin.presence,
            let definition = present == pin.definition.digest ? pin.definition : pin.waiting
        else {
            return isChanged
        }
        let first = Pin(definition: definition, presence: pin.presence)
        put(first, name)
        listed[name] = first.judged(as: name)
        return true
    }

    /// Whether a store would have something to keep.
    var hasUnsaved: Bool { !unsavedNames.isEmpty }

    /// What a store lacks: every pin it has nothing of, and at most `updates` of those it has otherwise.
    func unsaved(of server: EntityID, updates: Int) -> UnsavedPins {
        var unsaved = UnsavedPins()
        for name in unsavedNames.sorted() {
            guard let pin = pins[name] else {
                continue
            }
            if pin.saved != nil {
                guard unsaved.updates < updates else {
                    continue
                }
                unsaved.updates += 1
            }
            var record = pin.record(of: name, at: server)
            record.definition = record.definition.masked(mask, name)
            record.pending = record.pending?.masked(mask, name)
            unsaved.records.append(record)
        }
        return unsaved
    }

    /// A store has kept these; what changed meanwhile waits on.
    mutating func save(_ records: [ToolPin]) {
        for record in records {
            guard var pin = pins[record.tool] else {
                continue
            }
            pin.saved = SavedPin(record)
            put(pin, record.tool)
        }
    }

    /// The store has nothing of the server any more: should it come back, everything is to be kept anew.
    mutating func unsave() {
        for (name, old) in pins where old.saved != nil {
            var pin = old
            pin.saved = nil
            put(pin, name)
        }
    }
}

/// What a store lacks of one server's pins.
struct UnsavedPins {
    var records: [ToolPin] = []
    /// How many of them the store has in another state.
    var updates = 0
}

// MARK: - One tool

/// What is known of one tool.
private struct Pin {
    /// Whether the server lists it now.
    enum Presence: Equatable {
        /// It has not been listed since the process began.
        case unknown
        /// With a definition of this digest.
        case listed([UInt8])
        /// A whole list lacked it, the first time then.
        case gone(WallTime)
    }

    /// What it is held to.
    var definition: PinnedDefinition
    var acceptedBy: ByteString?
    var accepted: WallTime?
    var presence: Presence
    /// What it is now, when that is something else and not too large to keep.
    var waiting: PinnedDefinition?
    /// What a store has of it.
    var saved: SavedPin?

    var isGone: Bool {
        if case .gone = presence { true } else { false }
    }

    var standing: PinStanding {
        if case .listed(let present) = presence, present != definition.digest {
            return .changed
        }
        return acceptedBy == nil ? .new : .pinned
    }

    /// How it stands for a store, which has no change without its text.
    private var storedStanding: PinStanding {
        if standing == .changed, waiting != nil {
            return .changed
        }
        return acceptedBy == nil ? .new : .pinned
    }

    /// Whether a store has something to keep; what was not listed since the process began is there as it was.
    var isUnsaved: Bool {
        presence != .unknown
            && saved != SavedPin(storedStanding, definition.digest, waiting?.digest, acceptedBy, goneAt)
    }

    private var goneAt: WallTime? {
        if case .gone(let time) = presence { time } else { nil }
    }

    func record(of name: ByteString, at server: EntityID) -> ToolPin {
        ToolPin(
            server: server,
            tool: name,
            standing: storedStanding,
            definition: definition,
            pending: waiting,
            acceptedBy: acceptedBy,
            accepted: accepted,
            gone: goneAt
        )
    }

    /// The definition it is held to, with its standing.
    ///
    /// A canonical form that is none, which no store of ours gives, leaves the name alone.
    func judged(as name: ByteString) -> ToolDefinition? {
        if let read = Self.read(definition.canonical, standing: standing.judged), read.name == name {
            return read
        }
        return Self.read(PinnedDefinition.nameAlone(name), standing: .changed)
    }

    private static func read(_ text: [UInt8], standing: ToolDefinition.Standing) -> ToolDefinition? {
        do throws(JSONError) {
            return ToolDefinition(try JSONDocument(text).root, standing: standing)
        } catch {
            return nil
        }
    }
}

/// What a store has of a pin, without its texts.
private struct SavedPin: Equatable {
    let standing: PinStanding
    let digest: [UInt8]
    let pending: [UInt8]?
    let acceptedBy: ByteString?
    let gone: WallTime?
    /// Whether a text holds a credential, because an older version kept it or it was none then: to be kept anew.
    var isClear = false

    init(
        _ standing: PinStanding,
        _ digest: [UInt8],
        _ pending: [UInt8]?,
        _ acceptedBy: ByteString?,
        _ gone: WallTime?
    ) {
        self.standing = standing
        self.digest = digest
        self.pending = pending
        self.acceptedBy = acceptedBy
        self.gone = gone
    }

    init(_ record: ToolPin) {
        self.init(
            record.standing,
            record.definition.digest,
            record.pending?.digest,
            record.acceptedBy,
            record.gone
        )
    }
}

extension PinnedDefinition {
    /// A definition's canonical form; `nil` when it is too large to keep.
    fileprivate init?(of tool: ToolDefinition, seen: WallTime) {
        let canonical = JSONCanonical.exact(tool.definition)
        guard canonical.count <= ToolPins.maximumDefinitionBytes else {
            return nil
        }
        self.init(digest: tool.digest, canonical: canonical, seen: seen)
    }

    /// The same definition with no credential in its text; the digest stays that of the real bytes.
    ///
    /// Never longer than it was. A text that is no JSON any more, because a number was a credential, is the name alone.
    fileprivate func masked(_ mask: CredentialMask, _ name: ByteString) -> PinnedDefinition {
        // Three bytes, less than any credential that is looked for: what a store keeps is bounded.
        let text = mask.masking(canonical, with: "***")
        guard text != canonical else {
            return self
        }
        do throws(JSONError) {
            _ = try JSONDocument(text)
            return PinnedDefinition(digest: digest, canonical: text, seen: seen)
        } catch {
            return PinnedDefinition(digest: digest, canonical: Self.nameAlone(name), seen: seen)
        }
    }

    fileprivate static func nameAlone(_ name: ByteString) -> [UInt8] {
        var writer = JSONWriter(reserving: name.count + 16)
        writer.beginObject()
        writer.key("name")
        writer.string(name.bytes)
        writer.endObject()
        return writer.output
    }
}

extension PinStanding {
    /// In the words of policy.
    fileprivate var judged: ToolDefinition.Standing {
        switch self {
        case .pinned: .pinned
        case .changed: .changed
        case .new: .new
        }
    }
}

extension ToolDefinition {
    /// The same definition as it stands now.
    func withStanding(_ standing: Standing) -> ToolDefinition {
        guard standing != self.standing else {
            return self
        }
        var other = self
        other.standing = standing
        return other
    }

    /// The same definition with bytes of its own.
    ///
    /// Kept as it came, each would hold on to the whole page it came on, and a server can make every page large. Its own
    /// spelling is kept unless that is far longer than the canonical one: equal spellings are compared without a digest.
    /// `size` is the canonical form's, about: what a store gave back of it may have been masked.
    fileprivate func detached(as standing: Standing, size: Int) -> ToolDefinition {
        let raw = definition.rawBytes
        do throws(JSONError) {
            let own = try JSONDocument(raw.count > 2 * size + 256 ? JSONCanonical.exact(definition) : Array(raw)).root
            return ToolDefinition(own, toolClass: toolClass, severity: severity, standing: standing)
                ?? withStanding(standing)
        } catch {
            return withStanding(standing)
        }
    }
}
