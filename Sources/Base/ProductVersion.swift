/// Which Toolgate this is; the one place that says so.
public enum ProductVersion {
    /// As `toolgate version` prints it, servers read it in `clientInfo` and `User-Agent`, and clients in `serverInfo`.
    public static let text = "0.2.0-dev"
}
