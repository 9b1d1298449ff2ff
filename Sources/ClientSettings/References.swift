public import Base

/// What a client puts in place of `${…}` before it starts a server.
public enum ValueText: Sendable, Hashable {
    /// Text as it is.
    case plain(ByteString)
    /// Exactly the value of one variable, with what stands for it when there is none.
    case variable(ByteString, orElse: ByteString?)
    /// Text with variables in it.
    case mixed([Piece])
    /// What only the client itself can fill in, by the name it has there: a question, a secret of its own.
    case foreign(ByteString)

    /// A part of a mixed text.
    public enum Piece: Sendable, Hashable {
        /// Text as it is.
        case plain(ByteString)
        /// A variable, with what stands for it when there is none.
        case variable(ByteString, orElse: ByteString?)
    }

    /// Reads `${NAME}`, `${NAME:-else}`, `${env:NAME}`, and `$NAME` for Gemini CLI; linear.
    public init(_ text: ByteString, of client: Client) {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        let bytes = text.bytes
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "$"), let (name, end) = Self.name(bytes, at + 1, client) else {
                plain.append(bytes[at])
                at += 1
                continue
            }
            guard let variable = Self.variable(name) else {
                // `${{ secrets.X }}` is `secrets.X`.
                let isEdge = { (byte: UInt8) in byte == 0x20 || byte == 0x7B || byte == 0x7D }
                let bare = name.drop(while: isEdge)
                self = .foreign(ByteString(Array(bare.prefix { !isEdge($0) })))
                return
            }
            if !plain.isEmpty {
                pieces.append(.plain(ByteString(plain)))
                plain = []
            }
            pieces.append(variable)
            at = end
        }
        if !plain.isEmpty {
            pieces.append(.plain(ByteString(plain)))
        }
        switch (pieces.count, pieces.first) {
        case (0, _): self = .plain("")
        case (1, .plain(let text)?): self = .plain(text)
        case (1, .variable(let name, let fallback)?): self = .variable(name, orElse: fallback)
        default: self = .mixed(pieces)
        }
    }

    /// What stands behind a dollar sign, and where it ends; `nil` when it is only a dollar sign.
    private static func name(
        _ bytes: [UInt8],
        _ start: Int,
        _ client: Client
    ) -> (name: ArraySlice<UInt8>, end: Int)? {
        guard start < bytes.count else {
            return nil
        }
        if bytes[start] == UInt8(ascii: "{") {
            guard let close = bytes[start...].firstIndex(of: UInt8(ascii: "}")), close > start + 1 else {
                return nil
            }
            let isDouble = bytes[start + 1] == UInt8(ascii: "{")
            let end =
                isDouble && close + 1 < bytes.count && bytes[close + 1] == UInt8(ascii: "}") ? close + 2 : close + 1
            return (bytes[(start + 1)..<close], end)
        }
        guard client == .geminiCLI else {
            return nil
        }
        let end = bytes[start...].firstIndex { !isName($0) } ?? bytes.count
        return end > start && !(0x30...0x39).contains(bytes[start]) ? (bytes[start..<end], end) : nil
    }

    /// `nil` when it is no variable of the environment.
    private static func variable(_ name: ArraySlice<UInt8>) -> Piece? {
        var rest = name
        if rest.starts(with: "env:".utf8) {
            rest = rest.dropFirst(4)
        }
        let body = rest.prefix { isName($0) }
        let tail = rest.dropFirst(body.count)
        guard !body.isEmpty, tail.isEmpty || tail.starts(with: ":-".utf8) else {
            return nil
        }
        // `${workspaceFolder}` and its like are variables of the editor, not of the environment.
        guard !["workspaceFolder", "userHome", "pathSeparator", "cwd"].contains(where: { body.elementsEqual($0.utf8) })
        else {
            return nil
        }
        return .variable(ByteString(body), orElse: tail.isEmpty ? nil : ByteString(tail.dropFirst(2)))
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The text with every variable filled in; the name of the first that is missing otherwise.
    public func filled(_ lookup: (ByteString) -> ByteString?) -> Result<ByteString, MissingVariable> {
        switch self {
        case .plain(let text): return .success(text)
        case .foreign(let name): return .failure(MissingVariable(name: name))
        case .variable(let name, let fallback): return Self.fill([.variable(name, orElse: fallback)], lookup)
        case .mixed(let pieces): return Self.fill(pieces, lookup)
        }
    }

    private static func fill(
        _ pieces: [Piece],
        _ lookup: (ByteString) -> ByteString?
    ) -> Result<ByteString, MissingVariable> {
        var output: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .plain(let text): output += text.bytes
            case .variable(let name, let fallback):
                guard let value = lookup(name) ?? fallback else {
                    return .failure(MissingVariable(name: name))
                }
                output += value.bytes
            }
        }
        return .success(ByteString(output))
    }
}

/// A variable that is not there.
public struct MissingVariable: Error, Hashable, Sendable {
    /// Its name.
    public let name: ByteString
}
