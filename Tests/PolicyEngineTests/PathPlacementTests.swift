import TestSupport
import Testing

@testable import PolicyEngine

@Suite struct PathPlacementTests {
    private func place(_ path: String) -> String? {
        PathPlacement.normalise(Array(path.utf8)).map { components in
            "/" + components.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        }
    }

    @Test(
        "B4: a path is placed whatever it is written with",
        arguments: [
            ("/srv/data/x", "/srv/data/x"),
            ("/", "/"),
            ("//srv///data/", "/srv/data"),
            ("/srv/./data/.", "/srv/data"),
            ("/srv/data/../../etc", "/etc"),
            ("/../../x", "/x"),
            ("/srv/data/..", "/srv"),
            ("/srv/%2e%2e/x", "/x"),
            ("/srv/%252e%252e/x", "/x"),
            ("/srv/%25252525252e%2E/x", "/x"),
            ("/srv/%%32%65%2e/x", "/x"),
            ("/srv\\..\\x", "/x"),
            ("/srv/%5c..%5cx", "/x"),
            ("\\srv\\x", "/srv/x"),
            ("%2fsrv", "/srv"),
            ("\\\\server\\share", "/server/share"),
            ("/srv/...", "/srv/..."),
            ("/srv/ .. /x", "/srv/ .. /x"),
            ("/srv/a;b?c#d", "/srv/a;b?c#d"),
            ("/srv/é", "/srv/é"),
            ("/srv/%C3%A9", "/srv/é"),
            ("/SRV", "/SRV"),
            ("/..%2f..%2fx", "/x"),
        ]
    )
    func places(path: String, expected: String) {
        #expect(place(path) == expected)
    }

    @Test(
        "B4: what cannot be placed is not placed",
        arguments: [
            "", "srv", "./srv", "../srv", "~", "~/x", "C:\\x", "C:/x", "file:///x", " /srv", "/srv/%", "/srv/%2",
            "/srv/%zz",
            "/srv/%25", "/srv/100%25", "/srv/%00", "/srv/\u{0}", "/srv/%2500", "/srv/%FF", "/srv/%C3", "/srv/%C0%AE",
            "/srv/%ED%A0%80", "%2e%2e/srv",
        ]
    )
    func refuses(path: String) {
        #expect(place(path) == nil)
    }

    @Test(
        "a path lies in a directory by whole components",
        arguments: [
            ("/srv/data", "/srv/data", true),
            ("/srv/data/", "/srv/data", true),
            ("/srv/data/x/y", "/srv/data/", true),
            ("/srv/database", "/srv/data", false),
            ("/srv", "/srv/data", false),
            ("/srv/Data/x", "/srv/data", false),
            ("/anything", "/", true),
            ("/", "/", true),
            ("/srv/data/../secret", "/srv/data", false),
            ("/srv/data/%2e%2e/secret", "/srv/data", false),
            ("/srv/data\u{301}/x", "/srv/data", false),
        ]
    )
    func isWithin(path: String, directory: String, expected: Bool) throws {
        let placed = try #require(PathPlacement(Array(path.utf8)))
        let place = try #require(PathPlacement(Array(directory.utf8)))
        #expect(placed.isWithin(place) == expected)
        #expect(placed.isWithin([place]) == expected)
        #expect(!placed.isWithin([]))
    }

    @Test("H3: nested escapes and long runs of dots are placed in linear time")
    func isLinear() {
        let growth = ProcessorTime.growth(from: 1_000, by: 16) { count in
            let nested = "/%" + String(repeating: "25", count: count) + "2e"
            let climbing = String(repeating: "/a", count: count) + String(repeating: "/..", count: count)
            #expect(place(nested) == "/")
            #expect(place(climbing) == "/")
        }
        // 16 is linear, 256 quadratic.
        #expect(growth < 64)
    }
}
