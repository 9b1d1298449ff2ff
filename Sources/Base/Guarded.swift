#if THREAD_SANITIZER
internal import Glibc
#else
public import Synchronization
#endif

#if THREAD_SANITIZER
/// State that is only reached while a lock is held.
///
/// In builds for the thread sanitiser a `pthread_mutex_t`, which that tool knows. The library's `Mutex` waits on a futex
/// inside code that is not instrumented, so every contended use of it looks like a race.
public typealias Guarded = SanitisedMutex
#else
/// State that is only reached while a lock is held: the library's `Mutex`, except in builds for the thread sanitiser.
public typealias Guarded = Mutex
#endif

#if THREAD_SANITIZER
// ISOLATION: `value` is only touched while the system's mutex is held.

/// `Mutex` in the shape the thread sanitiser understands; ``Guarded`` stands for it in such builds only.
public struct SanitisedMutex<Value>: ~Copyable, @unchecked Sendable {
    @safe
    private final class Storage {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        var value: Value

        init(_ value: Value) {
            self.value = value
            unsafe pthread_mutex_init(mutex, nil)
        }

        deinit {
            // SAFETY: the last reference is gone, so nobody holds or wants the lock.
            unsafe pthread_mutex_destroy(mutex)
            unsafe mutex.deallocate()
        }
    }

    private let storage: Storage

    /// The state before anybody has touched it.
    public init(_ value: consuming sending Value) {
        storage = Storage(value)
    }

    /// Runs `body` while the lock is held.
    public borrowing func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(storage.mutex)
        defer { unsafe pthread_mutex_unlock(storage.mutex) }
        return try body(&storage.value)
    }
}
#endif
