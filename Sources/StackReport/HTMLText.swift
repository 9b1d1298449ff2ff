/// Text on its way into a page.
enum HTMLText {
    /// Text as HTML takes it, in content and in quoted attributes alike; what cannot be seen is spelled out.
    ///
    /// Cut to so many characters; linear.
    static func escaped(_ text: String, atMost limit: Int = 300) -> String {
        var output = ""
        for scalar in ReportText.visible(text, atMost: limit).unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// The same of a text of several lines, for `pre`.
    static func lines(_ text: String, atMost limit: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0), atMost: limit) }
            .joined(separator: "\n")
    }
}
