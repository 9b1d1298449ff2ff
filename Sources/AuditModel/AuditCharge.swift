public import Base
internal import JSONText

/// Names a counter of a policy: what makes two limits count together, rendered once per limit.
public struct AuditCounter: Hashable, Sendable {
    /// How a counter measures time.
    public enum Window: Hashable, Sendable {
        /// Any interval of this many nanoseconds.
        case sliding(nanoseconds: Int64)
        /// A unit of the calendar, by its word (`day`, `month`, …).
        case calendar(ByteString)
    }

    /// The counter's name.
    public let name: ByteString
    /// Its window.
    public let window: Window
    /// Whose calls share it, by its word (`grant`, `member`, …).
    public let scope: ByteString
    /// The path of the argument that splits it, `nil` when none does.
    public let keyPath: ByteString?
    private let bytes: [UInt8]

    /// A counter from its parts.
    public init(name: ByteString, window: Window, scope: ByteString, keyPath: ByteString? = nil) {
        self.name = name
        self.window = window
        self.scope = scope
        self.keyPath = keyPath
        var bytes: [UInt8] = []
        bytes.append(field: #","counter":"#, name)
        switch window {
        case .sliding(let nanoseconds):
            bytes.append(#","sliding_ns":"#)
            bytes.append(decimal: Int(nanoseconds))
        case .calendar(let unit):
            bytes.append(field: #","calendar":"#, unit)
        }
        bytes.append(field: #","scope":"#, scope)
        bytes.append(field: #","key":"#, keyPath)
        self.bytes = bytes
    }

    func append(to output: inout [UInt8]) {
        output.append(contentsOf: bytes)
    }
}

/// One addition to one counter that a call has reserved.
///
/// What splits a counter is the value of an argument, and those are never kept: a row holds a keyed digest of it, made by
/// ``ArgumentDigester/counterValue(_:)``.
public struct AuditCharge: Hashable, Sendable {
    /// Which counter.
    public let counter: AuditCounter
    /// What kind of holder it belongs to, by its word (`grant`, `member`, `server`, …).
    public let holderKind: ByteString
    /// The holder's identifier.
    public let holder: ByteString
    /// The digest of the key's value, `nil` when nothing splits the counter.
    public let value: Digest?
    /// What was added.
    public let amount: ExactDecimal
    /// The calendar window it was added to; `nil` for a sliding counter.
    public let calendarWindow: Range<WallTime>?

    /// The keyed digest of a value, 32 bytes.
    public typealias Digest = ByteString

    /// A charge from its parts.
    public init(
        counter: AuditCounter,
        holderKind: ByteString,
        holder: ByteString,
        value: Digest? = nil,
        amount: ExactDecimal,
        calendarWindow: Range<WallTime>? = nil
    ) {
        self.counter = counter
        self.holderKind = holderKind
        self.holder = holder
        self.value = value
        self.amount = amount
        self.calendarWindow = calendarWindow
    }

    /// The fields that are the same for every charge of this counter and holder, each with its comma.
    func appendParts(to output: inout [UInt8]) {
        counter.append(to: &output)
        output.append(field: #","holder_kind":"#, holderKind)
        output.append(field: #","holder":"#, holder)
    }

    /// What one charge adds to its definition, `number`: amount, window, digest.
    func appendValues(_ number: Int, to output: inout [UInt8]) {
        output.append("[")
        output.append(decimal: number)
        output.append(",")
        amount.appendText(to: &output)
        if let calendarWindow {
            output.append(",")
            output.append(decimal: Int(calendarWindow.lowerBound.milliseconds))
            output.append(",")
            output.append(decimal: Int(calendarWindow.upperBound.milliseconds))
        }
        if let value {
            output.append(#",""#)
            output.append(contentsOf: TextCoding.hexadecimal(value.bytes))
            output.append(#"""#)
        }
        output.append("]")
    }

    /// Reads one element of a whole row's `charges`; `nil` for anything that is not in the format's form.
    init?(_ value: JSONValue) {
        guard let name = value["counter"]?.string, let scope = value["scope"]?.string,
            let holderKind = value["holder_kind"]?.string, let holder = value["holder"]?.string,
            let amount = value["amount"]?.number?.decimal
        else {
            return nil
        }
        let window: AuditCounter.Window
        var calendarWindow: Range<WallTime>?
        if let nanoseconds = value["sliding_ns"]?.number?.int {
            window = .sliding(nanoseconds: Int64(nanoseconds))
        } else if let unit = value["calendar"]?.string, let from = value["from_ms"]?.number?.int,
            let until = value["until_ms"]?.number?.int, from <= until
        {
            window = .calendar(ByteString(unit.bytes))
            calendarWindow = WallTime(milliseconds: Int64(from))..<WallTime(milliseconds: Int64(until))
        } else {
            return nil
        }
        var digest: ByteString?
        if let text = value["value_digest"]?.string {
            guard let bytes = TextCoding.bytes(hexadecimal: text.bytes) else {
                return nil
            }
            digest = ByteString(bytes)
        }
        self.init(
            counter: AuditCounter(
                name: ByteString(name.bytes),
                window: window,
                scope: ByteString(scope.bytes),
                keyPath: (value["key"]?.string).map { ByteString($0.bytes) }
            ),
            holderKind: ByteString(holderKind.bytes),
            holder: ByteString(holder.bytes),
            value: digest,
            amount: amount,
            calendarWindow: calendarWindow
        )
    }
}
