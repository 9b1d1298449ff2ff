import CUV

/// How the process as a whole deals with memory.
public enum ProcessMemory {
    /// Lets memory of a large message go back to the system as soon as it is let go.
    ///
    /// Left alone, the C library takes each large block that was freed for a sign that the like will be wanted again, and
    /// keeps everything of up to 32 MiB from then on. What is set once is no longer adapted, so the heap's own end has to
    /// be told as well not to be given and taken with every call. To be called once, before threads are started.
    public static func giveLargeBlocksBack() {
        toolgate_give_memory_back(512 << 10, 8 << 20)
    }
}
