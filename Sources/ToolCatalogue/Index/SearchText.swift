/// How texts become the words that are searched for; the same for what is kept and what is asked.
public enum SearchText {
    /// Changes whenever the words of a text could; what was kept by another one has to be written anew.
    public static let version = 1

    // LIMIT: bytes of a text that can be found by.
    private static let mostBytes = 1_024

    /// Words with blanks between them: names cut at capitals and marks, signs of scripts without blanks one by one.
    public static func words(_ text: some Collection<UInt8>) -> String {
        String(decoding: wordBytes(Array(text.prefix(mostBytes))[...]), as: UTF8.self)
    }

    /// The same as bytes, at once where all is ASCII.
    public static func wordBytes(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        let part = text.prefix(mostBytes)
        out.reserveCapacity(part.count + 16)
        var wasSmall = false
        for byte in part {
            guard byte < 0x80 else {
                return foreignWords(part)
            }
            let isCapital = byte &- 0x41 < 26
            let isSmall = byte &- 0x61 < 26
            guard isCapital || isSmall || byte &- 0x30 < 10 else {
                wasSmall = false
                space(&out)
                continue
            }
            if isCapital, wasSmall {
                space(&out)
            }
            out.append(byte)
            wasSmall = isSmall
        }
        return out
    }

    private static func foreignWords(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var wasSmall = false
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let properties = scalar.properties
            guard scalar != "\u{fffd}", properties.isAlphabetic || properties.numericType != nil else {
                wasSmall = false
                space(&out)
                continue
            }
            let isSign = scalar.value >= 0x2e80 && !(0xff00...0xffef).contains(scalar.value)
            if isSign || properties.isUppercase && wasSmall {
                space(&out)
            }
            out += Array(String(scalar).utf8)
            if isSign {
                space(&out)
            }
            wasSmall = properties.isLowercase
        }
        return out
    }

    @inline(__always)
    private static func space(_ out: inout [UInt8]) {
        if let last = out.last, last != 0x20 {
            out.append(0x20)
        }
    }

    /// The words of what filters ask for, none of which a text can have.
    public static func facets(
        category: RiskCategory?,
        severity: RiskSeverity?,
        publisher: String,
        transport: String
    ) -> [String] {
        var facets: [String] = []
        if let category {
            facets.append("xc" + category.rawValue.lowercased())
        }
        if let severity {
            facets.append("xs" + severity.rawValue.lowercased())
        }
        if !publisher.isEmpty {
            facets.append("xp" + code(publisher))
        }
        if !transport.isEmpty {
            facets.append("xt" + code(transport))
        }
        return facets
    }

    /// One word for any text, case aside.
    private static func code(_ text: String) -> String {
        var hash = WordHash.start
        for byte in text.lowercased().utf8 {
            hash = WordHash.add(byte, to: hash)
        }
        return String(hash, radix: 36)
    }

    /// What is asked, as expressions of FTS5: first those that look for it in names, then anywhere.
    ///
    /// Empty when nothing that could be found is asked for.
    public static func expressions(_ query: CatalogueQuery) -> [String] {
        let facets = facets(
            category: query.category,
            severity: query.severity,
            publisher: query.publisher ?? "",
            transport: query.transport ?? ""
        )
        let filter =
            facets.isEmpty ? nil : "facets : (\(facets.map { "\"\($0)\"" }.joined(separator: " AND ")))"
        let words = self.words(query.text.utf8).split(separator: " ").prefix(CatalogueQuery.mostWords)
        guard !words.isEmpty else {
            // Marks alone find nothing, nothing at all finds what the filters admit.
            return query.text.contains { $0 != " " } ? [] : filter.map { [$0] } ?? []
        }
        // Only letters and digits are left, so nothing in them can end the quotation.
        let all = words.map { "\"\($0)\"" }.joined(separator: " AND ")
        return ["words", "{words description}"].map { columns in
            [filter, "\(columns) : (\(all))"].compactMap(\.self).joined(separator: " AND ")
        }
    }
}
