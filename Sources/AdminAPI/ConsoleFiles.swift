internal import AdminModel
internal import Base
internal import CConsole
internal import Cryptography

/// The console's files, embedded in the binary.
struct ConsoleFiles: Sendable {
    struct File: Sendable {
        let type: StaticString
        let bytes: [UInt8]
        let tag: EntityTag
    }

    /// By path, `/` first.
    private let files: [ByteString: File]

    /// Takes what the binary has.
    init() {
        var files: [ByteString: File] = [:]
        var count = 0
        guard let table = unsafe toolgate_console_files(&count) else {
            self.files = files
            return
        }
        for index in 0..<count {
            // SAFETY: the table has `count` entries, each a text that ends with NUL and `count` bytes, for as long as the
            // program runs.
            let path = unsafe ByteString(String(cString: table[index].path))
            let bytes = unsafe [UInt8](UnsafeBufferPointer(start: table[index].bytes, count: table[index].count))
            files[path] = File(type: Self.type(of: path), bytes: bytes, tag: EntityTag(digest: SHA256.digest(bytes)))
        }
        files["/"] = files["/index.html"]
        self.files = files
    }

    /// The file at a path, compared byte for byte: nothing is decoded, and nothing is on a disk.
    subscript(path: ArraySlice<UInt8>) -> File? { files[ByteString(path)] }

    private static func type(of path: ByteString) -> StaticString {
        let suffix = path.bytes.lastIndex(of: UInt8(ascii: ".")).map { path.bytes[($0 + 1)...] } ?? []
        return switch ByteString(suffix) {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "json", "webmanifest": "application/json"
        case "png": "image/png"
        case "woff2": "font/woff2"
        default: "application/octet-stream"
        }
    }
}
