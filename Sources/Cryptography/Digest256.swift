internal import COpenSSL

/// 32 bytes of a digest, held in place: copying one allocates nothing.
public struct Digest256: Hashable, Sendable {
    // The bytes in their order, eight a word, however the machine numbers them.
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    private init() {}

    /// 32 zero bytes: what stands before the first link of a chain.
    public static let zero = Digest256()

    /// A digest of exactly 32 bytes, `nil` for any other number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == SHA256.byteCount else {
            return nil
        }
        self.init()
        // SAFETY: the four words lie together without padding, 32 bytes, all of which are written.
        unsafe withUnsafeMutableBytes(of: &self) { buffer in
            unsafe buffer.copyBytes(from: bytes)
        }
    }

    /// A digest from exactly 64 lower-case hexadecimal digits; `nil` for anything else, capitals included.
    public init?(hexadecimal text: ArraySlice<UInt8>) {
        guard text.count == 64 else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        var index = text.startIndex
        while index < text.endIndex {
            guard let high = Self.value(text[index]), let low = Self.value(text[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
            index += 2
        }
        self.init(bytes)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        // SAFETY: the four words lie together without padding; the array copies them.
        unsafe withUnsafeBytes(of: self) { buffer in unsafe Array(buffer) }
    }

    /// Appends 64 lower-case hexadecimal digits; allocates only when `output` has to grow.
    public func appendHexadecimal(to output: inout [UInt8]) {
        output.append(digitsOf: first)
        output.append(digitsOf: second)
        output.append(digitsOf: third)
        output.append(digitsOf: fourth)
    }

    /// What OpenSSL writes a digest of SHA-256 into.
    fileprivate static func finishing(_ context: OpaquePointer) -> Digest256 {
        var digest = Digest256()
        // SAFETY: the value is the 32 bytes OpenSSL writes.
        let status = unsafe withUnsafeMutableBytes(of: &digest) { buffer in
            unsafe EVP_DigestFinal_ex(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        }
        require(status == 1)
        return digest
    }
}

extension Digest256: CustomStringConvertible {
    /// The 64 hexadecimal digits.
    public var description: String {
        var text: [UInt8] = []
        appendHexadecimal(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// The sixteen digits of eight bytes that lie in `word` in memory order.
    fileprivate mutating func append(digitsOf word: UInt64) {
        let ordered = UInt64(littleEndian: word)
        append(digitsOf: UInt32(truncatingIfNeeded: ordered))
        append(digitsOf: UInt32(truncatingIfNeeded: ordered >> 32))
    }

    /// Eight digits at once: half-bytes spread over a word, each turned into its character without a branch.
    private mutating func append(digitsOf bytes: UInt32) {
        var spread = UInt64(bytes)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        let halves = (spread >> 4 & 0x000F_000F_000F_000F) | (spread & 0x000F_000F_000F_000F) << 8
        // One where a half is ten or more; no lane reaches its neighbour, so wrapping operators change nothing.
        let letters = (halves &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        let characters = (halves &+ 0x3030_3030_3030_3030 &+ letters &* 39).littleEndian
        // SAFETY: the eight bytes are copied out of the value during the call.
        unsafe Swift.withUnsafeBytes(of: characters) { buffer in unsafe append(contentsOf: buffer) }
    }
}

/// SHA-256 (FIPS 180-4) for many short messages one after the other: one context for all of them, no allocation each.
@safe public struct ReusableSHA256: ~Copyable {
    private let context: OpaquePointer

    /// Ready for ``begin()``.
    public init() {
        // SAFETY: a fresh context, owned by this value and freed once, in `deinit`.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        unsafe self.context = context
    }

    deinit {
        // SAFETY: owned, and nobody else has it.
        unsafe EVP_MD_CTX_free(context)
    }

    /// Starts a message; what was taken in before is forgotten.
    public mutating func begin() {
        // SAFETY: the context is owned, the algorithm lives as long as the process.
        require(unsafe EVP_DigestInit_ex2(context, Algorithms.shared.sha256, nil) == 1)
    }

    /// Takes more bytes in.
    public mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: OpenSSL reads the buffer during the call.
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(status == 1)
    }

    /// Takes a byte and a digest in: how a link of a hash chain begins.
    public mutating func update(_ byte: UInt8, _ digest: Digest256) {
        // SAFETY: both values are read during the calls; a digest is its 32 bytes.
        require(unsafe withUnsafeBytes(of: byte) { unsafe EVP_DigestUpdate(context, $0.baseAddress, 1) } == 1)
        let status = unsafe withUnsafeBytes(of: digest) { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(status == 1)
    }

    /// The digest of everything taken in since ``begin()``; nothing may be taken in before the next one.
    public mutating func finish() -> Digest256 {
        unsafe Digest256.finishing(context)
    }
}
