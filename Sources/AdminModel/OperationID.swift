/// Every operation of the admin API by name; what serves them switches over it, so that none is forgotten.
public enum OperationID: String, Hashable, Sendable, CaseIterable {
    // About the API itself.
    case getOpenAPI, getHealth
    // Servers and their tools.
    case listServers, getServer, listServerTools
    // Bundles.
    case listBundles, getBundle
    // Policies.
    case listPolicies, getPolicy, listPolicyVersions, getPolicyVersion
    // Grants.
    case listGrants, getGrant
    // Members.
    case listMembers, getMember
}
