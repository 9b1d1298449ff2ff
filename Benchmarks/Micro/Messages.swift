// What reading and writing the messages of one call costs: `Micro messages`, for counting instructions with callgrind.
//
// Every case is a function of its own that runs `rounds` times; its inclusive count divided by `rounds` is the figure:
//
//     TOOLGATE_BENCH=1 swift build -c release --product Micro -Xswiftc -cross-module-optimization
//     cp .build/release/Micro micro && strip --strip-debug micro
//     valgrind --tool=callgrind --callgrind-out-file=counts ./micro messages
//     callgrind_annotate --inclusive=yes --threshold=100 counts | grep 8MessagesO
//
// Counted on 2026-11-21, before and after keys were told apart by one hash and constant parts written as one run:
// tape 9,408 and 4,767; ClientPost 28,125 and 20,071; a server's reply 9,073 and 5,605; upstream request 8,103 and 3,962;
// downstream reply 4,584 and 2,513; request head read 9,398 and 9,261, built and written 8,087 and 4,671; response head
// read 9,045 and 6,289, written 3,030 and 1,795.

import Base
import HTTPWire
import JSONText
import MCPModel

enum Messages {
    static let rounds = 1_000

    static let body = Array(
        """
        {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"},"_meta":{\
        "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench",\
        "version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}
        """.utf8
    )
    static let reply = Array(
        #"{"jsonrpc":"2.0","id":17,"result":{"resultType":"complete","content":[{"type":"text","text":"hi"}]}}"#.utf8
    )
    static let requestHead = Array(
        """
        POST /mcp/stub HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n\
        Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n\
        Mcp-Name: echo\r\nAuthorization: Bearer tg_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG012345\r\n\
        Content-Length: \(body.count)\r\n\r\n
        """.utf8
    )
    static let responseHead = Array(
        """
        HTTP/1.1 200 OK\r\nServer: openresty/1.21\r\nDate: Sat, 21 Nov 2026 15:06:01 GMT\r\n\
        Content-Type: application/json\r\nContent-Length: \(reply.count)\r\nConnection: keep-alive\r\n\r\n
        """.utf8
    )

    static func run() throws {
        let headers = MCPHeaders(
            protocolVersion: Array("2026-07-28".utf8)[...],
            method: Array("tools/call".utf8)[...],
            name: Array("echo".utf8)[...]
        )
        try caseReadTape()
        let post = try caseClientPost(headers)
        let answer = try caseServerMessage()
        let identity = GatewayIdentity(version: "1.0.0")
        guard case .request(let request) = post.message, case .response(let response) = answer,
            case .result(let result) = response.outcome
        else {
            throw Micro.Failure.unexpected
        }
        caseUpstreamWriter(UpstreamWriter(identity: identity), request)
        caseDownstreamWriter(DownstreamWriter(revision: .july2026, identity: identity), result, request.id)
        try caseRequestHead()
        try caseResponseHead()
        try caseWriteRequestHead()
        try caseWriteResponseHead()
    }

    @inline(never)
    static func caseReadTape() throws {
        for _ in 0..<rounds {
            _ = try JSONDocument(body)
        }
    }

    @inline(never)
    static func caseClientPost(_ headers: MCPHeaders) throws -> ClientPost {
        for _ in 1..<rounds {
            _ = try ClientPost(body, headers: headers)
        }
        return try ClientPost(body, headers: headers)
    }

    /// As `UpstreamReading` does it.
    @inline(never)
    static func caseServerMessage() throws -> ServerMessage {
        for _ in 1..<rounds {
            _ = try ServerMessage(try JSONDocument(reply), revision: .july2026)
        }
        return try ServerMessage(try JSONDocument(reply), revision: .july2026)
    }

    @inline(never)
    static func caseUpstreamWriter(_ writer: UpstreamWriter, _ request: ClientRequest) {
        for number in 0..<rounds {
            let id = RequestID(number)
            let envelope = UpstreamEnvelope(revision: .july2026, id: id)
            _ = writer.request(request, envelope)
        }
    }

    @inline(never)
    static func caseDownstreamWriter(_ writer: DownstreamWriter, _ result: JSONValue, _ id: RequestID) {
        for _ in 0..<rounds {
            _ = writer.complete(result, of: .toolsCall, to: id)
        }
    }

    @inline(never)
    static func caseRequestHead() throws {
        var machine = HTTPRequestMachine()
        let input = requestHead + body
        for _ in 0..<rounds {
            var position = 0
            while case let event? = try machine.next(input.span, &position) {
                if case .end = event {
                    break
                }
            }
        }
    }

    @inline(never)
    static func caseResponseHead() throws {
        var machine = HTTPResponseMachine()
        let input = responseHead + reply
        for _ in 0..<rounds {
            machine.requestSent(.post)
            var position = 0
            while case let event? = try machine.next(input.span, &position) {
                if case .end = event {
                    break
                }
            }
        }
    }

    /// The constant fields are ready, as in the gateway; those of the message are added.
    @inline(never)
    static func caseWriteRequestHead() throws {
        var constant = HTTPFields()
        try constant.append(.host, Array("127.0.0.1:9000".utf8))
        constant.append(.contentType, "application/json")
        constant.append(.accept, "application/json, text/event-stream")
        constant.append(.acceptEncoding, "identity")
        try constant.append(.userAgent, Array("toolgate/1.0.0".utf8))
        let name = Array("echo".utf8)
        let target = Array("/mcp".utf8)
        for _ in 0..<rounds {
            var fields = constant
            fields.append(.mcpProtocolVersion, "2026-07-28")
            fields.append(.mcpMethod, "tools/call")
            try fields.append(.mcpName, name)
            var output: [UInt8] = []
            output.reserveCapacity(1_024)
            try HTTPSerializer.append(
                requestHead: .post,
                target: target,
                fields: fields,
                framing: .length(330),
                to: &output
            )
        }
    }

    @inline(never)
    static func caseWriteResponseHead() throws {
        var constant = HTTPFields()
        constant.append(.contentType, "application/json")
        constant.append(.cacheControl, "no-store")
        constant.append(.xContentTypeOptions, "nosniff")
        for _ in 0..<rounds {
            var output: [UInt8] = []
            output.reserveCapacity(1_024)
            try HTTPSerializer.append(responseHead: 200, fields: constant, framing: .length(200), to: &output)
        }
    }
}
