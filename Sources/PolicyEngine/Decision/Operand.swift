import Base

/// A value a condition looks at that is no argument.
enum Operand {
    case text(ByteString)
    case whole(Int)
}
