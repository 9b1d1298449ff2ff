import Base
import Testing
import UnicodeText

@Suite struct TimeZoneRulesTests {
    private func time(_ text: String) throws -> WallTime {
        try #require(WallTime(rfc3339: Array(text.utf8)))
    }

    private func zone(_ name: StaticString) throws -> TimeZoneRules {
        try #require(TimeZoneRules(iana: ByteString(stringLiteral: name)))
    }

    @Test(
        "names that the IANA database does not have are refused",
        arguments: [
            "", "Nowhere", "Europe/Lisbonn", "europe/lisbon", "GMT+3", "UTC+1", "+01:00", "PST", "IST", "Etc/Unknown",
            "Europe/Lisbon ", "Europe/Lisbon\u{0}", "Европа/Москва", "../etc/localtime", "SystemV/PST8",
        ]
    )
    func refusesUnknown(name: String) {
        #expect(TimeZoneRules(iana: ByteString(name)) == nil)
    }

    @Test(
        "names of the IANA database are known, links too",
        arguments: [
            "UTC", "Etc/UTC", "GMT", "Europe/Lisbon", "Asia/Kolkata", "Asia/Calcutta", "EST", "Etc/GMT+5", "CET",
        ]
    )
    func knows(name: String) {
        #expect(TimeZoneRules(iana: ByteString(name))?.name == ByteString(name))
    }

    @Test(
        "offsets follow the zone's changes",
        arguments: [
            ("Europe/Lisbon", "2026-01-15T12:00:00Z", 0),
            ("Europe/Lisbon", "2026-03-29T00:59:59.999Z", 0),
            ("Europe/Lisbon", "2026-03-29T01:00:00Z", 3_600),
            ("Europe/Lisbon", "2026-10-25T00:59:59.999Z", 3_600),
            ("Europe/Lisbon", "2026-10-25T01:00:00Z", 0),
            ("America/New_York", "2026-07-01T00:00:00Z", -14_400),
            ("America/New_York", "2826-07-01T00:00:00Z", -14_400),
            ("America/New_York", "9999-12-31T23:59:59Z", -18_000),
            ("Asia/Kolkata", "2026-07-01T00:00:00Z", 19_800),
            ("Asia/Kathmandu", "2026-07-01T00:00:00Z", 20_700),
            ("Australia/Lord_Howe", "2026-07-01T00:00:00Z", 37_800),
            ("Europe/Amsterdam", "0001-01-01T00:00:00Z", 1_050),
            ("UTC", "2026-07-01T00:00:00Z", 0),
        ] as [(StaticString, String, Int)]
    )
    func offsets(name: StaticString, at text: String, expected: Int) throws {
        if name.description == "Europe/Amsterdam" {
            // Local mean time differs between editions of the database; only that it is a small odd offset is asked.
            #expect((500...1_500).contains(try zone(name).offsetSeconds(at: try time(text))))
        } else {
            #expect(try zone(name).offsetSeconds(at: try time(text)) == expected)
        }
    }

    @Test("the local date and clock are the zone's")
    func localDates() throws {
        let (date, seconds) = try zone("Pacific/Auckland").localDate(at: time("2026-12-31T11:30:00Z"))
        #expect(date == CivilDate(year: 2027, month: 1, day: 1))
        #expect(seconds == 1_800)
    }

    @Test(
        "a unit begins and ends where the local calendar says",
        arguments: [
            ("UTC", .second, "2026-11-21T02:03:04.567Z", "2026-11-21T02:03:04.000Z", "2026-11-21T02:03:05.000Z"),
            ("UTC", .minute, "2026-11-21T02:03:04.567Z", "2026-11-21T02:03:00.000Z", "2026-11-21T02:04:00.000Z"),
            ("Asia/Kolkata", .hour, "2026-11-21T02:03:04Z", "2026-11-21T01:30:00.000Z", "2026-11-21T02:30:00.000Z"),
            ("UTC", .day, "2026-11-21T00:00:00.000Z", "2026-11-21T00:00:00.000Z", "2026-11-22T00:00:00.000Z"),
            // Lisbon: 23 hours in spring, 25 in autumn.
            ("Europe/Lisbon", .day, "2026-03-29T12:00:00Z", "2026-03-29T00:00:00.000Z", "2026-03-29T23:00:00.000Z"),
            ("Europe/Lisbon", .day, "2026-10-25T12:00:00Z", "2026-10-24T23:00:00.000Z", "2026-10-26T00:00:00.000Z"),
            ("Europe/Lisbon", .hour, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00.000Z", "2026-10-25T01:00:00.000Z"),
            ("Europe/Lisbon", .hour, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000Z"),
            ("UTC", .week, "2026-11-21T02:00:00Z", "2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            ("UTC", .week, "2026-11-16T00:00:00Z", "2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            ("Europe/Lisbon", .week, "2026-10-25T23:59:59Z", "2026-10-18T23:00:00.000Z", "2026-10-26T00:00:00.000Z"),
            (
                "America/New_York", .month, "2026-11-21T02:00:00Z", "2026-11-01T04:00:00.000Z",
                "2026-12-01T05:00:00.000Z"
            ),
            ("UTC", .month, "2028-02-29T23:59:59.999Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
            ("UTC", .month, "1969-12-31T23:59:59.999Z", "1969-12-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
            // Midnight skipped: the day begins at 01:00. Clocks back over midnight: the new day does not begin twice.
            ("America/Sao_Paulo", .day, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00.000Z", "2018-11-05T02:00:00.000Z"),
            ("America/Havana", .day, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"),
            ("America/St_Johns", .day, "2006-10-29T02:45:00Z", "2006-10-29T02:30:00.000Z", "2006-10-30T03:30:00.000Z"),
            // Samoa had no 30 December 2011.
            ("Pacific/Apia", .day, "2011-12-30T09:00:00Z", "2011-12-29T10:00:00.000Z", "2011-12-30T10:00:00.000Z"),
            ("Pacific/Apia", .day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00.000Z", "2011-12-31T10:00:00.000Z"),
            // Half an hour of daylight saving cuts the hour it falls in.
            (
                "Australia/Lord_Howe", .hour, "2026-10-03T15:40:00Z", "2026-10-03T15:30:00.000Z",
                "2026-10-03T16:00:00.000Z"
            ),
            ("Europe/Lisbon", .day, "2930-03-31T12:00:00Z", "2930-03-30T23:00:00.000Z", "2930-03-31T23:00:00.000Z"),
        ] as [(StaticString, CalendarUnit, String, String, String)]
    )
    func windows(name: StaticString, unit: CalendarUnit, at text: String, start: String, end: String) throws {
        let rules = try zone(name)
        let moment = try time(text)
        #expect(rules.startOf(unit, containing: moment).description == start)
        #expect(rules.startOf(unit, after: moment).description == end)
    }

    @Test(
        "windows tile time: each contains its moment and ends where the next begins",
        arguments: [
            "UTC", "Europe/Lisbon", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe", "America/St_Johns",
            "Africa/Casablanca", "Asia/Manila", "Pacific/Kwajalein", "Antarctica/Troll", "Africa/Monrovia",
        ] as [StaticString]
    )
    func tiles(name: StaticString) throws {
        let rules = try zone(name)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            let moment = WallTime(
                milliseconds: Int64.random(in: -5_000_000_000_000...20_000_000_000_000, using: &generator)
            )
            for unit in CalendarUnit.allCases {
                let window = rules.window(unit, containing: moment)
                #expect(window.contains(moment))
                #expect(rules.window(unit, containing: window.upperBound).lowerBound == window.upperBound)
                let last = WallTime(milliseconds: window.upperBound.milliseconds - 1)
                #expect(rules.window(unit, containing: last) == window)
            }
        }
    }

    @Test("H4: the ends of time trap nowhere")
    func extremes() throws {
        for name: StaticString in ["UTC", "Europe/Lisbon", "Pacific/Apia"] {
            let rules = try zone(name)
            for milliseconds in [Int64.min, Int64.min + 1, -1, 0, Int64.max - 1, Int64.max] {
                let moment = WallTime(milliseconds: milliseconds)
                _ = rules.localDate(at: moment)
                for unit in CalendarUnit.allCases {
                    #expect(rules.startOf(unit, containing: moment) < rules.startOf(unit, after: moment))
                }
            }
        }
    }
}
