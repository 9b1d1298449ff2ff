/// The program under test, as built beside the tests: what supervises the child processes that tests start.
public enum ToolgateProgram {
    /// Its absolute path.
    public static var path: String {
        let runner = CommandLine.arguments[0]
        let folder = runner.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return "\(folder)/toolgate"
    }
}
