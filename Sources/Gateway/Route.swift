internal import Base
internal import HTTPWire

/// Where a request goes, by the exact bytes of its target: nothing is decoded, nothing is normalised.
enum Route {
    /// `/healthz`.
    case health
    /// `/mcp/<segment>`; whether the segment names a server is not said before the grant is known.
    case server(ArraySlice<UInt8>)
    /// Below `/sse/`, for clients of 2024-11-05.
    case events(segment: ArraySlice<UInt8>, EventTarget)
    /// Nothing is there.
    case none

    init(_ head: HTTPRequestHead) {
        let target = head.target
        if target.isEqual(to: "/healthz"), head.method == .get || head.method == .head {
            self = .health
            return
        }
        guard target.hasPrefix("/mcp/"), head.query == nil else {
            self = Self.events(head) ?? .none
            return
        }
        let segment = target.dropFirst(5)
        let isPlain = segment.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "%") }
        guard !segment.isEmpty, segment.count <= 128, isPlain else {
            self = .none
            return
        }
        self = .server(segment)
    }

    /// `/sse/<segment>`, and `/sse/<segment>/<id>` where messages are posted.
    private static func events(_ head: HTTPRequestHead) -> Route? {
        guard head.target.hasPrefix("/sse/"), head.query == nil else {
            return nil
        }
        let parts = head.target.dropFirst(5).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let segment = parts.first, !segment.isEmpty, segment.count <= 128,
            !head.target.contains(UInt8(ascii: "%"))
        else {
            return nil
        }
        switch parts.count {
        case 1: return .events(segment: segment, .stream(segment))
        case 2 where !parts[1].isEmpty && parts[1].count <= 1_024: return .events(segment: segment, .message(parts[1]))
        default: return nil
        }
    }
}
