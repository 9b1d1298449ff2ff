public import JSONText

/// A tool as its server describes it; texts are the server's bytes, uncopied.
public struct DescribedTool: Sendable {
    /// The server's name or identifier; may be empty.
    public var server: ArraySlice<UInt8>
    /// What the server says it is; may be empty.
    public var serverDescription: ArraySlice<UInt8>
    /// The exact name.
    public var name: ArraySlice<UInt8>
    /// The title; may be empty.
    public var title: ArraySlice<UInt8>
    /// The description; may be empty.
    public var description: ArraySlice<UInt8>
    /// The schema of its arguments.
    public var inputSchema: JSONValue?
    /// The schema of its result.
    public var outputSchema: JSONValue?
    /// What the server claims about it.
    public var annotations: JSONValue?
    /// The whole definition, for what looks at every text of it.
    public var definition: JSONValue?

    /// Reads an element of `tools/list`, or a line that has `server` and `serverDescription` too.
    ///
    /// `nil` when it is not an object with a text `name`. Members of the wrong type count as absent.
    public init?(_ definition: JSONValue, server: String = "", serverDescription: String = "") {
        guard let name = definition["name"]?.string else {
            return nil
        }
        self.name = name.slice
        self.server = definition["server"]?.string?.slice ?? Array(server.utf8)[...]
        self.serverDescription = definition["serverDescription"]?.string?.slice ?? Array(serverDescription.utf8)[...]
        title = definition["title"]?.string?.slice ?? []
        description = definition["description"]?.string?.slice ?? []
        inputSchema = definition["inputSchema"]
        outputSchema = definition["outputSchema"]
        annotations = definition["annotations"]
        self.definition = definition
    }

    /// A tool of which only texts are known.
    public init(name: String, description: String = "", server: String = "", serverDescription: String = "") {
        self.name = Array(name.utf8)[...]
        self.description = Array(description.utf8)[...]
        self.server = Array(server.utf8)[...]
        self.serverDescription = Array(serverDescription.utf8)[...]
        title = []
    }
}
