import Base

/// What the agent is told when the policy's author wrote nothing: what to do next, never the value compared with.
enum Sentences {
    static let defaultDeny =
        "This tool is not allowed here. Use another tool, or ask whoever runs the gateway to allow it."
    static let unclassified =
        "Nobody has classified this tool yet. Ask whoever runs the gateway to review and accept it."
    static let changed =
        "This tool's definition has changed since it was accepted. Ask whoever runs the gateway to review it."
    static let new =
        "This tool is new and nobody has accepted it yet. Ask whoever runs the gateway to review it."
    static let approval =
        "A person has to approve this call first. Wait for the approval, then make exactly the same call again."
    static let malformed = "The request cannot be read. Send one well-formed request."

    static func unknownTool(_ name: ByteString) -> String { "Unknown tool: \(name.text)" }

    static func undeclared(_ key: [UInt8]) -> String {
        "The argument \(quoted(key)) is not one this tool declares. Leave it out."
    }

    static func schema(path: String, keyword: String) -> String {
        let place = path.isEmpty ? "The arguments do" : "The argument at \(quoted(Array(path.utf8))) does"
        return "\(place) not satisfy \"\(keyword)\" of the tool's input schema. Send arguments that match the schema."
    }

    static let unusableSchema =
        "This tool's input schema cannot be checked, so no call of it is allowed. Ask whoever runs the gateway."

    // MARK: Conditions

    static func require(_ block: CompiledBlock, _ judge: borrowing ConditionJudge) -> String {
        guard let (condition, ground) = judge.firstReason(of: block, .require) else {
            return defaultDeny
        }
        if let ground {
            return safeSide(condition.path.text, ground)
        }
        guard condition.root == .arguments else {
            return "The policy does not allow this call under these circumstances (\(condition.path.text)). "
                + "Ask whoever runs the gateway if you need it."
        }
        let name = quoted(condition.path.bytes)
        return "\(name) is missing or is not what the policy requires. Change it and call again."
    }

    static func denyIf(_ block: CompiledBlock, _ judge: borrowing ConditionJudge) -> String {
        guard let (condition, ground) = judge.firstReason(of: block, .other) else {
            return defaultDeny
        }
        if let ground {
            return safeSide(condition.path.text, ground)
        }
        guard condition.root == .arguments else {
            return "The policy does not allow this call under these circumstances (\(condition.path.text)). "
                + "Ask whoever runs the gateway if you need it."
        }
        let name = quoted(condition.path.bytes)
        return "The policy does not allow this call with this \(name). Change it and call again, or do without."
    }

    static func safeSide(_ path: String, _ ground: SafeSide) -> String {
        let name = quoted(Array(path.utf8))
        switch ground {
        case .wrongType:
            return "\(name) is missing or is not of a kind the policy can judge. Send it in the type the tool declares."
        case .ambiguous:
            return "\(name) can be read in more than one way. Spell its name exactly, once, and write numbers plainly."
        }
    }

    // MARK: Limits

    static func limit(_ retryAfter: Duration?) -> String {
        guard let retryAfter else {
            return "This call is over a limit of the policy. Ask for less, or ask whoever runs the gateway."
        }
        let seconds = (retryAfter.nanoseconds - 1) / 1_000_000_000 + 1
        let wait = seconds == 1 ? "1 second" : "\(seconds) seconds"
        return "A rate limit of the policy is reached. Wait \(wait), then call again."
    }

    static let concurrency = "Too many calls are under way at once. Wait until one has ended, then call again."

    /// Text of the caller's or the policy's, kept short.
    private static func quoted(_ text: [UInt8]) -> String {
        let shown = String(decoding: text.prefix(80), as: UTF8.self)
        return text.count > 80 ? "\"\(shown)…\"" : "\"\(shown)\""
    }
}
