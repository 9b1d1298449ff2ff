/// A value that must not show up in logs, errors or dumps: every description of it is a mask.
///
/// It keeps accidents from happening; it is no cipher. Whoever needs the value says so by calling ``reveal()``.
public struct Secret<Value: Sendable>: Sendable {
    private let value: Value

    /// Wraps a value that is secret from here on.
    public init(_ value: Value) {
        self.value = value
    }

    /// The value itself, for the one place that has to send or hash it.
    public func reveal() -> Value { value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A mask of constant length.
    public var description: String { "••••••••" }
    /// The same mask.
    public var debugDescription: String { description }
    /// No children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
