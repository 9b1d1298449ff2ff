internal import Base
internal import CSQLite
internal import Stores

/// A prepared statement of one connection.
@safe final class Statement {
    private let handle: OpaquePointer

    /// Takes over a statement that was just prepared.
    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        // SAFETY: owned, and nobody else has it.
        unsafe sqlite3_finalize(handle)
    }

    /// Puts values in the place of the question marks.
    func bind(_ values: [StoredValue]) -> Int32 {
        for (index, value) in values.enumerated() {
            let status = bind(value, at: Int32(index + 1))
            guard status == SQLITE_OK else {
                return status
            }
        }
        return SQLITE_OK
    }

    /// Goes on to the next row or to the end.
    func step() -> Int32 {
        unsafe sqlite3_step(handle)
    }

    /// Ends the run, which lets go of locks, and forgets the values.
    func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }

    /// The row it stands on.
    func row() throws(StoreError) -> [StoredValue] {
        var values: [StoredValue] = []
        for column in 0..<(unsafe sqlite3_column_count(handle)) {
            switch unsafe sqlite3_column_type(handle, column) {
            case SQLITE_NULL: values.append(.null)
            case SQLITE_INTEGER: values.append(.integer(unsafe sqlite3_column_int64(handle, column)))
            case SQLITE_TEXT: values.append(.text(ByteString(bytes(column))))
            case SQLITE_BLOB: values.append(.bytes(bytes(column)))
            default: throw .corrupt(detail: "a value is a number with a fraction")
            }
        }
        return values
    }

    private func bytes(_ column: Int32) -> [UInt8] {
        // SAFETY: the pointer is good for as many bytes as SQLite says until the statement goes on; they are copied now.
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = unsafe sqlite3_column_bytes(handle, column)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count)))
    }

    private func bind(_ value: StoredValue, at index: Int32) -> Int32 {
        switch value {
        case .null:
            return unsafe sqlite3_bind_null(handle, index)
        case .integer(let number):
            return unsafe sqlite3_bind_int64(handle, index, number)
        case .text(let text):
            // SAFETY: SQLite copies `count` bytes; an empty text still needs an address, or it would be NULL.
            let bytes = text.isEmpty ? [0] : text.bytes
            return unsafe bytes.withUnsafeBytes { buffer in
                let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                return unsafe toolgate_bind_text(handle, index, start, UInt64(text.count))
            }
        case .bytes(let bytes) where bytes.isEmpty:
            return unsafe sqlite3_bind_zeroblob(handle, index, 0)
        case .bytes(let bytes):
            // SAFETY: SQLite copies the buffer.
            return unsafe bytes.withUnsafeBytes { buffer in
                unsafe toolgate_bind_blob(handle, index, buffer.baseAddress, UInt64(buffer.count))
            }
        }
    }
}
