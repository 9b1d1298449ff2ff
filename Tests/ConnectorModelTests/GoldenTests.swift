import Base
import ConnectorModel
import JSONText
import TestSupport
import Testing

/// The two shipped connectors against requests and answers transcribed from crm-servers.md, sections 2 to 4.
@Suite struct GoldenTests {
    @Test(arguments: try Golden.cases("kommo") + Golden.cases("bitrix24"))
    func `each tool asks and answers as the documents say`(golden: Golden) throws {
        var call = try golden.call()
        for (index, exchange) in golden.exchanges.enumerated() {
            guard case .send(let request) = call.next() else {
                Issue.record("\(golden): request \(index) is missing")
                return
            }
            exchange.check(request, of: golden)
            call.received(exchange.response)
        }
        guard case .finish(let result) = call.next() else {
            Issue.record("\(golden): more requests than documented")
            return
        }
        golden.check(result)
    }

    @Test(arguments: [("kommo", 23), ("bitrix24", 25)])
    func `every tool has a golden case and a class`(name: String, count: Int) throws {
        let connector = try Golden.connector(name)
        #expect(connector.tools.count == count)
        let covered = Set(try Golden.cases(name).map(\.tool))
        for tool in connector.tools {
            #expect(covered.contains(tool.name), "\(tool.name) has no golden case")
            let expected: Int? =
                switch tool.risk {
                case .read: nil
                case .write: 30
                default: 10
                }
            #expect(tool.limit?.maximum == expected, "\(tool.name)")
        }
    }

    @Test func `classes are the catalogue's`() throws {
        func names(_ connector: String, _ risk: ConnectorRisk) throws -> [String] {
            try Golden.connector(connector).tools.filter { $0.risk == risk }.map(\.name.text).sorted()
        }
        #expect(try names("kommo", .execute) == ["run_salesbot", "stop_salesbot"])
        #expect(
            try names("kommo", .write) == [
                "add_note", "create_lead", "create_task", "move_lead", "pin_note", "unpin_note", "update_lead",
            ]
        )
        #expect(try names("bitrix24", .execute).isEmpty)
        #expect(
            try names("bitrix24", .write) == [
                "addTimelineComment", "createActivity", "createDeal", "createLead", "updateActivity", "updateDeal",
                "updateLead",
            ]
        )
    }
}

/// One line of a golden file.
struct Golden: CustomTestStringConvertible, Sendable {
    let connector: String
    let line: JSONValue

    var tool: ByteString { ByteString(line["tool"]?.string?.bytes ?? []) }
    var name: String { line["case"]?.string?.text ?? "" }
    var testDescription: String { "\(connector) \(tool) \(name)" }

    static let secrets = ["kommo": "kommo-long-lived-token", "bitrix24": "1/good0code"]

    static func cases(_ name: String) throws -> [Golden] {
        let bytes = try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/Tests/standins/golden/\(name).jsonl"))
        return try bytes.split(separator: 0x0A).map { line in
            Golden(connector: name, line: try JSONDocument(Array(line)).root)
        }
    }

    private static let kommo = Result { try read("kommo") }
    private static let bitrix24 = Result { try read("bitrix24") }

    static func connector(_ name: String) throws -> Connector {
        try name == "kommo" ? kommo.get() : bitrix24.get()
    }

    private static func read(_ name: String) throws -> Connector {
        let bytes = try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/Connectors/\(name).yaml"))
        let reading = ConnectorReader.read(bytes)
        #expect(reading.problems.isEmpty, "\(reading.problems)")
        return try #require(reading.connector)
    }

    func call() throws -> ConnectorCall {
        let connector = try Self.connector(connector)
        var settings: [(name: ByteString, value: ByteString)] =
            self.connector == "kommo" ? [("subdomain", "aurora")] : [("portal", "portal.test")]
        for member in line["config"].map({ Array($0.members) }) ?? [] {
            settings.append((ByteString(member.key.bytes), ByteString(member.value.string?.bytes ?? [])))
        }
        let secret = Array(try #require(Self.secrets[self.connector]).utf8)
        let instance = try ConnectorInstance(connector, set: settings, secret: Secret(secret))
        let found = try #require(connector.tool(named: tool))
        let time = try #require(WallTime(rfc3339: Array("2026-07-15T15:00:00Z".utf8)))
        return ConnectorCall(found, of: instance, arguments: line["arguments"], time: time)
    }

    var exchanges: [GoldenExchange] { line["exchanges"]?.elements.map { GoldenExchange(line: $0) } ?? [] }

    func check(_ result: ConnectorResult) {
        let text = String(decoding: result.text, as: UTF8.self)
        if let failure = line["failure"] {
            checkFailure(result, text, failure)
        } else {
            #expect(!result.isError, "\(testDescription): \(text)")
            checkResult(result)
        }
        for part in line["contains"].map({ Array($0.elements) }) ?? [] {
            #expect(text.contains(part.string?.text ?? "?"), "\(testDescription): \(text)")
        }
        for part in (line["absent"].map { Array($0.elements) } ?? []).compactMap({ $0.string?.text })
            + [Self.secrets[connector] ?? "?", "good0code"]
        {
            #expect(!text.contains(part), "\(testDescription) shows \(part)")
        }
    }

    private func checkFailure(_ result: ConnectorResult, _ text: String, _ failure: JSONValue) {
        #expect(result.isError, "\(testDescription): \(text)")
        #expect(result.failure?.rawValue == failure["kind"]?.string?.text, "\(testDescription): \(text)")
        if let wanted = failure["text"]?.string?.text {
            #expect(text == wanted)
        }
        for part in (failure["contains"].map { Array($0.elements) } ?? []) + [failure["argument"]].compactMap({ $0 }) {
            #expect(text.contains(part.string?.text ?? "?"), "\(testDescription): \(text)")
        }
        for key: ByteString in ["status", "code", "title", "detail", "errors"] {
            if let wanted = failure.member(key.bytes) {
                let error = result.structured?["error"]
                #expect(error?[key]?.json == ConnectorValue(wanted).json, "\(testDescription) \(key)")
            }
        }
    }

    private func checkResult(_ result: ConnectorResult) {
        guard let wanted = line["result"] else {
            return
        }
        let own = (try? JSONDocument(result.text).root)
        if wanted["$answer"] != nil, let body = exchanges.first?.line["answer"]?["body"] {
            #expect(
                own?.isEqual(to: body) == true,
                "\(testDescription): \(String(decoding: result.text, as: UTF8.self))"
            )
            return
        }
        let fits =
            line["subset"] != nil
            ? own.map { Self.covers($0, wanted) } ?? false : own?.isEqual(to: wanted) == true
        #expect(fits, "\(testDescription): \(String(decoding: result.text, as: UTF8.self))")
    }

    /// Whether `value` has everything `part` has.
    static func covers(_ value: JSONValue, _ part: JSONValue) -> Bool {
        switch part.kind {
        case .object:
            part.members.allSatisfy { member in
                value.member(member.key.bytes).map { covers($0, member.value) } ?? false
            }
        case .array:
            value.count == part.count && zip(value.elements, part.elements).allSatisfy { covers($0, $1) }
        default: value.isEqual(to: part)
        }
    }
}

/// One request and its answer.
struct GoldenExchange: Sendable {
    let line: JSONValue

    var response: ConnectorResponse {
        let answer = line["answer"]
        return ConnectorResponse(
            status: answer?["status"]?.number?.int ?? 0,
            contentType: ByteString(answer?["type"]?.string?.bytes ?? []),
            body: answer?["body"].map { Array($0.rawBytes) } ?? []
        )
    }

    func check(_ request: ConnectorRequest, of golden: Golden) {
        let wanted = line["request"]
        #expect(request.method.rawValue == wanted?["method"]?.string?.text, "\(golden.testDescription)")
        #expect(request.path.text == wanted?["path"]?.string?.text, "\(golden.testDescription)")
        var query: [String: String] = [:]
        for pair in request.query.text.split(separator: "&") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            query[Self.decoded(parts[0])] = Self.decoded(parts[1])
        }
        var wantedQuery: [String: String] = [:]
        for member in wanted?["query"].map({ Array($0.members) }) ?? [] {
            wantedQuery[member.key.text] = member.value.string?.text
        }
        #expect(query == wantedQuery, "\(golden.testDescription)")
        guard let body = wanted?["body"] else {
            #expect(request.body == nil, "\(golden.testDescription): \(request.body?.text ?? "")")
            return
        }
        let own = request.body.flatMap { try? JSONDocument($0.bytes).root }
        #expect(own?.isEqual(to: body) == true, "\(golden.testDescription): \(request.body?.text ?? "none")")
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2 {
                bytes.append(contentsOf: TextCoding.bytes(hexadecimal: rest.prefix(2)) ?? [])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
