import Administration
import Base
import EventLoops
import Stores

/// One record as it is now; lists make one ``ShownRecords`` for all.
extension Records {
    private var faces: ShownRecords {
        get throws(StoreError) { try ShownRecords(self, now: SystemTime().wallTime) }
    }

    func shown(_ server: ServerRecord) throws(StoreError) -> ShownRecord {
        try faces.record(of: server)
    }

    func shown(_ servers: [ServerRecord]) throws(StoreError) -> [ShownRecord] {
        let faces = try faces
        var shown: [ShownRecord] = []
        for server in servers {
            shown.append(try faces.record(of: server))
        }
        return shown
    }

    func shown(_ bundle: BundleRecord) throws(StoreError) -> ShownRecord {
        try faces.record(of: bundle)
    }

    func shown(_ bundles: [BundleRecord]) throws(StoreError) -> [ShownRecord] {
        let faces = try faces
        return bundles.map { faces.record(of: $0) }
    }

    func shown(_ policy: PolicyRecord, version: PolicyVersion? = nil) throws(StoreError) -> ShownRecord {
        try faces.record(of: policy, version: version)
    }

    func shown(_ policies: [PolicyRecord]) throws(StoreError) -> [ShownRecord] {
        let faces = try faces
        var shown: [ShownRecord] = []
        for policy in policies {
            shown.append(try faces.record(of: policy))
        }
        return shown
    }

    func shown(_ member: MemberRecord) throws(StoreError) -> ShownRecord {
        try faces.record(of: member)
    }

    func shown(_ members: [MemberRecord]) throws(StoreError) -> [ShownRecord] {
        let faces = try faces
        return members.map { faces.record(of: $0) }
    }
}
