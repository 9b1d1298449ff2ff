public import Base
public import Cryptography
internal import JSONText

/// What the journal's key vouches for: how far a stream had come at a time.
///
/// A line of a file: one JSON object, a tab, 128 digits of an Ed25519 signature, a line feed. What is signed is
/// `toolgate.audit.KIND.v1`, a zero byte, and the object's bytes, so that a statement of one kind is none of another.
public struct AuditStatement: Hashable, Sendable {
    /// What is stated.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Every row up to here is on the disk.
        case checkpoint
        /// The same, for keeping somewhere else.
        case head
        /// Every segment up to here was removed because it was old or there was no more room for it.
        case pruned
    }

    /// What is stated.
    public let kind: Kind
    /// When.
    public let time: WallTime
    /// The machine or installation that states it.
    public let node: ByteString
    /// Of which stream.
    public let stream: AuditStream
    /// The segment the row is in.
    public let segment: UInt64
    /// Bytes of that segment up to the row's end; 0 for what was pruned.
    public let size: Int
    /// The row's number.
    public let sequence: UInt64
    /// The row's digest.
    public let head: Digest256

    /// A statement from its parts.
    public init(
        kind: Kind,
        time: WallTime,
        node: ByteString,
        stream: AuditStream,
        segment: UInt64,
        size: Int,
        sequence: UInt64,
        head: Digest256
    ) {
        self.kind = kind
        self.time = time
        self.node = node
        self.stream = stream
        self.segment = segment
        self.size = size
        self.sequence = sequence
        self.head = head
    }

    /// Appends the signed line.
    public func appendLine(signedWith key: Ed25519.PrivateKey, to output: inout [UInt8]) {
        let object = object
        output.append(contentsOf: object)
        output.append("\t")
        output.append(contentsOf: TextCoding.hexadecimal(key.sign(Self.message(kind, object[...]))))
        output.append("\n")
    }

    private var object: [UInt8] {
        var output: [UInt8] = []
        output.append(#"{"kind":""#)
        output.append(contentsOf: kind.rawValue.utf8)
        output.append(#"","time":""#)
        time.appendRFC3339(to: &output)
        output.append(#"","node":"#)
        output.append(rowText: node.bytes)
        output.append(#","stream":"#)
        output.append(rowText: stream.name)
        output.append(#","segment":"#)
        output.append(count: segment)
        output.append(#","size":"#)
        output.append(decimal: size)
        output.append(#","seq":"#)
        output.append(count: sequence)
        output.append(#","head":""#)
        head.appendHexadecimal(to: &output)
        output.append(#""}"#)
        return output
    }

    private static func message(_ kind: Kind, _ object: ArraySlice<UInt8>) -> [UInt8] {
        Array("toolgate.audit.\(kind.rawValue).v1\0".utf8) + object
    }

    /// Reads an object; `nil` for anything that is not one in the format's form.
    private init?(_ object: ArraySlice<UInt8>) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(Array(object), limits: JSONLimits(maximumBytes: 4_096, maximumDepth: 2))
        } catch {
            return nil
        }
        let json = document.root
        guard let kind = (json["kind"]?.string).flatMap({ Kind(rawValue: $0.text) }),
            let time = (json["time"]?.string).flatMap({ WallTime(rfc3339: $0.bytes) }),
            let node = json["node"]?.string, let stream = (json["stream"]?.string).flatMap({ AuditStream($0.text) }),
            let segment = json["segment"]?.number?.int, segment > 0, let size = json["size"]?.number?.int, size >= 0,
            let sequence = json["seq"]?.number?.int, sequence > 0,
            let head = (json["head"]?.string).flatMap({ Digest256(hexadecimal: $0.bytes[...]) })
        else {
            return nil
        }
        self.init(
            kind: kind,
            time: time,
            node: ByteString(node.bytes),
            stream: stream,
            segment: UInt64(segment),
            size: size,
            sequence: UInt64(sequence),
            head: head
        )
    }
}

extension AuditStatement {
    /// One line of a file of statements, read.
    public enum Line: Hashable, Sendable {
        /// A statement; whether its signature is valid, `nil` when there is no key to ask.
        case statement(AuditStatement, isSigned: Bool?)
        /// A line of another form.
        case malformed
        /// Bytes behind the last line feed.
        case torn
    }

    /// LIMIT: bytes of one line.
    private static let maximumLineBytes = 4_096

    /// Reads a file of statements, line by line, the first being number 1; checks each signature against `key`.
    public static func lines(of bytes: [UInt8], key: Ed25519.PublicKey?) -> [Line] {
        var lines: [Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                lines.append(.torn)
                break
            }
            lines.append(line(rest[..<end], key: key))
            rest = rest[(end + 1)...]
        }
        return lines
    }

    /// The same file without what statements about removed segments make superfluous.
    ///
    /// Checkpoints of rows that are gone, and earlier statements about removed segments; the furthest checkpoint of a
    /// stream stays, and so does every line that is no statement: it is evidence. `pruned` are believed as they are.
    public static func withoutPruned(_ bytes: [UInt8], behind pruned: [AuditStatement]) -> [UInt8] {
        let last = Dictionary(pruned.map { ($0.stream, $0) }) { $0.sequence > $1.sequence ? $0 : $1 }
        var furthest: [AuditStream: UInt64] = [:]
        var lines: [(range: Range<Int>, statement: AuditStatement?)] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
            var found: AuditStatement?
            if case .statement(let statement, _) = line(bytes[start..<max(start, end - 1)], key: nil) {
                found = statement
                if statement.kind == .checkpoint {
                    furthest[statement.stream] = max(furthest[statement.stream] ?? 0, statement.sequence)
                }
            }
            lines.append((start..<end, found))
            start = end
        }
        var kept: [UInt8] = []
        for (range, statement) in lines {
            if let statement, let removed = last[statement.stream] {
                let isOldRemoval = statement.kind == .pruned && statement.segment < removed.segment
                let isOfRemoved = statement.kind == .checkpoint && statement.sequence <= removed.sequence
                if isOldRemoval || isOfRemoved && statement.sequence != furthest[statement.stream] {
                    continue
                }
            }
            kept += bytes[range]
        }
        return kept
    }

    private static func line(_ line: ArraySlice<UInt8>, key: Ed25519.PublicKey?) -> Line {
        guard line.count <= maximumLineBytes, line.count > 129, line[line.endIndex - 129] == UInt8(ascii: "\t") else {
            return .malformed
        }
        let object = line[..<(line.endIndex - 129)]
        // Two halves of 64 digits each, so that capitals are refused here as everywhere.
        let digits = line[(line.endIndex - 128)...]
        guard let first = Digest256(hexadecimal: digits.prefix(64)),
            let second = Digest256(hexadecimal: digits.suffix(64)), let statement = AuditStatement(object)
        else {
            return .malformed
        }
        let isSigned = key.map { $0.isValid(first.bytes + second.bytes, for: message(statement.kind, object)) }
        return .statement(statement, isSigned: isSigned)
    }
}
