internal import CRE2

/// A regular expression that cannot be a denial of service: RE2, compiled once, matched in linear time.
///
/// RE2's own syntax and defaults: no back-references and no look-around; `$` is the end of the text and never a line
/// break before it; `\d \w \s \b` are ASCII; `.` is any scalar but a line feed. The same pattern may be matched on
/// many threads at once.
public struct Pattern: Sendable {
    // LIMIT: a pattern is at most this many bytes of UTF-8.
    /// How long the source of a pattern may be, in bytes.
    public static let maximumSourceBytes = 16_384

    // LIMIT: RE2 refuses programs that need more, and its automata stay below it while matching.
    private static let maximumMemory: Int64 = 1 << 20

    private let program: Program

    /// Compiles `source`, which is UTF-8.
    ///
    /// With `ignoreCase` letters match without regard to case, as RE2's `(?i)` has it.
    ///
    /// - Throws: ``PatternError`` when RE2 refuses the pattern or its compiled form would be too large.
    public init(_ source: [UInt8], ignoreCase: Bool = false) throws(PatternError) {
        guard source.count <= Self.maximumSourceBytes else {
            throw .tooLong(maximum: Self.maximumSourceBytes)
        }
        program = try Program(source, ignoreCase: ignoreCase, maximumMemory: Self.maximumMemory)
    }

    /// Whether the pattern is found anywhere in `text`.
    ///
    /// Anchor it with `^…$` to match the whole. O(`text.count`). Bytes of `text` that are not UTF-8 match nothing, not even `.`.
    public func matches(_ text: Span<UInt8>) -> Bool {
        program.search(text)
    }

    /// Whether the pattern is found anywhere in `text`, as for a span.
    public func matches(_ text: [UInt8]) -> Bool {
        program.search(text.span)
    }
}

/// Owns one compiled RE2 program.
///
/// ISOLATION: RE2 objects are immutable after compilation; what they build lazily while matching (the reverse program,
/// automaton states) they guard with their own locks, and RE2 documents them as safe for concurrent use.
@safe private final class Program: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ source: [UInt8], ignoreCase: Bool, maximumMemory: Int64) throws(PatternError) {
        // SAFETY: RE2 copies the source; the buffer is only read during the call.
        let created = unsafe source.withUnsafeBufferPointer { buffer in
            unsafe toolgate_re2_create(buffer.baseAddress, buffer.count, ignoreCase, maximumMemory)
        }
        guard let created = unsafe created else {
            throw .tooLarge
        }
        // SAFETY: the text belongs to the program, which is alive, and is copied at once.
        if let message = unsafe toolgate_re2_error(created) {
            let reason = unsafe String(cString: message)
            unsafe toolgate_re2_destroy(created)
            throw reason.utf8.elementsEqual("pattern too large - compile failed".utf8) ? .tooLarge : .refused(reason)
        }
        unsafe handle = created
    }

    deinit {
        // SAFETY: the last reference is gone, so nobody matches any more.
        unsafe toolgate_re2_destroy(handle)
    }

    func search(_ text: Span<UInt8>) -> Bool {
        // SAFETY: the handle lives as long as `self`, the buffer as long as the call; an empty one may have no address,
        // which RE2 reads as empty text.
        unsafe text.withUnsafeBufferPointer { buffer in
            unsafe toolgate_re2_search(handle, buffer.baseAddress, buffer.count)
        }
    }
}
