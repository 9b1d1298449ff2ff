/// What `path_within` needs of a path.
enum PathJudge {
    /// One spelling of an absolute path; `nil` when it cannot be placed.
    static func normalised(_ text: [UInt8]) -> [UInt8]? {
        nil
    }

    /// Whether the path lies in or is one of `directories`; `nil` when it cannot be placed.
    static func isPath(_ text: ArraySlice<UInt8>, within directories: [[UInt8]]) -> Bool? {
        nil
    }
}
