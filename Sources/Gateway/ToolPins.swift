internal import Base
internal import PolicyEngine

/// The tools of one server as first seen, and how what it lists now compares (security.md, E2, D5, D11).
///
/// The first whole list is accepted and pinned. From then on a definition that differs by one byte of its canonical
/// form is `changed`, a name never seen before is `new`; both are for policy to judge. Pins of tools that disappear are
/// kept, so that a tool cannot shed its pin by leaving for a while.
struct ToolPins {
    // LIMIT: names remembered for one server; further ones are never listed.
    static let maximumNames = 20_000

    /// What calls are judged by: the tools as last listed, each with its pinned definition.
    private(set) var listed: [ByteString: ToolDefinition] = [:]
    private var pinned: [ByteString: ToolDefinition] = [:]
    private var isAccepted = false

    /// Takes a list in, or one page of it; answers whether `listed` changed.
    ///
    /// A name that stands twice counts as its first one. Only a whole list says which tools are gone.
    mutating func take(_ tools: [ToolDefinition], isWhole: Bool) -> Bool {
        var isChanged = false
        var seen: Set<ByteString> = []
        seen.reserveCapacity(tools.count)
        for tool in tools where seen.insert(tool.name).inserted {
            guard let judged = judge(tool) else {
                continue
            }
            if let known = listed[tool.name], known.standing == judged.standing {
                continue
            }
            listed[tool.name] = judged
            isChanged = true
        }
        if isWhole {
            let gone = listed.keys.filter { !seen.contains($0) }
            for name in gone {
                listed[name] = nil
            }
            isChanged = isChanged || !gone.isEmpty || !isAccepted
            isAccepted = true
        }
        return isChanged
    }

    /// The pinned definition of a tool with the standing its present definition gives it; `nil` beyond the bound.
    private mutating func judge(_ tool: ToolDefinition) -> ToolDefinition? {
        guard let pin = pinned[tool.name] else {
            guard pinned.count < Self.maximumNames else {
                return nil
            }
            let first = tool.withStanding(isAccepted ? .new : .pinned)
            pinned[tool.name] = first
            return first
        }
        return tool.digest == pin.digest ? pin : pin.withStanding(.changed)
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
}
