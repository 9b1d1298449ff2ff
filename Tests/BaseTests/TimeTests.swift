import Base
import Testing

@Suite("time")
struct TimeTests {
    @Test(
        "RFC 3339 is read and written",
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2026-11-21T02:00:00.000Z", 1_795_226_400_000),
            ("1969-12-31T23:59:59.999Z", -1), ("2000-02-29T12:30:45.678Z", 951_827_445_678),
            ("0001-01-01T00:00:00.000Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ]
    )
    func readAndWritten(text: String, milliseconds: Int) {
        #expect(WallTime(rfc3339: text.utf8) == WallTime(milliseconds: Int64(milliseconds)))
        #expect(WallTime(milliseconds: Int64(milliseconds)).description == text)
    }

    @Test(
        "offsets and fractions are understood",
        arguments: [
            ("2026-11-21T04:00:00+02:00", 1_795_226_400_000), ("2026-11-20T20:30:00.5-05:30", 1_795_226_400_500),
            ("2026-11-21t02:00:00.123456789z", 1_795_226_400_123), ("2026-11-21T01:59:60Z", 1_795_226_400_000),
        ]
    )
    func offsets(text: String, milliseconds: Int) {
        #expect(WallTime(rfc3339: text.utf8) == WallTime(milliseconds: Int64(milliseconds)))
    }

    @Test(
        "what is not RFC 3339 is refused",
        arguments: [
            "", "2026-11-21", "2026-11-21T02:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z", "2026-11-21T02:00:00.Z", "2026-11-21T02:00:00Z ", "+026-11-21T02:00:00Z",
            "2026-11-21 02:00:00Z", "0000-01-01T00:00:00Z",
        ]
    )
    func refused(text: String) {
        #expect(WallTime(rfc3339: text.utf8) == nil)
    }

    @Test("days and dates agree over four hundred years and more")
    func days() {
        for day in stride(from: -800_000, through: 800_000, by: 13) {
            #expect(CivilDate(daysSinceEpoch: day).daysSinceEpoch == day)
        }
        #expect(CivilDate(year: 1970, month: 1, day: 1).weekday == 4)
        #expect(CivilDate(year: 2026, month: 11, day: 21).weekday == 6)
        #expect(CivilDate(year: 1969, month: 12, day: 28).weekday == 7)
    }
}
