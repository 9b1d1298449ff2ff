import Base
import Synchronization

@testable import toolgate

/// A console that keeps what was written.
final class RecordingConsole: Sendable {
    private let written = Guarded<(output: [UInt8], error: [UInt8])>(([], []))
    let environment: [String: String]

    init(environment: [String: String] = [:]) {
        self.environment = environment
    }

    var console: Console {
        Console(
            writeOutput: { bytes in self.written.withLock { $0.output += bytes } },
            writeError: { bytes in self.written.withLock { $0.error += bytes } },
            environment: environment,
            outputIsTerminal: false,
            inputIsTerminal: false
        )
    }

    var output: String { String(decoding: written.withLock { $0.output }, as: UTF8.self) }
    var error: String { String(decoding: written.withLock { $0.error }, as: UTF8.self) }
}
