import ClientSettings

#if canImport(Glibc)
import Glibc
#endif

/// A settings file that is there, read or refused.
struct FoundFile: Sendable {
    let client: Client
    let path: String
    let content: Result<ClientFile, SettingsFault>
}

/// Looks where clients keep their settings; reads, and never writes.
enum SettingsFinder {
    // LIMIT: settings files of one folder of them.
    private static let mostInFolder = 100

    /// The files of a home folder, of projects, and those named; a named one that is not there is an error.
    static func files(_ invocation: Invocation) throws(CommandFailure) -> [FoundFile] {
        let named = invocation.all("config")
        var files: [FoundFile] = []
        for path in named {
            guard let client = try clientOption(invocation) ?? SettingsPlace.client(of: FileAccess.absolute(path))
            else {
                throw .usage("whose settings `\(path)` are cannot be told by its name: say it with `--client`")
            }
            guard let file = try read(path, of: client) else {
                throw .environment("there is no file `\(path)`")
            }
            files.append(file)
        }
        if named.isEmpty || invocation.isOn("home") {
            files += try places(SettingsPlace.ofHome, below: try home(invocation))
        }
        let projects = invocation.all("project")
        let isHere = named.isEmpty && !invocation.isOn("home") && projects.isEmpty
        for project in isHere ? ["."] : projects {
            for file in try places(SettingsPlace.ofProject, below: FileAccess.absolute(project)) {
                // A project may be the home folder itself.
                if !files.contains(where: { $0.path == file.path }) {
                    files.append(file)
                }
            }
        }
        return files
    }

    private static func clientOption(_ invocation: Invocation) throws(CommandFailure) -> Client? {
        invocation.value("client").flatMap { Client(rawValue: $0) }
    }

    private static func home(_ invocation: Invocation) throws(CommandFailure) -> String {
        guard let home = invocation.value("home") ?? invocation.console.environment["HOME"], !home.isEmpty else {
            throw .usage("HOME is not set: say where to look with `--home DIR`")
        }
        return FileAccess.absolute(home)
    }

    private static func places(_ places: [SettingsPlace], below root: String) throws(CommandFailure) -> [FoundFile] {
        var files: [FoundFile] = []
        for place in places {
            let path = "\(root)/\(place.path)"
            let paths = place.isFolder ? settings(in: path) : [path]
            for path in paths {
                if let file = try read(path, of: place.client) {
                    files.append(file)
                }
            }
        }
        return files
    }

    /// `nil` when there is none; what is no plain file is broken, for reading it might never end.
    private static func read(_ path: String, of client: Client) throws(CommandFailure) -> FoundFile? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return FoundFile(client: client, path: path, content: .failure(.unreadable("not a plain file")))
        }
        do throws(FileProblem) {
            let bytes = try FileAccess.read(path, maximumBytes: ClientFile.mostBytes)
            do throws(SettingsFault) {
                let file = try ClientFile(bytes, of: client, format: SettingsFormat(path: path))
                return FoundFile(client: client, path: path, content: .success(file))
            } catch {
                return FoundFile(client: client, path: path, content: .failure(error))
            }
        } catch {
            return FoundFile(client: client, path: path, content: .failure(.unreadable(error.reason)))
        }
    }

    /// The settings files of a folder, by name.
    private static func settings(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else {
            return []
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while names.count < mostInFolder, let entry = unsafe readdir(directory) {
            // SAFETY: readdir's entry holds a NUL-terminated name and stays until the next call on this directory.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if [".yaml", ".yml", ".json"].contains(where: { name.hasSuffix($0) }) {
                names.append(name)
            }
        }
        return names.sorted().map { "\(folder)/\($0)" }
    }
}
