import Base
import EventLoops
import HTTPTransport
import JSONText
import MCPModel
import Testing

@testable import Upstreams

@Suite("asking a server for its era and its tools")
struct AskingTests {
    private static let discovered = #"{"jsonrpc":"2.0","id":$ID,"result":{"supportedVersions":["2026-07-28"]}}"#
    private static let initialized =
        #"{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}"#
    private static let missingSession =
        #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Missing session ID"}}"#

    @Test("MC-10: the modern era is found with one question, however many ask, and remembered")
    func modern() async throws {
        let (eras, questions) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in .json(Self.discovered) }
            defer { upstream.close() }
            let knowledge = UpstreamKnowledge()
            var eras: [Era] = []
            for _ in 0..<3 {
                eras.append(try await upstream.server(on: worker, shared: knowledge).era())
            }
            return (eras, upstream.requests)
        }
        #expect(eras == [.modern, .modern, .modern])
        #expect(questions.count == 1)
        #expect(questions[0].contains("Mcp-Method: server/discover\r\n"))
        #expect(questions[0].contains("MCP-Protocol-Version: 2026-07-28\r\n"))
    }

    @Test(
        "a server that is down, overloaded or wants a credential is not taken for a legacy one",
        arguments: [401, 403, 429, 503]
    )
    func unproven(status: Int) async throws {
        let (first, second, requests) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                number == 0 ? .status(status, "{}") : .json(Self.discovered)
            }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            var first: UpstreamFailure?
            do throws(UpstreamFailure) {
                _ = try await server.era()
            } catch {
                first = error
            }
            return (first, try await server.era(), upstream.requests.count)
        }
        #expect(first?.kind == .refused(status: status))
        #expect(second == .modern)
        #expect(requests == 2, "initialize must not be tried")
    }

    @Test("MC-11: a 400 without a modern error leads to initialize, whose session is ended again")
    func legacy() async throws {
        let (era, requests) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                switch number {
                case 0: .status(400, Self.missingSession)
                case 1: .session("s-1", body: Self.initialized)
                default: .raw("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")
                }
            }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            let era = try await server.era()
            #expect(try await server.speaks(.modern) == false)
            return (era, upstream.requests)
        }
        #expect(era == .legacy)
        #expect(requests.count == 3)
        #expect(requests[1].contains("\"method\":\"initialize\""))
        #expect(requests[2].hasPrefix("DELETE /mcp HTTP/1.1\r\n"))
        #expect(requests[2].contains("Mcp-Session-Id: s-1\r\n"))
    }

    @Test("a server that speaks neither era is said to be none")
    func neither() async throws {
        let kind = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in .status(404, "{}") }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            do throws(UpstreamFailure) {
                _ = try await server.era()
                return UpstreamFailure.Kind?.none
            } catch {
                return error.kind
            }
        }
        #expect(kind == .notMCP)
    }

    @Test("all pages of a modern list are read, as JSON and as events (MC-01, MC-20)")
    func modernList() async throws {
        let (names, requests) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                switch number {
                case 0:
                    .json(Self.discovered)
                case 1:
                    .json(#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"a"}],"nextCursor":"p 2"}}"#)
                default:
                    .events(
                        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"
                            + "data: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"tools\":[{\"name\":\"b\"}]}}\n\n"
                    )
                }
            }
            defer { upstream.close() }
            let listing = try await upstream.server(on: worker).listTools()
            return (listing.tools.compactMap { $0["name"]?.string?.text }, upstream.requests)
        }
        #expect(names == ["a", "b"])
        #expect(requests.count == 3)
        #expect(requests[2].contains(#""cursor":"p 2""#))
    }

    @Test("LC-01 LC-03 LC-04: a legacy list has a session of its own, begun once more when it ends under our hands")
    func legacyList() async throws {
        let (names, lines) = try await onWorker { worker in
            var sessions = 0
            let upstream = try ScriptedUpstream(on: worker) { _, request in
                if request.hasPrefix("DELETE") || request.contains("notifications/initialized") {
                    return .raw("HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n")
                }
                if request.contains("server/discover") {
                    return .status(400, Self.missingSession)
                }
                if request.contains("\"initialize\"") {
                    sessions += 1
                    return .session("s-\(sessions)", body: Self.initialized)
                }
                return request.contains("Mcp-Session-Id: s-2\r\n")
                    ? .status(404, "{}") : .json(#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"a"}]}}"#)
            }
            defer { upstream.close() }
            let listing = try await upstream.server(on: worker).listTools()
            let lines = upstream.requests.map { request in
                request.split(separator: "\r\n").filter { line in
                    line.hasPrefix("Mcp-Session-Id") || line.hasPrefix("MCP-Protocol-Version")
                }.joined(separator: " ")
            }
            return (listing.tools.compactMap { $0["name"]?.string?.text }, lines)
        }
        #expect(names == ["a"])
        #expect(lines.contains("MCP-Protocol-Version: 2025-06-18 Mcp-Session-Id: s-3"))
    }

    @Test(
        "LC-05 LC-07: requests of a legacy server on our own stream are answered: ping with nothing, others with −32601"
    )
    func answered() async throws {
        let (names, replies) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, request in
                if request.contains("server/discover") {
                    return .status(404, "{}")
                }
                if request.contains("\"initialize\"") {
                    return .session("s", body: Self.initialized)
                }
                guard request.contains("tools/list") else {
                    return .raw("HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n")
                }
                return .events(
                    "data: {\"jsonrpc\":\"2.0\",\"id\":\"p-1\",\"method\":\"ping\"}\n\n"
                        + "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"roots/list\"}\n\n"
                        + "data: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"tools\":[{\"name\":\"a\"}]}}\n\n"
                )
            }
            defer { upstream.close() }
            let listing = try await upstream.server(on: worker).listTools()
            let replies = upstream.requests.filter { $0.contains("\"p-1\"") || $0.contains("\"id\":5") }
            return (listing.tools.compactMap { $0["name"]?.string?.text }, replies)
        }
        #expect(names == ["a"])
        #expect(replies.count == 2)
        #expect(replies[0].hasSuffix(#"{"jsonrpc":"2.0","id":"p-1","result":{}}"#))
        #expect(replies[1].contains("-32601"))
        #expect(replies.allSatisfy { $0.contains("Mcp-Session-Id: s\r\n") })
    }

    @Test("a modern server that knows its own method no more is asked for its era again")
    func contradiction() async throws {
        let known = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                number == 0
                    ? .json(Self.discovered)
                    : .status(400, #"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32022,"message":"x"}}"#)
            }
            defer { upstream.close() }
            let knowledge = UpstreamKnowledge()
            let server = try upstream.server(on: worker, shared: knowledge)
            do throws(UpstreamFailure) {
                _ = try await server.listTools()
            } catch {
                #expect(error.kind == .protocolViolation(.result))
            }
            return knowledge.isKnownToSpeak(.modern)
        }
        #expect(known == nil)
    }
}
