import Base
import Synchronization
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("the decision log's writer", .serialized)
struct DecisionLogWriterTests {
    /// A folder of this test's own, removed at the end.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/toolgate-log-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template).map { String(cString: $0) })
        }

        deinit {
            for name in ["log", "log.1", "full"] {
                unlink("\(path)/\(name)")
            }
            rmdir(path)
        }

        func lines(_ name: String) -> [String] {
            let bytes = Corpora.bytes(ofFile: "\(path)/\(name)") ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test("lines of many threads arrive whole, in each thread's order, and none is lost at the end")
    func whole() async throws {
        let folder = try Folder()
        let writer = try DecisionLogWriter(.file("\(folder.path)/log"))
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        writer.write(Array("{\"w\":\(worker),\"n\":\(number)}\n".utf8))
                    }
                }
            }
        }
        writer.close()
        let lines = folder.lines("log")
        #expect(lines.count == 2_000)
        for worker in 0..<4 {
            let mine = lines.filter { $0.hasPrefix("{\"w\":\(worker),") }
            #expect(mine == (0..<500).map { "{\"w\":\(worker),\"n\":\($0)}" })
        }
        #expect(writer.lostLines == 0)
    }

    @Test("after a rotation the lines go to a new file of the same name")
    func rotation() async throws {
        let folder = try Folder()
        let writer = try DecisionLogWriter(.file("\(folder.path)/log"))
        writer.write(Array("{\"n\":1}\n".utf8))
        while folder.lines("log").isEmpty {
            await Task.yield()
        }
        rename("\(folder.path)/log", "\(folder.path)/log.1")
        writer.reopen()
        while access("\(folder.path)/log", F_OK) != 0 {
            await Task.yield()
        }
        writer.write(Array("{\"n\":2}\n".utf8))
        writer.close()
        #expect(folder.lines("log.1") == ["{\"n\":1}"])
        #expect(folder.lines("log") == ["{\"n\":2}"])
    }

    @Test("H6: a log that cannot be written stops admission, says so once, and loses nothing that has room")
    func full() async throws {
        let folder = try Folder()
        // /dev/full accepts to be opened and refuses every byte: the full disk at hand.
        symlink("/dev/full", "\(folder.path)/full")
        let said = Said()
        let writer = try DecisionLogWriter(.file("\(folder.path)/full")) { said.add($0) }
        writer.write(Array("{\"n\":1}\n".utf8))
        while said.all.isEmpty {
            await Task.yield()
        }
        #expect(!writer.isAccepting)
        #expect(said.all.count == 1)
        #expect(said.all[0].contains("calls are refused until it can"))
        // The disk has room again: the same name is now a file that can be written.
        unlink("\(folder.path)/full")
        writer.reopen()
        while !writer.isAccepting {
            await Task.yield()
        }
        writer.write(Array("{\"n\":2}\n".utf8))
        writer.close()
        #expect(folder.lines("full") == ["{\"n\":1}", "{\"n\":2}"])
        #expect(said.all.last == "the decision log is written again")
    }

    @Test("lines that find no room are counted, and the count is recorded")
    func lost() async throws {
        let folder = try Folder()
        symlink("/dev/full", "\(folder.path)/full")
        let writer = try DecisionLogWriter(.file("\(folder.path)/full"))
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: (1 << 20) - 1) + [UInt8(ascii: "\n")]
        for _ in 0..<12 {
            writer.write(line)
        }
        #expect(!writer.isAccepting)
        #expect(writer.lostLines == 4)
        unlink("\(folder.path)/full")
        writer.reopen()
        while !writer.isAccepting {
            await Task.yield()
        }
        writer.close()
        let lines = folder.lines("full")
        let notes = lines.compactMap { $0.split(separator: "\"lost_records\":").last.map { $0.dropLast() } }.compactMap
        { Int($0) }
        #expect(notes.reduce(0, +) == 4)
        #expect(lines.count == 8 + notes.count)
    }

    @Test("a path that cannot be written is found at the start, with the system's words")
    func unwritable() {
        #expect(throws: CommandFailure.self) {
            _ = try DecisionLogWriter(.file("/nowhere/at/all/log"))
        }
    }
}

private final class Said: Sendable {
    private let lines = Guarded<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}
