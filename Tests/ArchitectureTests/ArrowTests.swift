import TestSupport
import Testing

@Suite("the rooms and their arrows")
struct ArrowTests {
    private let arrows: Arrows

    init() throws {
        let document = try #require(RepositoryFiles.text("docs/architecture.md"))
        arrows = try #require(Arrows(document), "docs/architecture.md has no block fenced as arrows")
    }

    @Test("every import in Sources is an arrow of the drawing")
    func importsFollowTheDrawing() {
        let system: Set<String> = ["Swift", "Synchronization", "Glibc", "Musl", "Darwin", "FoundationEssentials"]
        var files = 0
        for path in RepositoryFiles.files(below: "Sources", suffix: ".swift") where !path.hasPrefix("Sources/C/") {
            let room = String(path.split(separator: "/")[1])
            guard let allowed = arrows.allowed[room] else {
                Issue.record("\(path): the room \(room) is not drawn")
                continue
            }
            files += 1
            for line in (RepositoryFiles.text(path) ?? "").split(separator: "\n") {
                guard let module = String.importedModule(line), !system.contains(module) else {
                    continue
                }
                #expect(allowed.contains(module), "\(path) imports \(module), which is no arrow of \(room)")
            }
        }
        #expect(files > 0)
    }

    @Test("arrows go up only: a room imports what is drawn before it, or a C library")
    func arrowsGoUp() {
        var drawn: Set<String> = []
        for room in arrows.order {
            for target in arrows.allowed[room] ?? [] where !RepositoryFiles.isLibrary(target) {
                #expect(drawn.contains(target), "\(room) → \(target) goes down or in a circle")
            }
            drawn.insert(room)
        }
    }

    @Test("the drawing and the manifest name the same arrows")
    func manifestAgrees() throws {
        let manifest = try #require(RepositoryFiles.text("Package.swift"))
        for room in arrows.order {
            let declared = try #require(Self.declaredArrows(of: room, in: manifest), "the manifest lacks \(room)")
            #expect(declared == arrows.allowed[room], "\(room)")
        }
        for folder in RepositoryFiles.folders(in: "Sources") where folder != "C" {
            #expect(arrows.allowed[folder] != nil, "Sources/\(folder) is not drawn")
        }
    }

    @Test("only pure rooms below the drivers, and only faces import C")
    func facesOfC() {
        let faces: Set<String> = [
            "Cryptography", "Patterns", "YAMLText", "UnicodeText", "EventLoops", "HTTPTransport",
            "ShippedConnectors", "StoreSQLite", "AdminAPI",
        ]
        for (room, targets) in arrows.allowed where !faces.contains(room) {
            #expect(!targets.contains(where: RepositoryFiles.isLibrary), "\(room) imports a C library")
        }
    }

    @Test(
        "the import reader understands every spelling",
        arguments: [
            ("import Base", "Base"), ("public import Base", "Base"), ("@testable import Gateway", "Gateway"),
            ("internal import struct Base.ByteString", "Base"), ("// import Base", nil), ("important()", nil),
        ]
    )
    func importSpellings(line: String, module: String?) {
        #expect(String.importedModule(line[...]) == module)
    }

    /// The string literals behind `room("NAME", […])`, or of the executable's `dependencies`.
    private static func declaredArrows(of room: String, in manifest: String) -> Set<String>? {
        let words = manifest.split(separator: "\"", omittingEmptySubsequences: false)
        guard let index = words.firstIndex(where: { $0 == room }) else {
            return nil
        }
        var result: Set<String> = []
        var position = index + 1
        // A literal's surroundings alternate: code, literal, code … A `]` or `)` in the code ends the list.
        guard words[position].contains("[") else {
            return result
        }
        while position + 1 < words.count {
            result.insert(String(words[position + 1]))
            position += 2
            if words[position].contains("]") {
                return result
            }
        }
        return nil
    }
}

extension RepositoryFiles {
    /// C modules are named `C` and a capital.
    static func isLibrary(_ module: String) -> Bool {
        module.hasPrefix("C") && module.dropFirst().first?.isUppercase == true
    }

    /// The names of the folders in `folder`.
    static func folders(in folder: String) -> Set<String> {
        Set(
            files(below: folder, suffix: "").compactMap { path in
                let parts = path.dropFirst(folder.count + 1).split(separator: "/")
                return parts.count > 1 ? String(parts[0]) : nil
            }
        )
    }
}
