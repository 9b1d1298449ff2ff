import Base
import Patterns
import Settings
import YAMLText

/// Reads `source`.
enum SourceReader {
    private static let known: [StaticString] = [
        "base", "auth", "headers", "timeout", "response", "throttle", "retry", "errors", "redact", "words",
    ]

    static func read(_ node: YAMLNode, _ context: inout ReadingContext) -> ConnectorSource? {
        guard let fields = Fields(node, what: "`source`", known: known, problems: &context.problems) else {
            return nil
        }
        let base = base(fields, &context)
        return ConnectorSource(
            base: base,
            authentication: authentication(fields, &context),
            headers: headers(fields, &context),
            timeout: duration(fields, "timeout", else: .seconds(15), &context),
            maximumResponseBytes: number(fields, "response", else: 8 << 20, 1...(64 << 20), &context),
            pace: pace(fields, &context),
            retry: retry(fields, &context),
            errors: ErrorRulesReader.read(fields, &context),
            redaction: redaction(fields, &context),
            words: words(fields, &context)
        )
    }

    // MARK: - Base and credentials

    /// `https://{subdomain}.example.com/path`: settings in braces, nothing else.
    private static func base(_ fields: Fields, _ context: inout ReadingContext) -> [BasePiece] {
        guard let text = fields.requiredText("base", remedy: "write the API's https URL", problems: &context.problems),
            let position = fields["base"]?.value.position
        else {
            return []
        }
        guard text.hasPrefix("https://") else {
            context.add(.badValue, at: position, "`base` must be an https URL")
            return []
        }
        guard !text.contains(where: { [UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }) else {
            context.add(
                .badValue,
                at: position,
                "`base` has a user, a query or a fragment",
                remedy: "the secret goes where `auth` says, parameters into each request's `query`"
            )
            return []
        }
        var pieces: [BasePiece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else {
                context.add(.badValue, at: position, "`base` has a brace that does not close")
                return []
            }
            let name = ByteString(rest[(open + 1)..<close])
            context.use(setting: name, at: position)
            pieces.append(.literal(ByteString(rest[..<open])))
            pieces.append(.setting(name))
            rest = rest[(close + 1)...]
        }
        pieces.append(.literal(ByteString(rest)))
        return pieces
    }

    private static func authentication(_ fields: Fields, _ context: inout ReadingContext) -> ConnectorAuthentication {
        guard
            let node = fields.required(
                "auth",
                remedy: "`bearer`, `path` or `{header: NAME}`",
                problems: &context.problems
            )
        else {
            return .bearer
        }
        if node.scalar?.isEqual(to: "bearer") == true {
            return .bearer
        }
        if node.scalar?.isEqual(to: "path") == true {
            return .path
        }
        if node.entries != nil,
            let own = Fields(node, what: "`auth`", known: ["header"], problems: &context.problems),
            let name = own.text("header", problems: &context.problems)
        {
            if !HeaderName.isAllowed(name) {
                context.add(.badValue, at: node.position, "`\(name.shown)` is no header a credential goes into")
            }
            return .header(ByteString(name))
        }
        context.add(.badValue, at: node.position, "`auth` is `bearer`, `path` or `{header: NAME}`")
        return .bearer
    }

    private static func headers(_ fields: Fields, _ context: inout ReadingContext) -> [ConnectorMember] {
        (fields["headers"]?.value.entries ?? []).compactMap { entry in
            guard HeaderName.isAllowed(entry.key), let value = entry.value.scalar,
                value.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                context.add(
                    .badValue,
                    at: entry.keyPosition,
                    "`\(entry.key.shown)` is no header to set here",
                    remedy: "constant text; credentials go through `auth`, framing is the gateway's"
                )
                return nil
            }
            return ConnectorMember(ByteString(entry.key), .text(ByteString(value)))
        }
    }

    // MARK: - Pace and retry

    private static func pace(_ fields: Fields, _ context: inout ReadingContext) -> ConnectorPace {
        guard let node = fields["throttle"]?.value,
            let own = Fields(
                node,
                what: "`throttle`",
                known: ["requests", "per", "capacity", "drain"],
                problems: &context.problems
            )
        else {
            return .free
        }
        if own["requests"] != nil {
            let maximum = number(own, "requests", else: 1, 1...10_000, &context)
            return .window(maximum: maximum, per: duration(own, "per", else: .seconds(1), &context))
        }
        guard own["capacity"] != nil else {
            context.add(
                .missingKey,
                at: node.position,
                "`throttle` has neither `requests` nor `capacity`",
                remedy: "write `{requests: 7, per: 1s}` or `{capacity: 50, drain: 2}`"
            )
            return .free
        }
        return .leaky(
            capacity: number(own, "capacity", else: 1, 1...10_000, &context),
            drainPerSecond: number(own, "drain", else: 1, 1...10_000, &context)
        )
    }

    private static func retry(_ fields: Fields, _ context: inout ReadingContext) -> RetryRules {
        var rules = RetryRules()
        guard let node = fields["retry"]?.value,
            let own = Fields(
                node,
                what: "`retry`",
                known: ["on", "max", "first", "longest"],
                problems: &context.problems
            )
        else {
            return rules
        }
        rules.kinds = Set(
            own.list("on", problems: &context.problems).compactMap { ErrorRulesReader.kind($0, &context) }
        )
        rules.maximum = number(own, "max", else: 3, 0...10, &context)
        rules.first = duration(own, "first", else: rules.first, &context)
        rules.longest = duration(own, "longest", else: rules.longest, &context)
        return rules
    }

    // MARK: - Redaction and words

    private static func redaction(_ fields: Fields, _ context: inout ReadingContext) -> RedactionRules {
        var rules = RedactionRules()
        guard let node = fields["redact"]?.value,
            let own = Fields(
                node,
                what: "`redact`",
                known: ["fields", "parameters", "matching"],
                problems: &context.problems
            )
        else {
            return rules
        }
        if let list = own["fields"]?.value {
            rules.fields = Set(TemplateReader.words(list, of: "`fields`", &context))
        }
        if let list = own["parameters"]?.value {
            rules.parameters = TemplateReader.words(list, of: "`parameters`", &context)
        }
        for node in own.list("matching", problems: &context.problems) {
            do throws(PatternError) {
                rules.patterns.append(try Pattern(node.scalar ?? []))
            } catch {
                context.add(.badValue, at: node.position, "not a pattern: \(error)")
            }
        }
        return rules
    }

    private static func words(_ fields: Fields, _ context: inout ReadingContext) -> ConnectorWords {
        var words = ConnectorWords()
        guard let node = fields["words"]?.value,
            let own = Fields(
                node,
                what: "`words`",
                known: ["required", "unknown", "denied", "types"],
                problems: &context.problems
            )
        else {
            return words
        }
        words.required = own.text("required", problems: &context.problems).map { ByteString($0) } ?? words.required
        words.unknown = own.text("unknown", problems: &context.problems).map { ByteString($0) } ?? words.unknown
        words.denied = own.text("denied", problems: &context.problems).map { ByteString($0) } ?? words.denied
        for entry in own["types"]?.value.entries ?? [] {
            words.types[ByteString(entry.key)] = ByteString(entry.value.scalar ?? [])
        }
        return words
    }

    // MARK: - Numbers

    static func number(
        _ fields: Fields,
        _ key: StaticString,
        else fallback: Int,
        _ range: ClosedRange<Int>,
        _ context: inout ReadingContext
    ) -> Int {
        guard let node = fields[key]?.value else {
            return fallback
        }
        guard let text = node.scalar, text.count <= 12, let number = ExactDecimal(lexeme: text.span)?.int,
            range.contains(number)
        else {
            context.add(
                .badValue,
                at: node.position,
                "`\(key)` must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
            return fallback
        }
        return number
    }

    /// `250ms`, `15s` or `5m`.
    static func duration(
        _ fields: Fields,
        _ key: StaticString,
        else fallback: Duration,
        _ context: inout ReadingContext
    ) -> Duration {
        guard let node = fields[key]?.value else {
            return fallback
        }
        let text = node.scalar ?? []
        let digits = text.prefix { $0.decimalDigit != nil }
        let unit = text.dropFirst(digits.count)
        let number = digits.count <= 6 ? digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } : 0
        if number > 0 {
            if unit.isEqual(to: "ms") {
                return .milliseconds(number)
            }
            if unit.isEqual(to: "s"), number <= 3_600 {
                return .seconds(number)
            }
            if unit.isEqual(to: "m"), number <= 60 {
                return .seconds(number * 60)
            }
        }
        context.add(.badValue, at: node.position, "`\(key)` is a time such as `250ms`, `15s` or `5m`, an hour at most")
        return fallback
    }
}

/// Which headers a connector may set: tokens that frame nothing and carry no identity of the agent.
enum HeaderName {
    private static let refused: [StaticString] = [
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "cookie",
        "content-type", "content-encoding", "accept-encoding", "proxy-authorization", "keep-alive",
    ]

    static func isAllowed(_ name: [UInt8]) -> Bool {
        let lower = ErrorRules.lowered(ByteString(name)).bytes
        return !lower.isEmpty && lower.count <= 64
            && lower.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0.decimalDigit != nil
                    || $0 == UInt8(ascii: "-")
            }
            && !refused.contains { lower.isEqual(to: $0) }
    }
}
