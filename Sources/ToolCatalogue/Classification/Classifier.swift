import JSONText

/// The rules of the catalogue.
///
/// Deterministic: the same definition gives the same classification, on any machine. Linear in what it reads, which is
/// bounded: 256 bytes of a name, 3 kB of a description, 128 parameters.
public enum Classifier {
    /// What a tool is.
    public static func classify(_ tool: DescribedTool) -> Classification {
        classify(tool, on: ServerContext(tool))
    }

    /// What a tool is, on a server that was read before: cheaper for many tools of one server.
    public static func classify(_ tool: DescribedTool, on server: ServerContext) -> Classification {
        let serverWords = server.words
        let schema = SchemaReading(tool.inputSchema)
        let name = NameReading(name: tool.name, server: serverWords)
        let description = DescriptionReading(
            isNameAgain(tool) ? [] : tool.description,
            server: serverWords
        )
        let title = DescriptionReading(
            description.sightings.isEmpty && name.sightings.isEmpty ? tool.title : [],
            server: serverWords,
            place: .title
        )
        let context = name.things.union(description.things).union(server.things)
        let judge = Judge(name: name, title: title, description: description, schema: schema, context: context)
        var verdict = judge.verdict()
        let raised = annotation(tool, &verdict)
        return Wording(tool: tool, judge: judge, verdict: verdict, annotation: raised).classification()
    }

    /// A description that only repeats the name says nothing.
    private static func isNameAgain(_ tool: DescribedTool) -> Bool {
        tool.description.elementsEqual(tool.name)
    }

    /// Annotations may raise Read to Write, nothing else; gives the one that did.
    private static func annotation(_ tool: DescribedTool, _ verdict: inout Verdict) -> StaticString? {
        guard verdict.category == .read, let annotations = tool.annotations else {
            return nil
        }
        if annotations["readOnlyHint"]?.boolean == false {
            raise(&verdict)
            return "readOnlyHint"
        }
        if annotations["destructiveHint"]?.boolean == true, annotations["readOnlyHint"]?.boolean != true {
            raise(&verdict)
            verdict.isAdditive = false
            return "destructiveHint"
        }
        return nil
    }

    private static func raise(_ verdict: inout Verdict) {
        verdict.category = .write
        verdict.reason = .annotated
        verdict.confidence = min(verdict.confidence, 0.6)
    }
}

/// What is known of a server before its tools are looked at.
public struct ServerContext: Sendable {
    // LIMIT: how much of a server's own description is read for context.
    private static let mostBytes = 512

    let words: [UInt64]
    let things: Things

    /// Reads the server's name and description as they stand beside a tool.
    public init(_ tool: DescribedTool) {
        words = WordReader.words(of: tool.server, bytes: 128, limit: 16, splitsCase: true).map(\.hash)
        var things: Things = []
        for word in WordReader.words(of: tool.serverDescription, bytes: Self.mostBytes, limit: 80) where word.sign == 0
        {
            things.formUnion(Lexicon.shared(word.hash)?.things ?? [])
        }
        for hash in words {
            things.formUnion(Lexicon.shared(hash)?.things ?? [])
        }
        self.things = things.intersection([.market, .money])
    }
}
