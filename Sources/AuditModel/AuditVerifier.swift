public import Cryptography

/// Checks a journal from its files' bytes alone: the chain, its links over segments, signed statements, kept heads.
///
/// Pure: the caller reads files. Memory is that of one segment and the statements.
public struct AuditVerifier {
    private let key: Ed25519.PublicKey?
    private let heads: [AuditStatement]
    private var result = AuditVerification()

    /// What a read file turned out to be.
    public enum Source {
        /// Its bytes.
        case bytes([UInt8])
        /// It could not be read, in the system's words.
        case unreadable(String)
    }

    /// A verification under the journal's public key, `nil` to leave signatures unchecked; `heads` is the content of a file
    /// made by `toolgate audit head` and kept elsewhere, empty for none.
    public init(key: Ed25519.PublicKey?, heads: [UInt8] = []) {
        self.key = key
        var kept: [AuditStatement] = []
        for (index, line) in AuditStatement.lines(of: heads, key: key).enumerated() {
            if case .statement(let statement, let isSigned) = line, statement.kind == .head, isSigned != false {
                kept.append(statement)
            } else {
                let meaning = "the kept head on line \(index + 1) is damaged or not signed with this journal's key"
                result.add(AuditFinding(.fault, meaning))
            }
        }
        self.heads = kept
    }

    /// Checks the journal whose folder has the files `names`; `read` is asked for one after the other.
    public consuming func verify(names: [String], read: (String) -> Source) -> AuditVerification {
        var segments: [AuditStream: [UInt64]] = [:]
        var hasStatements = false
        for name in names {
            switch JournalName(name) {
            case .segment(let stream, let number): segments[stream, default: []].append(number)
            case .statements: hasStatements = true
            case .cut, nil: break
            }
        }
        let statements = hasStatements ? readStatements(read) : []
        noteKey(hasStatements: hasStatements)
        let claimed = (statements + heads).map(\.stream)
        for stream in Set(segments.keys).union(claimed).sorted() {
            var run = StreamVerifier(
                stream: stream,
                statements: statements.filter { $0.stream == stream },
                heads: heads.filter { $0.stream == stream },
                isKeyed: key != nil,
                names: Set(names),
                result: result
            )
            run.verify((segments[stream] ?? []).sorted(), read)
            result = run.result
        }
        if segments.isEmpty {
            result.add(AuditFinding(.fault, "there is not one segment here: is this the folder of a journal?"))
        }
        return result
    }

    private mutating func noteKey(hasStatements: Bool) {
        guard key == nil, hasStatements || !heads.isEmpty else {
            return
        }
        result.add(AuditFinding(.note, "signatures were not checked, because there is no public key"))
    }

    private mutating func readStatements(_ read: (String) -> Source) -> [AuditStatement] {
        let file = JournalName.statementsName
        guard case .bytes(let bytes) = read(file) else {
            result.add(AuditFinding(.fault, file: file, "cannot be read"))
            return []
        }
        var statements: [AuditStatement] = []
        for (index, line) in AuditStatement.lines(of: bytes, key: key).enumerated() {
            switch line {
            case .statement(let statement, isSigned: true), .statement(let statement, isSigned: nil):
                statements.append(statement)
            case .statement(_, isSigned: false):
                result.add(AuditFinding(.fault, file: file, line: index + 1, "the signature is not valid"))
            case .malformed:
                result.add(AuditFinding(.fault, file: file, line: index + 1, "the line is no signed statement"))
            case .torn:
                result.add(AuditFinding(.note, file: file, line: index + 1, "the last line is incomplete"))
            }
        }
        return statements
    }
}
