import Administration
import Base
import StoreSQLite
import Stores
import ToolCatalogue

/// The tools of a server of the store, as they were accepted.
enum AcceptedTools {
    /// The definitions that were accepted, never what waits to be.
    static func of(_ name: String, _ invocation: Invocation) throws(CommandFailure) -> [DescribedTool] {
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            throw .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
        }
        let wanted = ByteString(name)
        let pins = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in
                let server = try reader.server(named: wanted)
                return try server.map { server throws(StoreError) in try reader.pins(of: server.id) }
            }
        }
        guard let pins else {
            throw .refused(
                "there is no server `\(DefinitionText.visible(name))`: `toolgate server list` shows what there is"
            )
        }
        let tools = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try AcceptedDefinitions(pins, of: wanted).described()
        }
        guard !tools.isEmpty else {
            throw .refused(
                "no tools of `\(DefinitionText.visible(name))` were accepted yet: `toolgate server tools"
                    + " --list` lists it"
            )
        }
        return tools
    }
}
