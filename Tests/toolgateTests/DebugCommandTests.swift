import JSONText
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("debug commands")
struct DebugCommandTests {
    private func run(_ words: [String], _ bytes: [UInt8]) throws -> (status: CommandStatus, root: JSONValue) {
        var template = Array("/tmp/toolgate-debug-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        #expect(FileAccess.writeAll(bytes[...], to: descriptor) == nil)
        let console = RecordingConsole()
        let status = CommandTable.run(["debug"] + words + [path], console: console.console)
        return (status, try JSONDocument(Array(console.output.utf8)).root)
    }

    @Test("JSON is shown in its exact form, or refused with place and reason")
    func json() throws {
        let good = try run(["json"], Array(#"{"b": 1.10, "a": "\u0041"}"#.utf8))
        #expect(good.status == .done)
        #expect(good.root["value"]?["a"]?.string?.text == "A")
        let bad = try run(["json"], Array("{\"a\":1,\n\"a\":2}".utf8))
        #expect(bad.status == .refused)
        #expect(bad.root["accepted"]?.boolean == false)
        #expect(bad.root["line"]?.number?.int == 2)
        #expect(bad.root["reason"]?.string?.text == "a key that the object already has")
    }

    @Test("requests are shown one after the other, refusals with the status they would get")
    func http() throws {
        let two = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /c HTTP/1.1\r\nHost: x\r\n\r\n"
        let good = try run(["http"], Array(two.utf8))
        #expect(good.status == .done)
        #expect(good.root["requests"]?.count == 2)
        #expect(good.root["requests"]?.element(at: 0)?["body"]?.string?.text == "hi")
        #expect(good.root["requests"]?.element(at: 0)?["query"]?.string?.text == "b")
        let smuggled = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi"
        let bad = try run(["http"], Array(smuggled.utf8))
        #expect(bad.status == .refused)
        #expect(bad.root["status"]?.number?.int == 400)
        let response = try run(["http", "--response"], Array("HTTP/1.1 200 OK\r\n\r\n\u{00FF}".utf8))
        #expect(response.root["responses"]?.element(at: 0)?["framing"]?.string?.text == "until_close")
    }

    @Test("event streams are shown event by event")
    func sse() throws {
        let result = try run(["sse"], Array("id: 7\ndata: a\r\ndata: b\n\ndata: lost".utf8))
        #expect(result.status == .done)
        #expect(result.root["events"]?.count == 1)
        #expect(result.root["events"]?.element(at: 0)?["data"]?.string?.text == "a\nb")
        #expect(result.root["last_event_id"]?.string?.text == "7")
        #expect(result.root["unfinished"]?.boolean == true)
    }

    @Test("a file that is not there exits 3")
    func missing() {
        let console = RecordingConsole()
        #expect(CommandTable.run(["debug", "json", "/nowhere"], console: console.console) == .environment)
        #expect(console.error.contains("cannot use `/nowhere`: no such file or directory"))
    }
}
