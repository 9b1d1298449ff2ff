// swift-tools-version: 6.2
import PackageDescription

// The graph is the design: docs/architecture.md, "The rooms". Tests/ArchitectureTests compares the two.

func systemLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func room(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    tests: [Target.Dependency] = [],
    data: [String] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.byName(name: name), "TestSupport"] + dependencies + tests,
            path: "Tests/\(name)Tests",
            exclude: data
        ),
    ]
}

// 0: C libraries, straight from the distribution.
let libraries: [Target] = [
    systemLibrary("CUV", pkgConfig: "libuv", apt: "libuv1-dev"),
    systemLibrary("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
    systemLibrary("CArgon2", pkgConfig: "libargon2", apt: "libargon2-dev"),
    systemLibrary("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
    systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
    systemLibrary("CICU", pkgConfig: "icu-i18n", apt: "libicu-dev"),
    .target(
        name: "CRE2",
        path: "Sources/C/CRE2",
        linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]
    ),
    // The shipped connectors' files, embedded.
    .target(name: "CConnectors", path: "Sources/C/CConnectors"),
    // The console's files, embedded.
    .target(name: "CConsole", path: "Sources/C/CConsole"),
]

// 1: what everything stands on, and the only importers of the C libraries that are pure.
let foundations: [Target] =
    room("Base")
    + room("Cryptography", ["Base", "CArgon2", "COpenSSL"])
    + room("Patterns", ["Base", "CRE2"])
    + room("YAMLText", ["Base", "CYAML"])
    + room("UnicodeText", ["Base", "CICU"])

// 2: pure rooms. No I/O, no clock, no task.
let pure: [Target] =
    room("JSONText", ["Base"])
    + room("JSONSchema", ["Base", "JSONText", "Patterns"])
    + room("HTTPWire", ["Base"])
    + room("MCPModel", ["Base", "JSONText", "UnicodeText"])
    + room("OAuthModel", ["Base", "JSONText", "Cryptography"])
    + room("RateLimits", ["Base"])
    + room("PolicyEngine", ["Base", "JSONText", "JSONSchema", "Patterns", "UnicodeText", "RateLimits", "Cryptography"])
    + room("Settings", ["Base", "JSONText", "YAMLText"])
    + room("AuditModel", ["Base", "JSONText", "Cryptography"])
    + room(
        "ConnectorModel",
        ["Base", "JSONSchema", "JSONText", "Patterns", "Settings", "UnicodeText", "YAMLText"]
    )
    + room("ShippedConnectors", ["Base", "CConnectors", "ConnectorModel"])
    + room("ToolCatalogue", ["Base", "JSONText", "PolicyEngine"], data: ["Data"])
    + room("ClientSettings", ["Base", "YAMLText"], data: ["Data"])
    + room("StackReport", ["Base", "ClientSettings", "JSONText", "ToolCatalogue"])
    + room("AdminModel", ["Base", "JSONText"])

// 3: the outside world.
let drivers: [Target] =
    room("EventLoops", ["Base", "CUV"])
    + room("HTTPTransport", ["Base", "EventLoops", "HTTPWire", "COpenSSL"])
    + room("Secrets", ["Base", "Cryptography"])
    + room("AuditJournal", ["Base", "Cryptography", "EventLoops", "AuditModel"], tests: ["JSONText"])
    + room("Stores", ["Base", "Cryptography", "JSONText", "Secrets", "Settings"], tests: ["StoreContract"])
    + room("Provisioning", ["Base", "JSONText", "Secrets", "Settings", "Stores"])
    + room(
        "Administration",
        ["Base", "JSONText", "PolicyEngine", "Secrets", "Settings", "Stores", "ToolCatalogue"]
    )
    + room("People", ["Base", "Cryptography", "Secrets", "Settings", "Stores"], tests: ["StoreContract"])
    + room("StoreSQLite", ["Base", "Stores", "CSQLite"], tests: ["StoreContract", "Secrets", "Settings"])
    + room("CatalogueSQLite", ["Base", "JSONText", "StoreSQLite", "Stores", "ToolCatalogue"])

// 4: the product.
let product: [Target] =
    room(
        "Upstreams",
        ["Base", "ConnectorModel", "EventLoops", "HTTPTransport", "HTTPWire", "JSONText", "MCPModel", "OAuthModel"]
    )
    + room(
        "Gateway",
        [
            "AuditJournal", "AuditModel", "Base", "ConnectorModel", "Cryptography", "EventLoops", "HTTPTransport",
            "HTTPWire", "JSONText", "JSONSchema", "MCPModel", "OAuthModel", "PolicyEngine", "RateLimits", "Secrets",
            "Settings", "ShippedConnectors", "Stores", "Upstreams", "UnicodeText",
        ]
    )

// 5: what people see of it: the admin API, and what it has in common with the command line.
let administration: [Target] = room(
    "AdminAPI",
    [
        "AdminModel", "Administration", "AuditModel", "Base", "CConsole", "Cryptography", "EventLoops", "HTTPTransport",
        "HTTPWire", "JSONText", "People", "PolicyEngine", "Secrets", "Settings", "ShippedConnectors", "ConnectorModel",
        "Stores", "ToolCatalogue",
    ]
)

// 6: the command line, and what only tests use.
let outer: [Target] = [
    .executableTarget(
        name: "toolgate",
        dependencies: [
            "AdminAPI", "Administration", "AuditJournal", "AuditModel", "Base", "CatalogueSQLite", "ClientSettings",
            "ConnectorModel", "Cryptography", "EventLoops", "Gateway", "HTTPTransport", "HTTPWire", "JSONText",
            "JSONSchema", "MCPModel", "OAuthModel",
            "People", "PolicyEngine", "Provisioning",
            "RateLimits", "Secrets", "Settings", "ShippedConnectors", "StackReport", "StoreSQLite", "Stores",
            "ToolCatalogue",
            "Upstreams", "YAMLText",
        ]
    ),
    .target(name: "TestSupport", dependencies: ["Base"], path: "Tests/TestSupport"),
    .target(
        name: "StoreContract",
        dependencies: ["Base", "Secrets", "Settings", "Stores", "TestSupport"],
        path: "Tests/StoreContract"
    ),
    .testTarget(
        name: "toolgateTests",
        dependencies: [
            "toolgate", "TestSupport", "Administration", "AuditJournal", "AuditModel", "Base", "Cryptography",
            "EventLoops", "Gateway",
            "HTTPTransport", "HTTPWire", "JSONText", "MCPModel", "People", "PolicyEngine", "Provisioning", "Secrets",
            "Settings",
            "ConnectorModel", "ShippedConnectors", "StoreSQLite", "Stores", "Upstreams", "YAMLText",
        ],
        path: "Tests/toolgateTests"
    ),
    .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], path: "Tests/ArchitectureTests"),
]

// Only `scripts/bench` asks for it: normal builds do not see it.
let benchmarks: [Target] =
    Context.environment["TOOLGATE_BENCH"] == nil
    ? []
    : [
        .executableTarget(
            name: "Micro",
            dependencies: ["Base", "HTTPWire", "JSONText", "MCPModel", "PolicyEngine", "RateLimits"],
            path: "Benchmarks/Micro"
        ),
        .executableTarget(
            name: "CatalogueBench",
            dependencies: ["Base", "CatalogueSQLite", "JSONText", "ToolCatalogue"],
            path: "Benchmarks/Catalogue"
        ),
    ]

// 7: what the fuzzers call, replayed by an ordinary test; the fuzzer itself only for scripts/fuzz, which has its runtime.
let fuzzRooms: [Target.Dependency] = [
    "AuditModel", "Base", "ConnectorModel", "Cryptography", "HTTPWire", "JSONSchema", "JSONText", "MCPModel",
    "OAuthModel", "PolicyEngine", "Settings", "ShippedConnectors", "ToolCatalogue", "Upstreams", "YAMLText",
]
let fuzzing: [Target] =
    [
        .target(name: "FuzzTargets", dependencies: fuzzRooms, path: "Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"], path: "Tests/FuzzTests"),
    ]
    + (Context.environment["TOOLGATE_FUZZ"] == nil
        ? []
        : [
            .target(name: "CFuzzer", path: "Fuzz/CFuzzer"),
            .executableTarget(name: "Fuzz", dependencies: ["FuzzTargets", "CFuzzer"], path: "Fuzz/Runner"),
        ])

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "toolgate",
    products: [.executable(name: "toolgate", targets: ["toolgate"])],
    targets: libraries + foundations + pure + drivers + product + administration + outer + benchmarks + fuzzing,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

for target in package.targets
where target.type != .system && !["CConnectors", "CConsole", "CRE2", "CFuzzer"].contains(target.name) {
    let isTest =
        target.type == .test
        || ["TestSupport", "StoreContract", "Micro", "CatalogueBench", "FuzzTargets", "Fuzz"].contains(target.name)
    target.swiftSettings = isTest ? settings : settings + [.strictMemorySafety()]
}
