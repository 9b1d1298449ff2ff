import AuditJournal
import AuditModel
import Base
import EventLoops
import Glibc
import RateLimits
import Synchronization
import Testing

@testable import Gateway

/// A journal of one test in a folder that is removed at its end.
final class TestJournal: Sendable {
    private let path: String
    let journal: AuditJournal

    init(_ mode: JournalConfiguration.Mode = .grouped, disk: (any JournalDisk)? = nil) throws {
        var template = Array("/tmp/toolgate-gateway-audit-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        var configuration = JournalConfiguration(folder: "\(path)/audit", keyPath: "\(path)/key", mode: mode)
        if let disk {
            configuration.disk = disk
        }
        journal = try AuditJournal(configuration, time: SystemTime())
    }

    /// The rows that are in the files now, as text.
    var rows: [String] {
        get throws {
            let folder = journal.configuration.folder
            var rows: [String] = []
            for name in try JournalFiles.names(in: folder).sorted() where name.hasSuffix(".rows") {
                let bytes = try JournalFiles.read("\(folder)/\(name)")
                rows += SegmentRows(bytes).map { String(decoding: $0.bytes, as: UTF8.self) }
            }
            return rows
        }
    }

    func rows(of kind: String) throws -> [String] {
        try rows.filter { $0.contains(#""kind":"\#(kind)""#) }
    }

    deinit {
        journal.close()
        for folder in ["\(path)/audit", path] {
            for name in (try? JournalFiles.names(in: folder)) ?? [] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
    }
}

/// A disk on which nothing finds room any more once it is full.
private final class FullDisk: JournalDisk {
    private let isFull = Guarded(false)
    private let system = SystemDisk()

    func fill() {
        isFull.withLock { $0 = true }
    }

    func empty() {
        isFull.withLock { $0 = false }
    }

    func write(_ descriptor: Int32, _ bytes: Span<UInt8>) -> Int {
        isFull.withLock { $0 } ? -Int(ENOSPC) : system.write(descriptor, bytes)
    }

    func synchronise(_ descriptor: Int32) -> Int32 {
        system.synchronise(descriptor)
    }
}

@Suite("The journal of calls", .serialized)
struct AuditTests {
    private static let policy = """
        {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"c","window":"hour","max":3}]},\
        "delete_lead":{}}}
        """

    private func options(_ journal: TestJournal) -> Harness.Options {
        var options = Harness.Options()
        options.policy = Self.policy
        options.configure = { $0.journal = journal.journal }
        // As the store gives them: without an identity a grant's digest stands in, whose bytes are no text.
        options.amend = { definition in
            for index in definition.grants.indices {
                definition.grants[index].id = ByteString("grant-\(index)")
            }
        }
        return options
    }

    private func call(_ gateway: Harness, _ tool: String = "create_lead") throws -> PlainMessage {
        try gateway.client().modern("tools/call", #""name":"\#(tool)","arguments":{"name":"s3cr3t"}"#, name: tool)
    }

    @Test(
        "FA1: the intent of a call is in the file before its server sees one byte, and its outcome follows",
        arguments: [JournalConfiguration.Mode.grouped, .strict]
    )
    func intentFirst(mode: JournalConfiguration.Mode) async throws {
        let journal = try TestJournal(mode)
        let seen = Guarded<[String]>([])
        let upstream = Upstreams.modern { sent in
            if sent.method == "tools/call" {
                let intents = (try? journal.rows(of: "intent")) ?? []
                seen.withLock { $0 = intents }
            }
            return nil
        }
        let gateway = try await Harness.start(upstream, options(journal))
        #expect(try call(gateway).status == 200)
        let intent = try #require(seen.withLock { $0 }.last { $0.contains("create_lead") })
        #expect(intent.contains(#""outcome":"allow""#))
        #expect(intent.contains(#""grant":"ci""#))
        #expect(intent.contains(#""argument_keys":["name"]"#))
        #expect(intent.contains(#""counter":"c""#))
        await gateway.stop()
        let outcomes = try journal.rows(of: "outcome")
        #expect(outcomes.last?.contains(#""result":"ok""#) == true, "\(outcomes)")
        #expect(try !journal.rows.joined().contains("s3cr3t"))
    }

    @Test("FA3: a call that cannot be noted does not reach its server, keeps no limit, and the caller is told")
    func fullDisk() async throws {
        let disk = FullDisk()
        let journal = try TestJournal(disk: disk)
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream, options(journal))
        #expect(try call(gateway).text.contains("ran create_lead"))
        disk.fill()
        for _ in 0..<3 {
            let refused = try call(gateway)
            #expect(refused.text.contains(#""isError":true"#), "\(refused.text)")
            #expect(!refused.text.contains("ran create_lead"))
        }
        #expect(upstream.bodies(containing: #""tools/call""#).count == 1)
        disk.empty()
        // The journal tries again by itself.
        var answer = try call(gateway)
        for _ in 0..<100_000 where !answer.text.contains("ran create_lead") {
            answer = try call(gateway)
        }
        // Three an hour: two were spent, for what was refused was given back.
        #expect(try call(gateway).text.contains("ran create_lead"))
        #expect(try call(gateway).text.contains("rate_limited"))
        await gateway.stop()
    }

    @Test("FA1: a refused call is noted with the rule that refused it and has no outcome")
    func refused() async throws {
        let journal = try TestJournal()
        let upstream = Upstreams.modern()
        var options = options(journal)
        options.policy = Self.policy.replacing(#""delete_lead":{}"#, with: #""other":{}"#)
        let gateway = try await Harness.start(upstream, options)
        #expect(try call(gateway, "delete_lead").text.contains("[POLICY DENIED]"))
        for _ in 0..<4 {
            _ = try call(gateway)
        }
        await gateway.stop()
        let intents = try journal.rows(of: "intent")
        #expect(intents.contains { $0.contains(#""outcome":"deny""#) && $0.contains("(default deny)") }, "\(intents)")
        #expect(intents.contains { $0.contains(#""outcome":"rate_limited""#) }, "\(intents)")
        let forwarded = intents.filter { $0.contains(#""outcome":"allow""#) }.count
        #expect(try journal.rows(of: "outcome").count == forwarded)
    }

    @Test("FA5: a tool that failed and an error of the protocol are told apart")
    func results() async throws {
        let journal = try TestJournal()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            switch sent.tool {
            case "create_lead":
                return .json(sent.result(#"{"resultType":"complete","isError":true,"content":[]}"#))
            default:
                return .json(sent.error(-32000))
            }
        }
        let gateway = try await Harness.start(upstream, options(journal))
        _ = try call(gateway)
        _ = try call(gateway, "delete_lead")
        await gateway.stop()
        let outcomes = try journal.rows(of: "outcome")
        #expect(outcomes.contains { $0.contains(#""result":"tool_error""#) }, "\(outcomes)")
        #expect(outcomes.contains { $0.contains(#""result":"rpc_error""#) }, "\(outcomes)")
    }

    @Test("R7: charges of a process that died are counted by the next one, keyed values as their digests")
    func replayed() throws {
        let digester = ArgumentDigester(key: [UInt8](repeating: 7, count: 32))
        let digest = ByteString(digester.counterValue(Array(#""a""#.utf8)))
        let charge = AuditCharge(
            counter: AuditCounter(
                name: "c",
                window: .sliding(nanoseconds: 3_600_000_000_000),
                scope: "grant",
                keyPath: "args.k"
            ),
            holderKind: "grant",
            holder: "g",
            value: digest,
            amount: ExactDecimal(1)
        )
        let read = try #require(Charge(charge))
        #expect(read.keyValue == .digest(digest))
        #expect(read.identity.keyPath == "args.k")
        #expect(read.scopeKey.kind == .grant)
        let unknown = AuditCharge(
            counter: AuditCounter(name: "c", window: .calendar("fortnight"), scope: "grant"),
            holderKind: "grant",
            holder: "g",
            amount: ExactDecimal(1)
        )
        #expect(Charge(unknown) == nil)
    }
}
