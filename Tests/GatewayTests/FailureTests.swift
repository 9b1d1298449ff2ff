import Base
import Glibc
import MCPModel
import TestSupport
import Testing

@testable import Gateway

@Suite("Failures")
struct FailureTests {
    @Test("every kind has a status and a code that is the specification's or ours")
    func codesAreInRange() {
        let specified: Set<Int> = [-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, -32002]
        for kind in Failure.Kind.allCases {
            for isModern in [true, false] {
                let answer = kind.answer(isModern: isModern)
                #expect((200...503).contains(answer.status), "\(kind)")
                #expect(specified.contains(answer.code) || answer.code > 0, "\(kind)")
            }
        }
    }

    @Test("a modern client is never shown a code it must not be sent")
    func modernCodes() {
        for kind in Failure.Kind.allCases {
            #expect(kind.answer(isModern: true).code != -32002, "\(kind)")
        }
    }

    @Test("what the model calls a kind is translated there and back")
    func modelled() {
        for model in MCPFailureKind.allCases where model != .overloaded {
            let kind = Failure.Kind(model)
            for era in Era.allCases {
                let answer = kind.answer(isModern: era == .modern)
                #expect(answer.status == model.status(in: era, answersRequest: true), "\(model)")
                #expect(answer.code == model.code(in: era), "\(model)")
            }
        }
    }

    @Test("a body is one JSON-RPC error with the request's own id")
    func body() {
        let failure = Failure(.toolNotFound, "unknown tool: \"x\"")
        let id = RequestID(text: "a")
        #expect(
            String(decoding: failure.body(id: id, isModern: true), as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":"a","error":{"code":-32602,"message":"unknown tool: \"x\""}}"#
        )
        #expect(
            String(decoding: Failure(.draining).body(id: nil, isModern: true), as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":5030,"message":"the gateway is shutting down"}}"#
        )
    }

    @Test("a legacy client gets a 200 for everything that answers a well-formed request in its session")
    func legacyStatuses() {
        let wellFormed: [Failure.Kind] = [
            .methodNotFound, .invalidParameters, .toolNotFound, .resourceNotFound, .promptNotFound, .handleNotFound,
            .tooManyInFlight, .eraNotServed, .upstreamUnavailable, .upstreamTimedOut, .upstreamMisbehaved,
            .logUnavailable, .internalFault,
        ]
        for kind in wellFormed {
            #expect(kind.answer(isModern: false).status == 200, "\(kind)")
        }
    }

    @Test("sentences are lower case, without a full stop")
    func sentences() {
        for kind in Failure.Kind.allCases {
            let first = kind.sentence.utf8.first ?? 0
            #expect(
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) || kind.sentence.hasPrefix("JSON"),
                "\(kind)"
            )
            #expect(!kind.sentence.hasSuffix("."), "\(kind)")
        }
    }

    @Test("docs/errors.md lists every kind as the table has it")
    func document() throws {
        let path = "\(Corpora.repository)/docs/errors.md"
        let expected = Self.render()
        if getenv("TOOLGATE_RECORD") != nil {
            let file = try #require(fopen(path, "w"))
            defer { fclose(file) }
            fputs(expected, file)
            return
        }
        let bytes = try #require(Corpora.bytes(ofFile: path), "set TOOLGATE_RECORD=1 and run again to write it")
        #expect(String(decoding: bytes, as: UTF8.self) == expected, "set TOOLGATE_RECORD=1 and run again to renew it")
    }

    private static func render() -> String {
        var text = """
            # Errors the gateway answers with

            Generated from `Sources/Gateway/Failure+Answer.swift` by its test; do not edit. Policy outcomes are not errors: a denied
            call is a result with `isError` (docs/policy.md). Codes above zero are ours, the others the specification's.
            A server's error that carries one of ours reaches the client as -32603, without the server's words.
            A failed `tools/call` whose fault is the upstream's or the gateway's is a result with `isError` and the same sentence.

            | kind | whose turn | worth retrying | 2026-07-28: status, code | handshake revisions: status, code | sentence |
            |---|---|---|---|---|---|

            """
        for kind in Failure.Kind.allCases {
            let modern = kind.answer(isModern: true)
            let legacy = kind.answer(isModern: false)
            text += "| `\(kind.rawValue)` | \(kind.origin.rawValue) | \(kind.isRetryable ? "yes" : "no") "
            text += "| \(modern.status), \(modern.code) | \(legacy.status), \(legacy.code) | \(kind.sentence) |\n"
        }
        return text
    }
}
