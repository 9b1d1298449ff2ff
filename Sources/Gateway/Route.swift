internal import Base
internal import HTTPWire

/// Where a request goes, by the exact bytes of its target: nothing is decoded, nothing is normalised.
enum Route {
    /// `/healthz`.
    case health
    /// `/mcp/<segment>`; whether the segment names a server is not said before the grant is known.
    case server(ArraySlice<UInt8>)
    /// Nothing is there.
    case none

    init(_ head: HTTPRequestHead) {
        let target = head.target
        if target.isEqual(to: "/healthz"), head.method == .get || head.method == .head {
            self = .health
            return
        }
        guard target.hasPrefix("/mcp/"), head.query == nil else {
            self = .none
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
}
