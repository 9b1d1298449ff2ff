import Administration
import Base
import Testing

@testable import toolgate

@Suite("tables, records and times as commands print them")
struct TextTableTests {
    @Test("columns are aligned by characters, the last one has no blanks behind it")
    func aligned() {
        let table = TextTable(headings: ["NAME", "N"], rows: [["сделка", "1"], ["ab", "22"]])
        #expect(table.lines(width: nil) == ["NAME    N", "сделка  1", "ab      22"])
    }

    @Test("E9: a cell is one line without anything a terminal acts on, whoever wrote it")
    func hostile() {
        let table = TextTable(headings: ["A", "B"], rows: [["x\ny\tz\u{1B}[2J", "\u{202E}evil"]])
        let line = table.lines(width: nil)[1]
        #expect(line == "x\\ny\\tz\\u001b[2J  \\u202eevil")
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
    }

    @Test("no line is wider than the terminal, the widest columns give first, and no cell is wider than 64")
    func bounded() {
        let long = String(repeating: "a", count: 200)
        let table = TextTable(headings: ["SHORT", "LONG", "LONGER"], rows: [["id-1", long, long]])
        #expect(table.lines(width: nil)[1].count == 5 + 2 + 64 + 2 + 64)
        for width in [40, 60, 80, 120] {
            let lines = table.lines(width: width)
            #expect(lines.allSatisfy { $0.count <= width }, "\(width)")
            #expect(lines[1].hasPrefix("id-1   a"))
            #expect(lines[1].contains("…"))
        }
        #expect(TextTable(headings: [], rows: []).lines(width: 40) == [""])
    }

    @Test("a record is an object for programs and lines for people, and tells what is different")
    func record() {
        let old = ShownRecord([
            ("name", .text("a\"b")), ("count", .number(2)), ("ends", .absent("never")),
            ("tags", .list([.text("x"), .text("y")])), ("on", .flag(true)), ("state", .word("s", line: "so and so")),
        ])
        let json = #"{"name":"a\"b","count":2,"ends":null,"tags":["x","y"],"on":true,"state":"s"}"# + "\n"
        #expect(String(decoding: old.json, as: UTF8.self) == json)
        #expect(
            old.lines == [
                "name   a\"b", "count  2", "ends   never", "tags   x", "       y", "on     yes", "state  so and so",
            ]
        )
        let new = ShownRecord([
            ("name", .text("a\"b")), ("ends", .time(WallTime(milliseconds: 1_800_000_000_123))),
        ])
        #expect(new.differences(from: old) == ["ends: never -> 2027-01-15T08:00:00Z"])
    }

    @Test(
        "lengths of time have a number and a unit",
        arguments: [("90s", 90), ("15m", 900), ("1h", 3_600), ("7d", 604_800)]
    )
    func lengths(text: String, seconds: Int) {
        #expect(LengthOfTime.parse(text) == .seconds(seconds))
    }

    @Test(
        "what is no length of time is none",
        arguments: ["", "s", "1", "1w", "-1s", "1.5h", "1h30m", "٣s", "99999999999999999999d", "999999999d", " 1s"]
    )
    func noLengths(text: String) {
        #expect(LengthOfTime.parse(text) == nil)
    }
}
