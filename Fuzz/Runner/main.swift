import CFuzzer
import FuzzTargets

#if canImport(Glibc)
import Glibc
#endif

// Fuzz NAME [libFuzzer options] [corpus folders]: feeds one reader until it traps or the time is up.
// One executable for all readers, so that the rooms are instrumented and linked once.

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    print("usage: Fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [libFuzzer options]")
    exit(2)
}

/// The callback is a C function and captures nothing: what it needs stands here.
nonisolated(unsafe) private var chosen = FuzzTarget.json
chosen = target

private var arguments: [UnsafeMutablePointer<CChar>?] =
    ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
private var count = CInt(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer in
    var vector = buffer.baseAddress
    return LLVMFuzzerRunDriver(&count, &vector) { data, size in
        chosen.run(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
exit(status)
