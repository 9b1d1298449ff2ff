#if canImport(Glibc)
import Glibc
#endif

ProcessFacts.ignoreBrokenPipes()
let status = CommandTable.run(Array(CommandLine.arguments.dropFirst()), console: ProcessFacts.console())
exit(status.rawValue)
