import Base
import ConnectorModel
import JSONText
import ShippedConnectors

/// What holds for any bytes taken for a connector's file, and for any answer of the API behind a shipped connector.
enum ConnectorProperties {
    private static let secret = Array("fuzz-secret-0123456789".utf8)

    static func checkFile(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16 else {
            return
        }
        let reading = ConnectorReader.read(bytes)
        precondition((reading.connector == nil) == !reading.problems.isEmpty, "refused without a reason, or half")
        precondition(reading.problems.count <= 100)
        guard let connector = reading.connector else {
            return
        }
        for tool in connector.tools.prefix(4) {
            play(tool, of: connector, arguments: nil, answers: [bytes])
        }
    }

    /// One byte for the connector and one for the tool, one for the status, a line of arguments, and bodies a line each.
    static func checkAnswers(_ bytes: [UInt8]) {
        guard bytes.count >= 3, bytes.count <= 1 << 16 else {
            return
        }
        let name = ByteString(stringLiteral: bytes[0] & 1 == 0 ? "kommo" : "bitrix24")
        guard let connector = ShippedConnectors.connector(named: name) else {
            preconditionFailure("a shipped connector does not load")
        }
        let tool = connector.tools[Int(bytes[1]) % connector.tools.count]
        let lines = bytes[3...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        var arguments: JSONValue?
        do throws(JSONError) {
            arguments = try JSONDocument(lines.first ?? []).root
        } catch {
            arguments = nil
        }
        let status = [200, 200, 200, 204, 400, 401, 403, 404, 422, 429, 500, 503][Int(bytes[2]) % 12]
        play(tool, of: connector, arguments: arguments, answers: Array(lines.dropFirst()), status: status)
    }

    private static func play(
        _ tool: ConnectorTool,
        of connector: Connector,
        arguments: JSONValue?,
        answers: [[UInt8]],
        status: Int = 200
    ) {
        let instance: ConnectorInstance
        do throws(ConnectorSettingProblem) {
            instance = try ConnectorInstance(
                connector,
                set: [("base", "https://api.example/v1")],
                secret: Secret(connector.id == "bitrix24" ? Array("1/".utf8) + secret : secret)
            )
        } catch {
            return
        }
        let time = WallTime(milliseconds: 1_795_000_000_000)
        var call = ConnectorCall(tool, of: instance, arguments: arguments, time: time)
        var requests = 0
        // A wait is asked for once between two requests.
        for _ in 0..<1_000 {
            switch call.next() {
            case .send:
                requests += 1
                precondition(requests <= 300, "a call has no bound")
                guard requests <= answers.count || !answers.isEmpty else {
                    call.failed(.unavailable)
                    continue
                }
                let body = answers[(requests - 1) % answers.count]
                call.received(
                    ConnectorResponse(status: status, contentType: "application/json", body: body)
                )
            case .wait: continue
            case .finish(let result):
                precondition(!contains(result.text, secret), "the secret shows in a result")
                return
            }
        }
        preconditionFailure("a call does not end")
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard text.count >= part.count else {
            return false
        }
        return (0...(text.count - part.count)).contains {
            text[$0] == part[0] && text[$0..<$0 + part.count].elementsEqual(part)
        }
    }
}
