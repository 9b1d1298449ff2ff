import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing

/// Policies and calls at random, from one small vocabulary so that rules and calls meet.
private struct Drawn {
    var random: SeededRandom

    private static let keys = ["a", "b", "A", "c"]
    private static let values = [
        "1", "5", "1e0", "0.1000000000000000055", #""x""#, #""X""#, #""prod""#, "true", "null", "[1,\"x\"]",
        #"{"b":1}"#,
    ]

    mutating func below(_ count: Int) -> Int {
        Int.random(in: 0..<count, using: &random)
    }

    mutating func one(of texts: [String]) -> String {
        texts[below(texts.count)]
    }

    mutating func condition() -> String {
        let path = one(of: ["args.a", "args.b", "args.c.b", "args.a[*]", "args.**", "tool.name"])
        let missing = below(4) == 0 ? #","if_missing":"match""# : ""
        switch below(5) {
        case 0:
            return PolicyEngineTests.condition(
                one(of: ["eq", "neq"]),
                one(of: Self.values.filter { !$0.hasPrefix("0.") }),
                path: path,
                more: missing
            )
        case 1:
            return PolicyEngineTests.condition(one(of: ["lt", "gte"]), one(of: ["1", "3"]), path: path, more: missing)
        case 2:
            return PolicyEngineTests.condition(
                one(of: ["contains", "starts_with"]),
                #""x""#,
                path: path,
                more: missing
            )
        case 3: return PolicyEngineTests.condition("regex", #""^p.*d$""#, path: path, more: missing)
        default: return PolicyEngineTests.condition("exists", one(of: ["true", "false"]), path: path)
        }
    }

    mutating func block() -> String {
        let conditions = (0..<(1 + below(2))).map { _ in condition() }
        let mode = below(6) == 0 ? #","shadow":true"# : ""
        return #"{"conditions":[\#(conditions.joined(separator: ","))]\#(mode)}"#
    }

    mutating func blocks(_ most: Int) -> [String] {
        (0..<below(most + 1)).map { _ in block() }
    }

    mutating func call() -> String {
        let members = Self.keys.filter { _ in below(2) == 0 }.map { #""\#($0)":\#(one(of: Self.values))"# }
        return #"{"tool":"\#(one(of: ["x", "xy", "z"]))","arguments":{\#(members.joined(separator: ","))}}"#
    }
}

/// What of a policy's blocks stands where.
private struct Rules {
    var all: [String]
    var exact: [String]
    var required: [String]
    var byDefault: String

    func policy() -> String {
        func list(_ blocks: [String]) -> String { "[\(blocks.joined(separator: ","))]" }
        return """
            {"version":"1","default":"\(byDefault)","all_tools":{"deny_if":\(list(all))},\
            "tools":{"x":{"deny_if":\(list(exact)),"require":\(list(required))},"xy*":{}}}
            """
    }
}

@Suite("Properties of decisions")
struct PropertyTests {
    private func answers(_ policy: String, _ calls: [String]) throws -> [Answer]? {
        guard CompiledPolicy.load(Array(policy.utf8)).policy != nil else {
            return nil
        }
        var judge = try Judge(policy)
        return try calls.map { try judge.line($0) }
    }

    /// 120 policies and what they say of 25 calls each, before and after a change.
    private func compare(
        _ seed: UInt64,
        _ change: (inout Rules, inout Drawn) -> Void,
        _ check: (_ before: Answer, _ after: Answer, _ call: String, _ policy: String) -> Void
    ) throws {
        var drawn = Drawn(random: SeededRandom(state: seed))
        var compared = 0
        for _ in 0..<120 {
            var rules = Rules(
                all: drawn.blocks(2),
                exact: drawn.blocks(3),
                required: drawn.blocks(2),
                byDefault: drawn.one(of: ["allow", "deny"])
            )
            let calls = (0..<25).map { _ in drawn.call() }
            let before = try answers(rules.policy(), calls)
            change(&rules, &drawn)
            guard let before, let after = try answers(rules.policy(), calls) else {
                continue
            }
            compared += 1
            for (index, call) in calls.enumerated() {
                check(before[index], after[index], call, rules.policy())
            }
        }
        #expect(compared > 50, "too few of the drawn policies load")
    }

    @Test("a rule more never turns a refusal into an allow, wherever it is put", arguments: 0..<4)
    func adding(place: Int) throws {
        try compare(UInt64(place) + 11) { rules, drawn in
            let block = drawn.block()
            switch place {
            case 0: rules.all.insert(block, at: 0)
            case 1: rules.all.append(block)
            case 2: rules.exact.insert(block, at: drawn.below(rules.exact.count + 1))
            default: rules.required.append(block)
            }
        } _: { before, after, call, policy in
            #expect(before.outcome == "allow" || after.outcome != "allow", "\(call) under \(policy)")
        }
    }

    @Test("the order of rules decides which one is named, never what comes of the call")
    func order() throws {
        try compare(21) { rules, drawn in
            rules.all.shuffle(using: &drawn.random)
            rules.exact.shuffle(using: &drawn.random)
            rules.required.shuffle(using: &drawn.random)
        } _: { before, after, call, policy in
            #expect(before.outcome == after.outcome, "\(call) under \(policy)")
        }
    }

    @Test("a rule in shadow changes no outcome")
    func shadow() throws {
        try compare(31) { rules, drawn in
            let conditions = (0..<2).map { _ in drawn.condition() }.joined(separator: ",")
            rules.exact.append(#"{"conditions":[\#(conditions)],"shadow":true}"#)
        } _: { before, after, call, policy in
            #expect(before.outcome == after.outcome && before.rule == after.rule, "\(call) under \(policy)")
        }
    }

    @Test("the canonical form is its own canonical form and decides every call the same")
    func format() throws {
        var drawn = Drawn(random: SeededRandom(state: 41))
        for _ in 0..<120 {
            let rules = Rules(
                all: drawn.blocks(2),
                exact: drawn.blocks(3),
                required: drawn.blocks(2),
                byDefault: "deny"
            )
            let calls = (0..<25).map { _ in drawn.call() }
            var findings = FindingList()
            guard let document = PolicyDocument.read(Array(rules.policy().utf8), &findings), !findings.hasErrors else {
                continue
            }
            let once = PolicyFormat.canonical(document)
            let again = try #require(PolicyDocument.read(once, &findings))
            #expect(PolicyFormat.canonical(again) == once)
            guard let before = try answers(rules.policy(), calls) else {
                continue
            }
            #expect(try answers(String(decoding: once, as: UTF8.self), calls) == before, "\(rules.policy())")
        }
    }
}
