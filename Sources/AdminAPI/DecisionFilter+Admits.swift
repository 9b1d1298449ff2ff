internal import Base
internal import JSONText

extension DecisionFilter {
    /// Whether a decision is wanted; what a filter does not ask is not looked at.
    func admits(_ decision: Decision) -> Bool {
        guard self != DecisionFilter() else {
            return true
        }
        if let text, !decision.json.contains(text.bytes) {
            return false
        }
        if let since, decision.place.time < since {
            return false
        }
        if let until, decision.place.time >= until {
            return false
        }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(decision.json).root
        } catch {
            return false
        }
        func word(_ key: StaticString) -> ByteString? { root[key]?.string.map { ByteString($0.bytes) } }
        if let grant, word("grant") != grant, word("grant_id") != grant {
            return false
        }
        if let outcome, word("outcome") != outcome, root["end"]?["result"]?.string?.text != outcome.text {
            return false
        }
        return (server == nil || word("server") == server) && (tool == nil || word("tool") == tool)
            && (rule == nil || word("rule") == rule)
    }
}
