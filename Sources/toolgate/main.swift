import EventLoops

#if canImport(Glibc)
import Glibc
#endif

let words = Array(CommandLine.arguments.dropFirst())
if words.starts(with: ["internal", "supervise"]) {
    // Before anything else: a supervisor is one thread and next to no memory.
    exit(ProcessSupervisor.run(Array(words.dropFirst(2))))
}
ProcessFacts.ignoreBrokenPipes()
ProcessMemory.giveLargeBlocksBack()
let status = CommandTable.run(words, console: ProcessFacts.console())
exit(status.rawValue)
