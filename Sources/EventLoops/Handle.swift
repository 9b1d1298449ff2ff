internal import CUV

/// A libuv handle at a stable address, closed at most once and freed when libuv is done with it.
///
/// INVARIANT: memory given to libuv is never a Swift variable passed with `&`: libuv keeps the address.
@safe
struct Handle {
    private let memory: UnsafeMutableRawPointer

    private init(byteCount: Int) {
        // Zeroed, so that a failed libuv init leaves nothing undefined behind.
        unsafe memory = .allocate(byteCount: byteCount, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    static func tcp() -> Handle { unsafe Handle(byteCount: MemoryLayout<uv_tcp_t>.size) }
    static func signal() -> Handle { unsafe Handle(byteCount: MemoryLayout<uv_signal_t>.size) }
    static func filePoll() -> Handle { unsafe Handle(byteCount: MemoryLayout<uv_fs_poll_t>.size) }
    static func pipe() -> Handle { unsafe Handle(byteCount: MemoryLayout<uv_pipe_t>.size) }
    static func process() -> Handle { unsafe Handle(byteCount: MemoryLayout<uv_process_t>.size) }

    // SAFETY: libuv's handle types begin with the fields of their bases; each handle is used as the kind it was made as.
    var base: UnsafeMutablePointer<uv_handle_t> { unsafe memory.assumingMemoryBound(to: uv_handle_t.self) }
    var stream: UnsafeMutablePointer<uv_stream_t> { unsafe memory.assumingMemoryBound(to: uv_stream_t.self) }
    var tcp: UnsafeMutablePointer<uv_tcp_t> { unsafe memory.assumingMemoryBound(to: uv_tcp_t.self) }
    var signal: UnsafeMutablePointer<uv_signal_t> { unsafe memory.assumingMemoryBound(to: uv_signal_t.self) }
    var filePoll: UnsafeMutablePointer<uv_fs_poll_t> { unsafe memory.assumingMemoryBound(to: uv_fs_poll_t.self) }
    var pipe: UnsafeMutablePointer<uv_pipe_t> { unsafe memory.assumingMemoryBound(to: uv_pipe_t.self) }
    var process: UnsafeMutablePointer<uv_process_t> { unsafe memory.assumingMemoryBound(to: uv_process_t.self) }

    /// Sets the object the callbacks find; unretained.
    func attach(_ object: AnyObject) {
        unsafe base.pointee.data = unsafe Unmanaged.passUnretained(object).toOpaque()
    }

    /// Closes the handle; its memory goes when libuv has let go of it.
    func close() {
        // SAFETY: callers close once; `data` is emptied first, so no callback finds an object that is gone.
        unsafe base.pointee.data = nil
        unsafe uv_close(base) { handle in unsafe UnsafeMutableRawPointer(handle)?.deallocate() }
    }

    /// Frees a handle whose init function failed.
    func discard() {
        unsafe memory.deallocate()
    }
}
