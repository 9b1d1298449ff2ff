import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing

@Suite("The worked examples of the policy language")
struct WorkedExamplesTests {
    @Test("every worked example is judged as written", .needsCorpora)
    func all() throws {
        let lines = try Corpora.read("policy/worked-examples.jsonl").split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 98)
        for line in lines {
            try check(JSONDocument(Array(line), limits: JSONLimits(maximumDepth: 200)).root)
        }
    }

    private func check(_ example: JSONValue) throws {
        let id = try #require(example["id"]?.string?.text)
        let source = try example["policy_text"]?.string?.bytes ?? Array(#require(example["policy"]).rawBytes)
        let (policy, findings) = CompiledPolicy.load(source)
        if let place = example["load_error_at"] {
            #expect(policy == nil, "\(id): should not load")
            let errors = findings.filter { $0.severity == .error }
            #expect(!errors.isEmpty, "\(id)")
            if let pointer = place.string?.text {
                #expect(errors.contains { $0.pointer == pointer }, "\(id): \(errors)")
            }
            return
        }
        let loaded = try #require(policy, "\(id): \(findings)")
        let tools = try example["tools"].map { try ToolSet($0, readsMeta: true) }
        var explainer = Explainer(policy: loaded, tools: tools, runTime: WallTime(milliseconds: 0))
        for call in try #require(example["calls"]).elements {
            let line = try #require(call["line"]?.string?.bytes)
            let answer = try JSONDocument(explainer.explain(line)).root
            check(answer, against: try #require(call["expect"]), id)
        }
    }

    private func check(_ answer: JSONValue, against expected: JSONValue, _ id: String) {
        let text = String(decoding: answer.rawBytes, as: UTF8.self)
        for member in expected.members {
            let key = member.key.text
            let found = answer.member(member.key.bytes)
            if key == "retry_after_ms", member.value.kind == .array {
                let bounds = member.value.elements.compactMap { $0.number?.int }
                let wait = found?.number?.int ?? -1
                #expect(bounds.count == 2 && wait >= bounds[0] && wait <= bounds[1], "\(id) \(text)")
            } else if member.value.isNull {
                #expect(found == nil, "\(id) \(text)")
            } else {
                #expect(found?.isEqual(to: member.value) == true, "\(id) \(text)")
            }
        }
    }
}
