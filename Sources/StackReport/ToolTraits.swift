import ToolCatalogue

/// What a tool does that is harmless alone and dangerous with others in one agent's hands.
///
/// An agent that reads what strangers wrote, sees what is private and can send something out can be made to carry
/// secrets away by a sentence in a web page; each of the three from another server is enough.
public struct ToolTraits: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Traits from their bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Returns what is private: files, mail, records, secrets.
    public static let readsPrivate = ToolTraits(rawValue: 1)
    /// Returns text that strangers may have written.
    public static let takesUntrusted = ToolTraits(rawValue: 2)
    /// Can carry text outside.
    public static let sendsOutside = ToolTraits(rawValue: 4)

    /// By the class, the arguments, and the words of name and description.
    init(_ tool: DescribedTool, _ classification: Classification) {
        var traits: ToolTraits = []
        let name = Self.words(tool.name)
        let words = name.union(Self.words(tool.description.prefix(600)))
        let kinds = Set(classification.signals.map(\.kind))
        let returns = !name.isDisjoint(with: Self.readingVerbs) || classification.category == .read
        if returns, !words.isDisjoint(with: Self.privateNouns) || kinds.contains(.query) || kinds.contains(.path) {
            traits.insert(.readsPrivate)
        }
        if returns, kinds.contains(.url) || !words.isDisjoint(with: Self.strangersNouns) {
            traits.insert(.takesUntrusted)
        }
        let changes = classification.category != .read
        if changes, kinds.contains(.recipients) || !name.isDisjoint(with: Self.sendingVerbs) {
            traits.insert(.sendsOutside)
        }
        // An address the model chooses carries whatever the model writes into it.
        if kinds.contains(.url) {
            traits.insert(.sendsOutside)
        }
        // Who runs commands or code does all three.
        if kinds.contains(.shell) || kinds.contains(.code) {
            traits.formUnion([.readsPrivate, .takesUntrusted, .sendsOutside])
        }
        self = traits
    }

    private static let readingVerbs: Set<String> = [
        "get", "list", "read", "search", "find", "fetch", "query", "show", "download", "export", "lookup", "browse",
        "crawl", "scrape", "view",
    ]
    private static let privateNouns: Set<String> = [
        "file", "files", "directory", "email", "emails", "mail", "inbox", "message", "messages", "chat", "contact",
        "contacts", "lead", "leads", "customer", "customers", "deal", "deals", "database", "table", "record", "records",
        "document", "documents", "note", "notes", "calendar", "secret", "secrets", "repository", "commit", "diff",
        "invoice", "invoices", "employee", "account", "credentials", "patient", "memory", "drive", "clipboard",
    ]
    private static let strangersNouns: Set<String> = [
        "web", "url", "website", "webpage", "page", "pages", "internet", "email", "emails", "inbox", "issue", "issues",
        "comment", "comments", "ticket", "tickets", "feed", "rss", "review", "reviews", "tweet", "tweets", "forum",
        "pull", "reply", "replies",
    ]
    private static let sendingVerbs: Set<String> = [
        "send", "post", "publish", "share", "upload", "email", "reply", "comment", "notify", "forward", "tweet", "push",
        "invite", "submit", "webhook",
    ]

    /// Lower-case words; a capital after a small letter begins one.
    static func words(_ text: ArraySlice<UInt8>) -> Set<String> {
        var words: Set<String> = []
        var word: [UInt8] = []
        var wasSmall = false
        for byte in text {
            let isSmall = (0x61...0x7A).contains(byte)
            let isCapital = (0x41...0x5A).contains(byte)
            if !word.isEmpty, isCapital && wasSmall || !isSmall && !isCapital {
                words.insert(String(decoding: word, as: UTF8.self))
                word = []
            }
            if isSmall || isCapital {
                word.append(byte | 0x20)
            }
            wasSmall = isSmall
        }
        if !word.isEmpty {
            words.insert(String(decoding: word, as: UTF8.self))
        }
        return words
    }
}
