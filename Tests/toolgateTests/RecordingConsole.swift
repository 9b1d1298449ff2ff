import Base
import Synchronization

@testable import toolgate

/// A console that keeps what was written, and answers as it was told.
final class RecordingConsole: Sendable {
    private let written = Guarded<(output: [UInt8], error: [UInt8])>(([], []))
    private let answers: Guarded<[String]>
    private let isTerminal: Bool
    private let edit: @Sendable (_ editor: String, _ path: String) -> Bool
    let environment: [String: String]

    /// With `answers`, even none, somebody sits at a terminal and types them, one a question.
    init(
        environment: [String: String] = [:],
        answers: [String]? = nil,
        edit: @escaping @Sendable (_ editor: String, _ path: String) -> Bool = { _, _ in false }
    ) {
        self.environment = environment
        self.answers = Guarded(answers ?? [])
        self.edit = edit
        isTerminal = answers != nil
    }

    var console: Console {
        Console(
            writeOutput: { bytes in self.written.withLock { $0.output += bytes } },
            writeError: { bytes in self.written.withLock { $0.error += bytes } },
            environment: environment,
            outputIsTerminal: false,
            inputIsTerminal: isTerminal,
            readAnswer: { self.next() },
            readHidden: { self.next() },
            edit: edit
        )
    }

    private func next() -> String? {
        answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    var output: String { String(decoding: written.withLock { $0.output }, as: UTF8.self) }
    var error: String { String(decoding: written.withLock { $0.error }, as: UTF8.self) }
}
