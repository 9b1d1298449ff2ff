/// What the URL operators need of a host: how it is compared, and whether it is private.
enum HostJudge {
    /// A host as a policy writes it; `nil` when it is none or carries a scheme, port or path.
    static func pattern(_ text: [UInt8]) -> HostPattern? {
        nil
    }

    /// Whether the URL's host is one of `patterns`; `nil` when it does not parse.
    static func isHost(of url: ArraySlice<UInt8>, among patterns: [HostPattern]) -> Bool? {
        nil
    }

    /// Whether the URL's host is private; `nil` when it does not parse.
    static func isPrivate(_ url: ArraySlice<UInt8>) -> Bool? {
        nil
    }
}
