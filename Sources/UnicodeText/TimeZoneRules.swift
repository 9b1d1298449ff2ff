public import Base
internal import CICU

/// A unit of the calendar that a window can be aligned to; weeks begin on Monday.
public enum CalendarUnit: Hashable, Sendable, CaseIterable {
    /// A second of the local clock.
    case second
    /// A minute of the local clock.
    case minute
    /// An hour of the local clock.
    case hour
    /// From local midnight to the next.
    case day
    /// Seven days from Monday.
    case week
    /// From the first of the month to the next.
    case month
}

/// The clock of one IANA time zone: offsets, local dates, and where calendar units begin and end.
///
/// All changes of the zone are read from ICU once, into a sorted table; afterwards it is a value without ICU behind
/// it, safe on any thread and fast enough for every call (a binary search).
public struct TimeZoneRules: Sendable {
    /// Coordinated Universal Time.
    public static let utc = TimeZoneRules(name: "UTC", segments: [Segment(start: .min, offset: 0)])

    /// The name it was made from.
    public let name: ByteString

    /// A stretch of time with one offset, which ends where the next begins.
    ///
    /// INVARIANT: there is at least one; the first starts at `Int.min`.
    struct Segment: Hashable {
        /// Seconds since the epoch.
        let start: Int
        /// Seconds east of UTC.
        let offset: Int
    }
    let segments: [Segment]

    private init(name: ByteString, segments: [Segment]) {
        self.name = name
        self.segments = segments
    }

    /// The rules of a zone of the IANA database by its exact name, links included (`Europe/Lisbon`, `UTC`).
    ///
    /// `nil` for everything else: unknown names (which ICU alone would take for GMT), offsets such as `GMT+3`, and the
    /// three-letter names that only ICU knows and that mean different zones to different people (`IST`, `PST`).
    public init?(iana name: ByteString) {
        guard !name.isEmpty, name.count <= 64, name.bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            !Self.isOnlyICU(name), let segments = Self.readSegments(name)
        else {
            return nil
        }
        self.init(name: name, segments: segments)
    }

    /// Seconds east of UTC that the zone's clocks show at `time`.
    public func offsetSeconds(at time: WallTime) -> Int {
        segments[segmentIndex(at: Self.seconds(time))].offset
    }

    /// The local date, and the seconds since midnight that the local clock shows, at `time`.
    public func localDate(at time: WallTime) -> (date: CivilDate, secondsOfDay: Int) {
        let local = Self.seconds(time) + offsetSeconds(at: time)
        let (day, secondsOfDay) = local.flooredDivision(by: 86_400)
        return (CivilDate(daysSinceEpoch: day), secondsOfDay)
    }

    /// When the unit that contains `time` began.
    public func startOf(_ unit: CalendarUnit, containing time: WallTime) -> WallTime {
        window(unit, containing: time).lowerBound
    }

    /// When the unit after the one that contains `time` begins; always later than `time`.
    public func startOf(_ unit: CalendarUnit, after time: WallTime) -> WallTime {
        window(unit, containing: time).upperBound
    }

    /// The unit that contains `time`, from its first millisecond to the first of the next.
    ///
    /// The windows of one unit tile time without gaps or overlaps. A day begins when the local clock first shows its
    /// midnight or later: where clocks skip midnight it begins after the gap, and where they go back over midnight it
    /// does not begin twice. An hour that the clocks repeat is two windows; a change by part of an hour ends the hour
    /// it falls in. Times beyond the year 275760 count as its end.
    public func window(_ unit: CalendarUnit, containing time: WallTime) -> Range<WallTime> {
        let seconds = Self.seconds(time)
        let bounds =
            switch unit {
            case .second: (start: seconds, end: seconds + 1)
            case .minute: clockWindow(length: 60, containing: seconds)
            case .hour: clockWindow(length: 3_600, containing: seconds)
            case .day, .week, .month: dateWindow(unit, containing: seconds)
            }
        return WallTime(milliseconds: Int64(bounds.start) * 1_000)..<WallTime(milliseconds: Int64(bounds.end) * 1_000)
    }
}

// MARK: - Arithmetic

extension TimeZoneRules {
    /// The rules of the Gregorian calendar repeat after 400 years, weekdays included.
    private static let cycle = 146_097 * 86_400
    /// 2500-01-01: the table ends here, later times are looked up in the 400 years before it.
    private static let horizon = 530 * 365 * 86_400 + 129 * 86_400

    /// Seconds since the epoch, clamped to ±8.64e12 so that no later sum can overflow.
    private static func seconds(_ time: WallTime) -> Int {
        let limit = 8_640_000_000_000
        return min(max(Int(time.milliseconds.flooredDivision(by: 1_000).quotient), -limit), limit)
    }

    /// Whole cycles to take off `seconds` to land inside the table.
    private static func cyclesBeyondTable(_ seconds: Int) -> Int {
        seconds < horizon ? 0 : (seconds - horizon) / cycle + 1
    }

    private func segmentIndex(at seconds: Int) -> Int {
        let wanted = seconds - Self.cyclesBeyondTable(seconds) * Self.cycle
        var low = 0
        var high = segments.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if segments[middle].start <= wanted {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }

    private func clockWindow(length: Int, containing seconds: Int) -> (start: Int, end: Int) {
        let index = segmentIndex(at: seconds)
        let shift = Self.cyclesBeyondTable(seconds) * Self.cycle
        let offset = segments[index].offset
        var start = seconds - (seconds + offset).flooredDivision(by: length).remainder
        var end = start + length
        if index > 0, !(offset - segments[index - 1].offset).isMultiple(of: length) {
            start = max(start, segments[index].start + shift)
        }
        if index + 1 < segments.count, !(segments[index + 1].offset - offset).isMultiple(of: length) {
            end = min(end, segments[index + 1].start + shift)
        }
        return (start, end)
    }

    private func dateWindow(_ unit: CalendarUnit, containing seconds: Int) -> (start: Int, end: Int) {
        let offset = segments[segmentIndex(at: seconds)].offset
        let day = (seconds + offset).flooredDivision(by: 86_400).quotient
        var first = Self.firstDay(of: unit, containing: day)
        var next = Self.firstDay(of: unit, after: first)
        var end = midnight(ofDay: next)
        // Where clocks went back over midnight, the unit that has begun stays; where they skipped days, so does its end.
        while end <= seconds {
            first = next
            next = Self.firstDay(of: unit, after: first)
            end = midnight(ofDay: next)
        }
        return (midnight(ofDay: first), end)
    }

    private static func firstDay(of unit: CalendarUnit, containing day: Int) -> Int {
        let date = CivilDate(daysSinceEpoch: day)
        return switch unit {
        case .week: day - (date.weekday - 1)
        case .month: day - (date.day - 1)
        default: day
        }
    }

    private static func firstDay(of unit: CalendarUnit, after first: Int) -> Int {
        switch unit {
        case .week: return first + 7
        case .month:
            let date = CivilDate(daysSinceEpoch: first)
            return first + CivilDate.days(inMonth: date.month, ofYear: date.year)
        default: return first + 1
        }
    }

    /// The first second at which the local clock shows midnight of `day` or later.
    private func midnight(ofDay day: Int) -> Int {
        let local = day * 86_400
        // No zone is further than 26 hours from UTC, and none ever jumped more than a day.
        let from = local - 3 * 86_400
        let shift = Self.cyclesBeyondTable(from) * Self.cycle
        var index = segmentIndex(at: from)
        while index + 1 < segments.count {
            let candidate = max(segments[index].start, local - shift - segments[index].offset)
            if candidate < segments[index + 1].start {
                return candidate + shift
            }
            index += 1
        }
        return local - segments[index].offset
    }
}

// MARK: - Reading ICU

extension TimeZoneRules {
    /// Names that ICU answers to although the IANA database has no such zone.
    private static func isOnlyICU(_ name: ByteString) -> Bool {
        if name.isEqual(to: "Etc/Unknown") || name.bytes.hasPrefix("SystemV/") {
            return true
        }
        let own: [ByteString] = [
            "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT", "IET", "IST",
            "JST", "MIT", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST",
        ]
        return own.contains(name)
    }

    /// Every change of offset before ``horizon``, in order; `nil` for a zone ICU does not have.
    private static func readSegments(_ name: ByteString) -> [Segment]? {
        let zone = name.bytes.map { UInt16($0) }
        let length = Int32(zone.count)
        // SAFETY: ICU reads `length` units of the buffer during the call.
        let isKnown = unsafe zone.withUnsafeBufferPointer { buffer in
            unsafe toolgate_icu_is_system_zone(buffer.baseAddress, length)
        }
        guard isKnown else {
            return nil
        }
        var status = U_ZERO_ERROR
        // SAFETY: as above; the calendar is used by this function alone and closed at its end.
        let opened = unsafe zone.withUnsafeBufferPointer { buffer in
            unsafe toolgate_icu_calendar_open(buffer.baseAddress, length, &status)
        }
        guard let calendar = unsafe opened else {
            return nil
        }
        defer { unsafe toolgate_icu_calendar_close(calendar) }
        // 1800-01-01, before any zone's first entry.
        var time: Int64 = -5_364_662_400_000
        var segments: [Segment] = []
        var start = Int.min
        // LIMIT: no zone has more than some 1,300 changes before 2500; the bound only guards against a broken library.
        for _ in 0..<10_000 {
            let offset = Int(unsafe toolgate_icu_offset(calendar, time, &status)) / 1_000
            guard status.isSuccess else {
                return nil
            }
            if segments.last?.offset != offset {
                segments.append(Segment(start: start, offset: offset))
            }
            let hasNext = unsafe toolgate_icu_next_transition(calendar, &time, &status)
            guard status.isSuccess else {
                return nil
            }
            let next = Int(time) / 1_000
            guard hasNext, next < horizon else {
                return segments
            }
            start = next
        }
        return nil
    }
}
