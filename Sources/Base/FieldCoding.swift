/// Writes bytes that mean one thing only: whole numbers of fixed length and byte runs, each run behind its length.
public struct FieldWriter {
    /// What was written.
    public private(set) var bytes: [UInt8] = []

    /// Nothing written yet.
    public init() {}

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends a whole number, eight bytes.
    public mutating func append(number: Int64) {
        for shift in stride(from: Int64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Appends a run of bytes; at most 4 GiB, far above any limit of a message.
    public mutating func append(run: some Collection<UInt8>) {
        let count = UInt32(clamping: run.count)
        for shift in [UInt32(24), 16, 8, 0] {
            bytes.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        bytes.append(contentsOf: run)
    }
}

/// Reads what the writer wrote.
///
/// Whatever the bytes are, it answers `nil` for what is not there and never traps.
public struct FieldReader {
    private let bytes: [UInt8]
    private var position = 0

    /// Reads from the beginning.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether everything was read.
    public var isAtEnd: Bool { position == bytes.count }

    /// The next byte.
    public mutating func byte() -> UInt8? {
        guard position < bytes.count else {
            return nil
        }
        defer { position += 1 }
        return bytes[position]
    }

    /// The next whole number.
    public mutating func number() -> Int64? {
        guard bytes.count - position >= 8 else {
            return nil
        }
        var number: UInt64 = 0
        for _ in 0..<8 {
            number = number << 8 | UInt64(bytes[position])
            position += 1
        }
        return Int64(bitPattern: number)
    }

    /// The next run.
    public mutating func run() -> [UInt8]? {
        guard bytes.count - position >= 4 else {
            return nil
        }
        var count = 0
        for _ in 0..<4 {
            count = count << 8 | Int(bytes[position])
            position += 1
        }
        guard bytes.count - position >= count else {
            return nil
        }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }
}
