public import Base
public import JSONText
import MCPModel

/// All tools of a server, as the gateway itself asked for them.
public struct ToolListing: Sendable {
    /// The definitions in the server's order, each name once.
    public let tools: [JSONValue]
    /// Names that stood more than once; the first definition is kept, what a caller does with that is its business (D5).
    public let duplicates: [ByteString]
    /// Definitions that cannot be used, and why (MC-04): no name, or an invalid `x-mcp-header`.
    public let unusable: [(name: ByteString, reason: String)]
}

/// Collects the pages of one list, bounded in every direction.
struct ToolListBuilder {
    private let limits: UpstreamLimits
    private var tools: [JSONValue] = []
    private var names: Set<ByteString> = []
    private var duplicates: [ByteString] = []
    private var unusable: [(name: ByteString, reason: String)] = []
    private var cursors: Set<ByteString> = []
    private var bytes = 0
    private var pages = 0

    init(limits: UpstreamLimits) {
        self.limits = limits
    }

    var listing: ToolListing {
        ToolListing(tools: tools, duplicates: duplicates, unusable: unusable)
    }

    /// Takes one page's response; answers the cursor of the next, `nil` when this was the last.
    mutating func take(_ document: JSONDocument) throws(UpstreamFailure) -> ByteString? {
        pages += 1
        bytes += document.bytes.count
        guard bytes <= limits.maximumListBytes else {
            throw UpstreamFailure(.tooLarge, wroteBytes: true, detail: "the list of tools is too large")
        }
        guard let result = document.root["result"] else {
            let code = document.root["error"]?["code"]?.number?.int ?? 0
            throw .violation(.result, "tools/list is answered with error \(code)")
        }
        // MC-08: an absent type is an older server's `complete`; anything else is no list.
        if let type = result["resultType"], type.string?.isEqual(to: "complete") != true {
            throw .violation(.result, "tools/list has an unknown resultType")
        }
        guard let page = result["tools"], page.kind == .array else {
            throw .violation(.result, "tools/list has no array of tools")
        }
        guard tools.count + page.count <= limits.maximumTools else {
            throw UpstreamFailure(.tooLarge, wroteBytes: true, detail: "too many tools")
        }
        for tool in page.elements {
            add(tool)
        }
        guard let next = result["nextCursor"], !next.isNull else {
            return nil
        }
        guard let cursor = next.string else {
            throw .violation(.result, "nextCursor is no string")
        }
        // An empty string is a legal cursor; one that comes twice never ends.
        guard cursors.insert(ByteString(cursor.bytes)).inserted, pages < limits.maximumPages else {
            throw .violation(.endlessList)
        }
        return ByteString(cursor.bytes)
    }

    private mutating func add(_ tool: JSONValue) {
        guard let name = tool["name"]?.string, name.rawRange.count <= 1_024, !name.bytes.isEmpty else {
            unusable.append((name: "", reason: "a definition has no name that can be used"))
            return
        }
        let key = ByteString(name.bytes)
        guard names.insert(key).inserted else {
            duplicates.append(key)
            return
        }
        if let schema = tool["inputSchema"] {
            do {
                _ = try ParameterHeaders(inputSchema: schema)
            } catch {
                unusable.append((name: key, reason: "an `x-mcp-header` in its schema is invalid (\(error))"))
                return
            }
        }
        tools.append(tool)
    }
}
