import JSONText

/// What one parameter is for, as far as its name tells.
struct ParameterUse: OptionSet, Sendable {
    let rawValue: UInt32

    static let code = ParameterUse(rawValue: 1)
    static let query = ParameterUse(rawValue: 1 << 1)
    static let shell = ParameterUse(rawValue: 1 << 2)
    static let url = ParameterUse(rawValue: 1 << 3)
    static let path = ParameterUse(rawValue: 1 << 4)
    static let output = ParameterUse(rawValue: 1 << 5)
    static let recipients = ParameterUse(rawValue: 1 << 6)
    static let amount = ParameterUse(rawValue: 1 << 7)
    static let recipientAddress = ParameterUse(rawValue: 1 << 8)
    static let secret = ParameterUse(rawValue: 1 << 9)
    static let bulk = ParameterUse(rawValue: 1 << 10)
    static let action = ParameterUse(rawValue: 1 << 11)
    static let paging = ParameterUse(rawValue: 1 << 12)
    static let content = ParameterUse(rawValue: 1 << 13)
    static let overwrites = ParameterUse(rawValue: 1 << 14)
    static let wallet = ParameterUse(rawValue: 1 << 15)
    static let method = ParameterUse(rawValue: 1 << 16)
    static let scope = ParameterUse(rawValue: 1 << 17)

    static let names: [String: ParameterUse] = [
        "code": .code, "query": .query, "shell": .shell, "url": .url, "path": .path, "output": .output,
        "recipients": .recipients, "amount": .amount, "recipientaddress": .recipientAddress, "secret": .secret,
        "bulk": .bulk, "action": .action, "paging": .paging, "content": .content, "overwrites": .overwrites,
        "wallet": .wallet, "method": .method, "scope": .scope,
    ]
}

/// The uses of parameters by the hashes of their names.
struct ParameterLexicon: Sendable {
    static let shared = ParameterLexicon()

    private let whole: [UInt64: ParameterUse]
    private let last: [UInt64: ParameterUse]

    private init() {
        whole = Self.table(ParameterTables.whole)
        last = Self.table(ParameterTables.last)
    }

    private static func table(_ text: String) -> [UInt64: ParameterUse] {
        var table: [UInt64: ParameterUse] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let use = ParameterUse.names[String(parts[0])] else {
                continue
            }
            for word in parts[1].split(separator: " ") {
                table[WordHash.of(String(word)), default: []].insert(use)
            }
        }
        return table
    }

    /// What a parameter of this name is for.
    func use(of name: ArraySlice<UInt8>) -> ParameterUse {
        var all = WordHash.start
        var word = WordHash.start
        var previous: UInt8 = 0
        for byte in name.prefix(64) {
            let isCapital = byte &- 0x41 < 26
            let isPart = isCapital || byte &- 0x61 < 26 || byte &- 0x30 < 10
            if !isPart || isCapital && previous &- 0x61 < 26 {
                word = WordHash.start
            }
            if isPart {
                let small = byte | (isCapital ? 0x20 : 0)
                all = WordHash.add(small, to: all)
                word = WordHash.add(small, to: word)
            }
            previous = byte
        }
        return whole[all] ?? last[word] ?? []
    }
}

/// What a tool's schema tells.
struct SchemaReading: Sendable {
    // LIMIT: parameters that are looked at; the largest schema of the public data has 183.
    private static let mostParameters = 128
    // LIMIT: choices of one parameter that are looked at.
    private static let mostChoices = 64

    /// The uses of all parameters together.
    private(set) var uses: ParameterUse = []
    private(set) var signals: [RiskSignal] = []
    private(set) var count = 0
    private(set) var isClosed = false
    /// The acts that an argument can choose, each with the parameter and the choice.
    private(set) var choices: [(act: Sighting, parameter: String)] = []
    /// Whether a parameter chooses an HTTP method that writes.
    private(set) var choosesMethod = false

    init(_ schema: JSONValue?) {
        guard let properties = schema?["properties"], properties.kind == .object else {
            return
        }
        count = properties.count
        var seen = 0
        for member in properties.members {
            seen += 1
            guard seen <= Self.mostParameters else {
                break
            }
            read(member.key, member.value)
        }
        if count > 12 {
            signals.append(RiskSignal(kind: .manyParameters, parameter: String(count)))
        }
    }

    private mutating func read(_ key: JSONString, _ schema: JSONValue) {
        var use = ParameterLexicon.shared.use(of: key.slice)
        guard !use.isEmpty else {
            return
        }
        let isText = schema["type"]?.string?.isEqual(to: "string") ?? (schema["type"] == nil)
        let isList = schema["type"]?.string?.isEqual(to: "array") ?? false
        if !isText, !isList {
            use.subtract([.code, .query, .shell, .url, .path, .output])
        }
        if use.contains(.bulk), !isList {
            use.remove(.bulk)
        }
        let choices = schema["enum"]
        if choices != nil {
            use.subtract([.code, .query, .shell, .path, .url])
        }
        uses.formUnion(use)
        add(signalsFor: use, key)
        if use.contains(.action) {
            read(choices: choices ?? schema["anyOf"]?.element(at: 0)?["enum"], of: key)
        }
    }

    private mutating func read(choices: JSONValue?, of key: JSONString) {
        guard let choices, choices.kind == .array else {
            return
        }
        var seen = 0
        for choice in choices.elements {
            seen += 1
            guard seen <= Self.mostChoices, let text = choice.string?.slice else {
                break
            }
            if text.elementsEqual("POST".utf8) || text.elementsEqual("DELETE".utf8) {
                choosesMethod = true
                continue
            }
            // One word is a verb here even where it is as often a noun: `start`, `run`.
            let reading = NameReading(name: text, server: [], source: .choice)
            if let sighting = reading.strongest, !sighting.isVague, sighting.strength == .firm,
                reading.isOneWord || !sighting.isNounish
            {
                self.choices.append((sighting, key.text))
            }
        }
        if !self.choices.isEmpty {
            signals.append(RiskSignal(kind: .action, parameter: key.text))
        }
    }

    private static let kinds: [(ParameterUse, RiskSignal.Kind)] = [
        (.code, .code), (.query, .query), (.shell, .shell), (.url, .url), (.path, .path), (.output, .outputPath),
        (.recipients, .recipients), (.amount, .amount), (.bulk, .bulk), (.secret, .secret),
    ]

    private mutating func add(signalsFor use: ParameterUse, _ key: JSONString) {
        for (flag, kind) in Self.kinds where use.contains(flag) && signals.count < 16 {
            signals.append(RiskSignal(kind: kind, parameter: key.text))
        }
    }
}
