import Base
import ConnectorModel
import Testing

/// The operators, by what they make of one answer.
@Suite struct TemplateTests {
    static func value(_ template: String, answer: String, arguments: String = "{}") throws -> String {
        let tool = """
              t:
                class: read
                input: {type: object}
                request: {get: /x}
                result: {v: \(template)}
            """
        return try ConnectorFixture.result(tool, arguments, answer: answer)
    }

    @Test(arguments: [
        (#"{$at: /a/1}"#, #"{"v":2}"#),
        (#"{$at: /none, else: 7}"#, #"{"v":7}"#),
        (#"{$at: /none}"#, "{}"),
        (#"{$coalesce: [{$at: /empty}, {$at: /null}, {$at: /t}]}"#, #"{"v":"Olá"}"#),
        (#"{$compact: {x: {$at: /none}}}"#, "{}"),
        (#"{$merge: [{a: 1, b: 2}, {b: 3}]}"#, #"{"v":{"a":1,"b":3}}"#),
        (#"{$prefixed: UF_}"#, #"{"v":{"UF_X":1}}"#),
        (#"{$sum: {$at: /rows}, of: {$at: /n}}"#, #"{"v":3.75}"#),
        (#"{$divide: [1, 0], else: 0}"#, #"{"v":0}"#),
        (#"{$divide: [1, 0]}"#, "{}"),
        (#"{$round: 2.345, digits: 2}"#, #"{"v":2.35}"#),
        (#"{$count: {$filter: {$at: /rows}, where: {$less: [1, {$at: /n}]}}}"#, #"{"v":2}"#),
        (
            #"{$group: {$at: /rows}, by: {$at: /k}, as: {k: {$at: /key}, c: {$count: {$at: /items}}}}"#,
            #"{"v":[{"k":"x","c":2},{"k":"y","c":1}]}"#
        ),
        (
            #"{$each: {$sort: {$at: /rows}, by: {$at: /n}, order: descending}, as: {$at: /n}}"#,
            #"{"v":[1.5,1.25,1]}"#
        ),
        (#"{$take: {$at: /a}, count: 2}"#, #"{"v":[1,2]}"#),
        (#"{$lookup: {$at: /rows}, key: /k, equals: y, value: /n}"#, #"{"v":1}"#),
        (#"{$concat: [a, 1, true, {$at: /none}]}"#, #"{"v":"a1true"}"#),
        (#"{$join: {$at: /a}, with: "-"}"#, #"{"v":"1-2-3"}"#),
        (#"{$format: 1234567.891, as: pt-BR, digits: 2, prefix: "R$ "}"#, #"{"v":"R$ 1.234.567,89"}"#),
        (#"{$format: -1234.5, as: en, digits: 0}"#, #"{"v":"-1,235"}"#),
        (#"{$in: [2, {$at: /a}]}"#, #"{"v":true}"#),
        (#"{$equal: [1.0, 1]}"#, #"{"v":true}"#),
        (#"{$and: [true, {$not: false}]}"#, #"{"v":true}"#),
        (#"{$choose: [{when: false, then: 1}, {when: true, then: 2}], else: 3}"#, #"{"v":2}"#),
        (#"{$integer: "12"}"#, #"{"v":12}"#),
        (#"{$now: rfc3339}"#, #"{"v":"2026-07-15T15:00:00Z"}"#),
        (#"{$today: true, zone: Asia/Tokyo, months: -1}"#, #"{"v":"2026-06-16"}"#),
        (#"{$today: true, month: 2, day: 31}"#, #"{"v":"2026-02-28"}"#),
        // Clocks in São Paulo stood three hours behind; in 2018 they went forward at midnight of 4 November.
        (#"{$midnight: "2026-07-01", zone: America/Sao_Paulo}"#, #"{"v":1782874800}"#),
        (
            #"{$rfc3339: {$midnight: "2018-11-04", zone: America/Sao_Paulo}, zone: America/Sao_Paulo}"#,
            #"{"v":"2018-11-04T01:00:00-02:00"}"#
        ),
        (#"{$mentions: "Marketing e Tráfego", words: [mar]}"#, #"{"v":false}"#),
        (#"{$mentions: "Marketing e TRAFEGO", words: [tráfego]}"#, #"{"v":true}"#),
        (#"{$mentions: "no mês passado!", words: [mes passado]}"#, #"{"v":true}"#),
        (#"{$firstWord: "Ana Maria"}"#, #"{"v":"Ana"}"#),
    ])
    func `operators are pure functions of the answer and the clock`(template: String, expected: String) throws {
        let answer = #"""
            {"a":[1,2,3],"null":null,"empty":"","t":"Olá","UF_X":1,
             "rows":[{"k":"x","n":1.5},{"k":"x","n":1.25},{"k":"y","n":1}]}
            """#
        #expect(try Self.value(template, answer: answer) == expected)
    }

    @Test(arguments: [
        ("integer", #""5 OR 1""#, "a (integer)"), ("integer", "1.5", "a (integer)"),
        ("json-object", #""{x""#, "a (json-object)"), ("json-object", #""[1]""#, "a (json-object)"),
        ("date", #""2026-02-30""#, "a (date)"), ("date", #""15/07/2026""#, "a (date)"), ("flag", "1", "a (flag)"),
    ])
    func `an argument that cannot be converted is named`(conversion: String, given: String, told: String) throws {
        let text = try ConnectorFixture.call(
            """
              t:
                class: read
                input: {type: object, properties: {a: {}}}
                request: {get: /x, query: {a: {$arg: a, as: \(conversion)}}}
            """,
            "{\"a\":\(given)}"
        )
        var call = text
        guard case .finish(let result) = call.next() else {
            Issue.record("sent")
            return
        }
        #expect(String(decoding: result.text, as: UTF8.self) == "needs \(told).")
    }

    @Test func `a report over very many rows ends instead of running on`() throws {
        let words = String(repeating: "a ", count: 4_000)
        let rows = String(repeating: "0,", count: 1_999) + "0"
        let text = try Self.value(
            #"{$count: {$filter: {$at: /rows}, where: {$mentions: {$at: /words, from: step1}, words: b}}}"#,
            answer: "{\"words\":\"\(words)\",\"rows\":[\(rows)]}"
        )
        #expect(text.contains("unreadable"))
    }
}
