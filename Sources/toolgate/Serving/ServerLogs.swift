import Administration
import Base
import EventLoops
import JSONText
import Synchronization
import Upstreams

#if canImport(Glibc)
import Glibc
#endif

/// Keeps what servers that are processes say on their standard error, what happens to them and how they stand: a pair of
/// bounded files and a small one for each server, in the data directory, where `toolgate server logs` and `server show`
/// read them whether a gateway runs or not.
///
/// Called on the thread the processes are confined to; a write of a line to a local file is all it does there.
final class ServerLogs: Sendable {
    /// LIMIT: bytes of a file before it becomes the older one of two.
    static let maximumBytes = 1 << 20

    private struct OpenFile {
        var descriptor: Int32
        var bytes: Int
    }

    private let folder: String
    private let time = SystemTime()
    private let files = Guarded<[ByteString: OpenFile]>([:])

    init(folder: String) {
        self.folder = folder
    }

    deinit {
        let open = files.withLock { $0 }
        for file in open.values {
            close(file.descriptor)
        }
    }

    /// Where the logs of a data directory are.
    static func folder(of dataDirectory: String) -> String { "\(dataDirectory)/servers" }

    /// Takes one piece of news.
    func take(_ server: ByteString, _ news: ProcessNews) {
        switch news {
        case .said(let line): append(server, mark: "|", line)
        case .happened(let sentence): append(server, mark: "*", Array(sentence.utf8))
        case .stands(let standing): keep(server, standing)
        }
    }

    private func append(_ server: ByteString, mark: String, _ line: [UInt8]) {
        let text = Array("\(time.wallTime) \(mark) ".utf8) + line + [0x0A]
        files.withLock { files in
            guard var file = files[server] ?? open(server) else {
                return
            }
            if file.bytes + text.count > Self.maximumBytes, let next = rotate(server, file) {
                file = next
            }
            if FileAccess.writeAll(text[...], to: file.descriptor) == nil {
                file.bytes += text.count
            }
            files[server] = file
        }
    }

    /// A log that cannot be written is missing and nothing else: the server is served all the same.
    private func open(_ server: ByteString) -> OpenFile? {
        _ = unsafe mkdir(folder, 0o700)
        do throws(FileProblem) {
            let descriptor = try FileAccess.openForAppending(path(server))
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return OpenFile(descriptor: descriptor, bytes: max(0, Int(lseek(descriptor, 0, SEEK_END))))
        } catch {
            return nil
        }
    }

    private func rotate(_ server: ByteString, _ file: OpenFile) -> OpenFile? {
        close(file.descriptor)
        _ = unsafe rename(path(server), "\(path(server)).1")
        return open(server)
    }

    private func path(_ server: ByteString) -> String { "\(folder)/\(server).log" }

    // MARK: - How they stand

    private func keep(_ server: ByteString, _ standing: ProcessStanding) {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("state")
        writer.string(standing.state.rawValue)
        writer.key("since")
        writer.string(time.wallTime.description)
        writer.key("running")
        writer.number(standing.running)
        writer.key("starts")
        writer.number(standing.starts)
        writer.key("failures")
        writer.number(standing.failures)
        if let lastEnd = standing.lastEnd {
            writer.key("last_end")
            writer.string(lastEnd)
        }
        writer.key("gateway_pid")
        writer.number(Int(getpid()))
        writer.endObject()
        _ = unsafe mkdir(folder, 0o700)
        let path = "\(folder)/\(server).json"
        do throws(FileProblem) {
            try FileAccess.write(writer.output + [0x0A], to: "\(path).new", isPrivate: true)
            _ = unsafe rename("\(path).new", path)
        } catch {
            // What cannot be kept is not shown.
        }
    }

    /// How the processes of a server stand, as the last gateway that had any left it; `nil` when none did.
    static func standing(of server: ByteString, in dataDirectory: String) -> ShownRecord? {
        let root: JSONValue
        do {
            root = try JSONDocument(try FileAccess.read("\(folder(of: dataDirectory))/\(server).json")).root
        } catch {
            return nil
        }
        func text(_ key: StaticString) -> String? {
            root[key]?.string.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        guard var state = text("state"), let since = text("since") else {
            return nil
        }
        let gateway = root["gateway_pid"]?.number?.int.flatMap { pid_t(exactly: $0) } ?? 0
        if gateway <= 0 || kill(gateway, 0) != 0 {
            state = "stopped"
        }
        return ShownRecord([
            ("state", .text(state)), ("since", .text(since)),
            ("running", .number(state == "stopped" ? 0 : root["running"]?.number?.int ?? 0)),
            ("starts", .number(root["starts"]?.number?.int ?? 0)),
            ("failures", .number(root["failures"]?.number?.int ?? 0)),
            ("last_end", text("last_end").map { .text($0) } ?? .absent("none")),
        ])
    }
}
