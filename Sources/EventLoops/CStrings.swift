internal import Base
internal import Glibc

/// Texts as C wants them: an array of pointers with a null at its end, alive as long as this value.
@safe
final class CStrings {
    /// What `execve` and libuv take.
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// Copies of `texts`; a text is cut at its first NUL, so callers refuse NULs before.
    init(_ texts: [ByteString]) {
        count = texts.count
        unsafe pointers = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count + 1)
            for (place, byte) in text.bytes.enumerated() {
                unsafe copy[place] = CChar(bitPattern: byte)
            }
            unsafe copy[text.count] = 0
            unsafe pointers[index] = copy
        }
        unsafe pointers[texts.count] = nil
    }

    deinit {
        // SAFETY: made in `init`, given to nobody who keeps them.
        for index in 0..<count {
            unsafe pointers[index]?.deallocate()
        }
        unsafe pointers.deallocate()
    }
}
