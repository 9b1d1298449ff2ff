internal import Base
internal import Settings
public import Stores

/// Brings a store to what a configuration file says (`toolgate apply`), and back (`toolgate export`).
public enum Provisioning {
    /// Does what a plan says, in one change: all of it, or nothing.
    ///
    /// - Throws: ``StoreError/conflict(expected:found:)`` when the store has changed since the plan was made.
    public static func apply(
        _ plan: ProvisionPlan,
        to store: some Store,
        by author: Author
    ) throws(StoreError) {
        guard !plan.isEmpty else {
            return
        }
        try store.change(by: author, expecting: plan.revision) { writer throws(StoreError) in
            for step in plan.steps {
                try perform(step, writer)
            }
        }
    }

    private static func perform(_ step: ProvisionPlan.Step, _ writer: StoreWriter) throws(StoreError) {
        switch step {
        case .saveMember(let member): try writer.save(member)
        case .saveServer(let server): try writer.save(server)
        case .savePolicy(let policy): try writer.save(policy)
        case .addVersion(let source, let digest, let policy):
            try writer.add(version: source, digest: digest, to: policy)
        case .saveBundle(let bundle): try writer.save(bundle)
        case .saveGrant(let grant): try writer.save(grant)
        case .rotate(let grant, let digest): try writer.rotate(grant: grant, to: digest, overlap: .zero)
        case .removeGrant(let grant): try writer.remove(grant: grant)
        case .removeBundle(let bundle): try writer.remove(bundle: bundle)
        case .removePolicy(let policy): try writer.remove(policy: policy)
        case .removeServer(let server): try writer.remove(server: server)
        }
    }
}
