import TestSupport
import Testing

@Suite("the table of threats and the tests that prove it")
struct ThreatTests {
    @Test("every threat marked stopped has a test whose name begins with its id")
    func stoppedThreatsAreTested() throws {
        let rows = try #require(ThreatRow.table(RepositoryFiles.text("docs/threats.md") ?? ""))
        let proven = Self.provenIDs()
        #expect(proven.count > 50, "the tests were not found")
        #expect(ThreatRow.unproven(rows, by: proven) == [])
    }

    @Test("every id that a test claims is a row of the table, and no row is left out of its letter")
    func idsAreRows() throws {
        let rows = try #require(ThreatRow.table(RepositoryFiles.text("docs/threats.md") ?? ""))
        var next: [Character: Int] = [:]
        for row in rows {
            let letter = try #require(row.id.first)
            #expect(row.id == "\(letter)\(next[letter, default: 0] + 1)", "the rows of \(letter) have a gap or a twin")
            next[letter, default: 0] += 1
        }
        #expect(next == ["A": 15, "B": 10, "C": 12, "D": 12, "E": 12, "F": 10, "G": 6, "H": 8, "K": 5, "L": 4, "M": 3])
        #expect(Self.provenIDs().subtracting(rows.map(\.id)).sorted() == [])
    }

    @Test("a stopped threat without a test is found, one in another state is not asked for")
    func unprovenThreatsAreFound() throws {
        let table = """
            | id | threat | state | where |
            |---|---|---|---|
            | C1 | two lengths | stopped | `HTTPWire` |
            | C12 | forged addresses | stopped | nowhere |
            | E1 | poisoned definitions | later | the scanner |
            """
        let rows = try #require(ThreatRow.table(table))
        #expect(ThreatRow.unproven(rows, by: ["C1", "E1"]) == ["C12"])
        #expect(ThreatRow.unproven(rows, by: ["C12"]) == ["C1"])
        #expect(ThreatRow.unproven(rows, by: ["C1", "C12"]) == [])
    }

    @Test(
        "a row of another state than the known ones, or with a column too few, is no table",
        arguments: [
            "| C1 | two lengths | Stopped | `HTTPWire` |", "| C1 | two lengths | mostly | `HTTPWire` |",
            "| C1 | two lengths | stopped |", "",
        ]
    )
    func tablesAreStrict(row: String) {
        #expect(ThreatRow.table(row) == nil)
    }

    @Test(
        "the names of Swift tests give the ids before their colon",
        arguments: [
            (#"@Test("C1: two lengths")"#, ["C1"]), ("@Test(\n    \"A13: names\",\n    arguments: [1])", ["A13"]),
            (#"@Test("C1, C2: both")"#, ["C1", "C2"]), (#"@Test("A7, MS-05: joined with another list's")"#, ["A7"]),
            (#"@Test("an answer to C1")"#, []), (#"@Test("C1 without a colon")"#, []), (#"// @Test("C1: said")"#, []),
            (#"@Test("C1: off", .disabled("slow"))"#, []), (#"@Suite("C1: a suite")"#, []), (#"@Test func c1()"#, []),
        ]
    )
    func swiftNames(source: String, ids: [String]) {
        #expect(ThreatID.provenBySwift(source) == Set(ids))
    }

    @Test(
        "the names of Python tests give the ids they begin with",
        arguments: [
            ("def test_c1_every_request():", ["C1"]), ("def test_a5_a6_documents(target):", ["A5", "A6"]),
            ("    def test_c1_inside():", ["C1"]), ("def test_a_client():", []), ("def tests_c1_x():", []),
            ("# def test_c1_x():", []), ("def test_every_c1():", []),
        ]
    )
    func pythonNames(source: String, ids: [String]) {
        #expect(ThreatID.provenByPython(source) == Set(ids))
    }

    private static func provenIDs() -> Set<String> {
        var ids: Set<String> = []
        for path in RepositoryFiles.files(below: "Tests", suffix: ".swift") where !path.hasSuffix("/ThreatTests.swift")
        {
            ids.formUnion(ThreatID.provenBySwift(RepositoryFiles.text(path) ?? ""))
        }
        for path in RepositoryFiles.files(below: "Tests", suffix: ".py") {
            ids.formUnion(ThreatID.provenByPython(RepositoryFiles.text(path) ?? ""))
        }
        return ids
    }
}
