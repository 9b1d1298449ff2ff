import Base
import EventLoops
import JSONText
import MCPModel

/// Reads what servers send, strictly: they are as hostile as clients (law 6).
enum UpstreamReading {
    /// Results may nest deeper than requests, but not without bound.
    private static let maximumDepth = 256
    /// LIMIT: values of one reply; each costs 16 bytes while it is looked at.
    private static let maximumNodes = 4_000_000

    /// From how many bytes on a message is read beside the loop: at some 300 MB/s a shorter one takes less than a
    /// millisecond.
    private static let longMessage = 256 << 10

    /// One JSON-RPC message and its kind; a long one is read while the loop serves others.
    static func message(
        _ bytes: [UInt8],
        limits: UpstreamLimits,
        on loop: EventLoop
    ) async throws(UpstreamFailure) -> (JSONDocument, UpstreamEvent.Kind) {
        guard bytes.count > longMessage else {
            return try message(bytes, limits: limits)
        }
        let read: Result<(JSONDocument, UpstreamEvent.Kind), UpstreamFailure> = await loop.aside {
            do throws(UpstreamFailure) {
                return .success(try message(bytes, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        return try read.get()
    }

    /// One JSON-RPC message and its kind.
    static func message(
        _ bytes: [UInt8],
        limits: UpstreamLimits
    ) throws(UpstreamFailure) -> (JSONDocument, UpstreamEvent.Kind) {
        let document = try json(bytes, limits: limits)
        guard document.root.kind == .object else {
            throw .violation(.message, "not a JSON-RPC 2.0 object")
        }
        let members = JSONMemberTable(document.root, keys: keys)
        guard members[Key.version]?.string?.isEqual(to: "2.0") == true else {
            throw .violation(.message, "not a JSON-RPC 2.0 object")
        }
        let (hasResult, hasError) = (members.contains(Key.result), members.contains(Key.error))
        if members.contains(Key.method) {
            guard members.kind(Key.method) == .string, !hasResult, !hasError else {
                throw .violation(.message, "neither request nor response")
            }
            guard let id = members[Key.id] else {
                return (document, .notification)
            }
            guard RequestID(id) != nil else {
                throw .violation(.message, "a request's id is neither string nor integer")
            }
            return (document, .request)
        }
        guard hasResult != hasError, members.contains(Key.id) else {
            throw .violation(.message, "a response needs an id and either result or error")
        }
        guard !hasResult || members.kind(Key.result) == .object else {
            throw .violation(.message, "a result is not an object")
        }
        if let error = members[Key.error] {
            guard error["code"]?.number?.int != nil, error["message"]?.kind == .string else {
                throw .violation(.message, "an error needs an integer code and a message")
            }
        }
        return (document, .response)
    }

    /// The members of a message, by their place in ``keys``.
    private enum Key {
        static let version = 0
        static let id = 1
        static let method = 2
        static let result = 3
        static let error = 4
    }

    private static let keys = JSONKeySet(["jsonrpc", "id", "method", "result", "error"])

    /// Any JSON document of a reply.
    static func json(_ bytes: [UInt8], limits: UpstreamLimits) throws(UpstreamFailure) -> JSONDocument {
        do {
            return try JSONDocument(
                bytes,
                limits: JSONLimits(
                    maximumBytes: limits.maximumReplyBytes,
                    maximumDepth: maximumDepth,
                    maximumStringBytes: limits.maximumReplyBytes,
                    maximumNodes: maximumNodes
                )
            )
        } catch {
            throw .violation(.json, "\(error)")
        }
    }

    /// A response must be to the one request that this stream or body answers (D8).
    static func check(response: JSONValue, to requestID: RequestID?) throws(UpstreamFailure) {
        guard let requestID, let id = response["id"], RequestID(id) == requestID else {
            throw .violation(.foreignResponse)
        }
    }

    /// Whether a `Content-Type` is this one, parameters aside (case does not matter: RFC 9110, section 8.3).
    static func isType(_ value: ArraySlice<UInt8>?, _ type: StaticString) -> Bool {
        guard let value else {
            return false
        }
        let length = type.utf8CodeUnitCount
        guard value.count >= length, value.prefix(length).isEqual(toLowercase: type) else {
            return false
        }
        let next = value.dropFirst(length).first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return next == nil || next == UInt8(ascii: ";")
    }
}

extension ArraySlice<UInt8> {
    /// Whether these are the bytes of `text`, which is in lower case, in whatever case; of one length with it.
    fileprivate func isEqual(toLowercase text: StaticString) -> Bool {
        text.withUTF8Buffer { expected in
            unsafe elementsEqual(expected) { byte, wanted in
                let isUpper = byte &- UInt8(ascii: "A") < 26  // wraps below `A`
                return (isUpper ? byte | 0x20 : byte) == wanted
            }
        }
    }
}
