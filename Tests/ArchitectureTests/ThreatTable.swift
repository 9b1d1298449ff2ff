/// One row of docs/threats.md.
struct ThreatRow: Equatable {
    let id: String
    let isStopped: Bool

    private static let states: Set<Substring> = ["stopped", "partly", "later", "remains", "not reachable"]

    /// The rows of a document's tables; `nil` when there are none, or one of them is not `| id | threat | state | where |`.
    static func table(_ document: String) -> [ThreatRow]? {
        var rows: [ThreatRow] = []
        for line in document.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.drop { $0 == " " }.trimmingEnd() }
            guard let id = cells.first, id != "id" else {
                continue
            }
            guard cells.count == 4, ThreatID.isThreatID(id), states.contains(cells[2]) else {
                return nil
            }
            rows.append(ThreatRow(id: String(id), isStopped: cells[2] == "stopped"))
        }
        return rows.isEmpty ? nil : rows
    }

    /// The ids of stopped threats that no test carries, in the order of the table.
    static func unproven(_ rows: [ThreatRow], by proven: Set<String>) -> [String] {
        rows.filter { $0.isStopped && !proven.contains($0.id) }.map(\.id)
    }
}

/// Reads ids of threats out of the names of tests.
enum ThreatID {
    /// A letter of our tables and a number.
    static func isThreatID(_ text: Substring) -> Bool {
        guard let letter = text.first, "ABCDEFGHKLM".contains(letter) else {
            return false
        }
        let digits = text.dropFirst()
        return digits.first != "0" && !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    /// What stands before the colon of `@Test("C1, C2: sentence")`, ids of other lists left out.
    ///
    /// Tests that are switched off prove nothing.
    static func provenBySwift(_ source: String) -> Set<String> {
        var ids: Set<String> = []
        var isInComment = false
        let parts = source.split(separator: "@Test(", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let code = part.drop(while: \.isWhitespace)
            if index > 0, !isInComment, code.first == "\"", !part.attribute.contains(".disabled(") {
                let name = code.dropFirst().prefix { $0 != "\"" && $0 != "\n" }
                if let colon = name.firstIndex(of: ":") {
                    let words = name[..<colon].split(separator: ", ", omittingEmptySubsequences: false)
                    ids.formUnion(words.filter(isThreatID).map(String.init))
                }
            }
            isInComment = part.split(separator: "\n", omittingEmptySubsequences: false).last?.contains("//") == true
        }
        return ids
    }

    /// The words behind `test` of `def test_c1_c2_sentence` that are ids.
    static func provenByPython(_ source: String) -> Set<String> {
        var ids: Set<String> = []
        for line in source.split(separator: "\n") {
            let code = line.drop { $0 == " " }
            guard code.hasPrefix("def test_") else {
                continue
            }
            let words = code.dropFirst("def test_".count).split(separator: "_", omittingEmptySubsequences: false)
            ids.formUnion(words.lazy.map { $0.uppercased() }.prefix { isThreatID($0[...]) })
        }
        return ids
    }
}

extension Substring {
    /// What of a test's text belongs to its attribute: all before its function.
    fileprivate var attribute: Substring {
        split(separator: "func ", maxSplits: 1, omittingEmptySubsequences: false).first ?? self
    }

    fileprivate func trimmingEnd() -> Substring {
        guard let last = lastIndex(where: { $0 != " " }) else {
            return self[endIndex...]
        }
        return self[...last]
    }
}
