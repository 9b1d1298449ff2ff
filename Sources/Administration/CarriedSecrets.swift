public import Base
internal import Settings
public import Stores

extension ServerRecord {
    /// The headers whose secret would go along to another address without anybody having said so (G5).
    ///
    /// A sealed credential is bound to its address and stays behind; a variable or a file of this machine is not, and who
    /// may edit a server is not always who may know its secrets. A program is named on this machine only, by whoever may
    /// read them.
    ///
    /// - Parameters:
    ///   - old: the server as it was.
    ///   - named: what was set in the same change, in any case of letters.
    /// - Returns: their names; empty for a program, and when the address is the one it was.
    public func secretsCarried(from old: ServerRecord, exceptFor named: [ByteString]) -> [ByteString] {
        guard case .http = upstream, upstream.origin != old.upstream.origin else {
            return []
        }
        let said = Set(named.map { $0.text.lowercased() })
        return headers.filter { header in
            switch header.source {
            case .environment, .file: !said.contains(header.name.text.lowercased())
            case .open, .stored: false
            }
        }.map(\.name)
    }
}
