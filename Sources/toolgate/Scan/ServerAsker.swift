import Base
import ClientSettings
import EventLoops
import Gateway
import HTTPTransport
import JSONText
import StackReport
import ToolCatalogue
import Upstreams

/// Asks servers for their tools as their clients would reach them, a few at a time, each within bounds.
enum ServerAsker {
    // LIMIT: servers that are asked at once.
    private static let mostAtOnce = 4

    /// What one server may cost: a server that hangs, floods or has too much is told by name, and the scan goes on.
    static let limits: UpstreamLimits = {
        var limits = UpstreamLimits()
        limits.totalTimeout = .seconds(20)
        limits.idleTimeout = .seconds(20)
        limits.openingTimeout = .seconds(20)
        limits.maximumReplyBytes = 8 << 20
        limits.maximumEventBytes = 8 << 20
        limits.maximumStreamBytes = 16 << 20
        limits.maximumListBytes = 16 << 20
        limits.maximumTools = 5_000
        return limits
    }()

    /// One way to reach a server, and what it is called.
    struct Question: Sendable {
        let name: String
        let configuration: Result<UpstreamConfiguration, Unreachable>
    }

    /// Why a server is not asked at all: a lower-case reason.
    struct Unreachable: Error {
        let reason: String
    }

    /// Asks all; the answers in the questions' order.
    static func ask(
        _ questions: [Question],
        within deadline: Duration,
        trust: TLSTrust?,
        _ console: Console
    ) throws(CommandFailure) -> [ScanOutcome] {
        let answers = Latch<[ScanOutcome]>()
        _ = try ControlLoop.run { worker in
            let host = ProcessHost(GatewaySetup.processes(environment: console.environment) { _, _ in })
            var outcomes: [ScanOutcome] = []
            for start in stride(from: 0, to: questions.count, by: mostAtOnce) {
                let batch = questions[start..<min(start + mostAtOnce, questions.count)]
                let asked = batch.map { question in
                    let answer = Latch<ScanOutcome>()
                    begin(question, within: deadline, trust, host, answer, on: worker)
                    return answer
                }
                for answer in asked {
                    outcomes.append(await answer.value())
                }
            }
            await host.stop()
            answers.set(outcomes)
            return .success(.done)
        }
        return answers.current ?? []
    }

    private static func begin(
        _ question: Question,
        within deadline: Duration,
        _ trust: TLSTrust?,
        _ host: ProcessHost,
        _ answer: Latch<ScanOutcome>,
        on worker: isolated Worker
    ) {
        let configuration: UpstreamConfiguration
        switch question.configuration {
        case .failure(let problem):
            answer.set(.failed(problem.reason))
            return
        case .success(let found): configuration = found
        }
        worker.start { worker in
            let timer = LoopTimer(on: worker.loop) {
                answer.set(.failed("it gave no list of its tools within \(deadline.components.seconds) seconds"))
            }
            timer.set(after: deadline)
            let outcome = await list(configuration, trust, host, on: worker)
            timer.cancel()
            answer.set(outcome)
        }
    }

    private static func list(
        _ configuration: UpstreamConfiguration,
        _ trust: TLSTrust?,
        _ host: ProcessHost,
        on worker: isolated Worker
    ) async -> ScanOutcome {
        let client = HTTPClient(on: worker.loop, configuration: HTTPClientConfiguration(trust: trust))
        defer { client.close() }
        let server = UpstreamServer(
            configuration: configuration,
            client: client,
            shared: UpstreamKnowledge(),
            loop: worker.loop,
            processes: host
        )
        do throws(UpstreamFailure) {
            let listing = try await server.listTools()
            let name = configuration.name.text
            return .listed(listing.tools.compactMap { DescribedTool($0, server: name) }.map { ScannedTool($0) })
        } catch {
            return .failed(sentence(error))
        }
    }

    private static func sentence(_ failure: UpstreamFailure) -> String {
        switch failure.kind {
        case .processEnded, .processDown:
            return failure.detail.isEmpty ? "its program does not run" : "its program does not run: \(failure.detail)"
        case .tooLarge:
            let what = failure.detail.isEmpty ? "its answer is too large" : failure.detail
            return "\(what); at most \(limits.maximumTools) tools and \(limits.maximumListBytes >> 20) MiB are read"
        default: return ServerRegistration.sentence(failure)
        }
    }
}

extension ServerAsker.Question {
    /// How a client's settings say the server is reached, the client's variables filled in from ours.
    init(_ server: FoundServer, of client: Client, environment: [String: String]) {
        name = server.name.text
        do throws(ServerAsker.Unreachable) {
            let lookup = { (name: ByteString) in environment[name.text].map { ByteString($0) } }
            configuration = .success(try Self.configuration(server, client, lookup))
        } catch {
            configuration = .failure(error)
        }
    }

    private static func configuration(
        _ server: FoundServer,
        _ client: Client,
        _ lookup: (ByteString) -> ByteString?
    ) throws(ServerAsker.Unreachable) -> UpstreamConfiguration {
        func filled(_ text: ByteString) throws(ServerAsker.Unreachable) -> ByteString {
            switch ValueText(text, of: client).filled(lookup) {
            case .success(let text): return text
            case .failure(let missing):
                throw ServerAsker.Unreachable(reason: "its settings want `\(missing.name)`, which is not set here")
            }
        }
        func value(_ field: FoundField) throws(ServerAsker.Unreachable) -> Secret<[UInt8]> {
            let text = field.value.reveal()
            guard field.isReference else {
                return Secret(try filled(text).bytes)
            }
            guard let value = lookup(text) else {
                throw ServerAsker.Unreachable(reason: "its settings want the variable `\(text)`, which is not set here")
            }
            return Secret(value.bytes)
        }
        switch server.way {
        case .unusable(let reason): throw ServerAsker.Unreachable(reason: reason)
        case .process(let command, let arguments, let fields, let directory):
            var words: [ByteString] = []
            for word in [command] + arguments {
                words.append(try filled(word))
            }
            var variables: [ProcessVariable] = []
            for field in fields {
                variables.append(ProcessVariable(name: field.name, value: try value(field), isSecret: true))
            }
            return UpstreamConfiguration(
                name: server.name,
                process: ProcessCommand(
                    program: words[0],
                    arguments: Array(words.dropFirst()),
                    environment: variables,
                    directory: try directory.map { text throws(ServerAsker.Unreachable) in try filled(text) }
                ),
                limits: ServerAsker.limits
            )
        case .remote(let url, let fields):
            var headers: [UpstreamHeader] = []
            for field in fields {
                headers.append(UpstreamHeader(name: field.name, value: try value(field)))
            }
            return try remote(server.name, try filled(url), headers)
        }
    }

    private static func remote(
        _ name: ByteString,
        _ url: ByteString,
        _ headers: [UpstreamHeader]
    ) throws(ServerAsker.Unreachable) -> UpstreamConfiguration {
        let address: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            address = try UpstreamAddress(url.bytes, allowsInsecure: true)
        } catch {
            throw ServerAsker.Unreachable(reason: "its URL cannot be used: \(error.rawValue)")
        }
        do throws(UpstreamConfiguration.Problem) {
            return try UpstreamConfiguration(
                name: name,
                address: address,
                headers: headers,
                limits: ServerAsker.limits
            )
        } catch {
            throw ServerAsker.Unreachable(reason: "one of its headers cannot be sent")
        }
    }
}
