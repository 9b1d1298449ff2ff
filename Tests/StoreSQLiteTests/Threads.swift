import Glibc

private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Runs each body on a thread of its own, all at once, and returns when the last one has.
///
/// Stores block, and the few threads of tasks would not let a writer begin while readers go round.
func inParallel(_ bodies: [@Sendable () -> Void]) {
    var threads: [pthread_t] = []
    for body in bodies {
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { pointer in
                if let pointer {
                    Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
                }
                return nil
            },
            Unmanaged.passRetained(Body(body)).toOpaque()
        )
        precondition(status == 0, "no thread to be had")
        threads.append(thread)
    }
    for thread in threads {
        pthread_join(thread, nil)
    }
}
