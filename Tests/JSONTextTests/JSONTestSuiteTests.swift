import JSONText
import TestSupport
import Testing

/// Reads, or says why not.
func refusal(_ bytes: [UInt8], limits: JSONLimits = .default) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONDocument(bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

func refusal(_ text: String, limits: JSONLimits = .default) -> JSONError? {
    refusal(Array(text.utf8), limits: limits)
}

func value(_ text: String) throws -> JSONValue {
    try JSONDocument(Array(text.utf8)).root
}

@Suite("JSONTestSuite")
struct JSONTestSuiteTests {
    private static let folder = "json/JSONTestSuite"

    private static func files(_ prefix: String) throws -> [(name: String, bytes: [UInt8])] {
        try Corpora.list(folder).filter { $0.hasPrefix(prefix) }.map { ($0, try Corpora.read("\(folder)/\($0)")) }
    }

    @Test("Q4: all 95 texts that must be accepted are JSON to the reader's grammar", .needsCorpora)
    func accepted() throws {
        var grammar = JSONLimits.default
        grammar.isGrammarOnly = true
        let files = try Self.files("y_")
        #expect(files.count == 95)
        for (name, bytes) in files {
            #expect(refusal(bytes, limits: grammar) == nil, "\(name)")
        }
    }

    @Test("A1: of those, the reader for requests refuses only duplicate keys and U+0000", .needsCorpora)
    func refusedOnPurpose() throws {
        let purpose: [String: JSONErrorReason] = [
            "y_object_duplicated_key.json": .duplicateKey,
            "y_object_duplicated_key_and_value.json": .duplicateKey,
            "y_object_escaped_null_in_key.json": .nullCharacter,
            "y_string_null_escape.json": .nullCharacter,
        ]
        for (name, bytes) in try Self.files("y_") {
            #expect(refusal(bytes)?.reason == purpose[name], "\(name)")
        }
    }

    @Test("Q4: all 188 texts that must be rejected are", .needsCorpora)
    func rejected() throws {
        let files = try Self.files("n_")
        #expect(files.count == 188)
        for (name, bytes) in files {
            #expect(refusal(bytes) != nil, "\(name)")
            var grammar = JSONLimits.default
            grammar.isGrammarOnly = true
            #expect(refusal(bytes, limits: grammar) != nil, "\(name)")
        }
    }

    @Test("A5: the 35 texts left to the implementation are read as tabled, and no other way", .needsCorpora)
    func tabled() throws {
        let files = try Self.files("i_")
        #expect(files.count == 35)
        #expect(Set(files.map(\.name)) == Set(Self.table.keys))
        for (name, bytes) in files {
            #expect(refusal(bytes)?.reason == Self.table[name]?.reason, "\(name)")
        }
    }

    private enum Decision {
        case accept
        case refuse(JSONErrorReason)

        var reason: JSONErrorReason? {
            if case .refuse(let reason) = self { reason } else { nil }
        }
    }

    /// Numbers of any size are numbers, whatever a double makes of them: the policy decides whether they are ambiguous.
    ///
    /// Text that is not exactly UTF-8 without byte order mark is nothing.
    private static let table: [String: Decision] = [
        "i_number_double_huge_neg_exp.json": .accept,
        "i_number_huge_exp.json": .accept,
        "i_number_neg_int_huge_exp.json": .accept,
        "i_number_pos_double_huge_exp.json": .accept,
        "i_number_real_neg_overflow.json": .accept,
        "i_number_real_pos_overflow.json": .accept,
        "i_number_real_underflow.json": .accept,
        "i_number_too_big_neg_int.json": .accept,
        "i_number_too_big_pos_int.json": .accept,
        "i_number_very_big_negative_int.json": .accept,
        "i_object_key_lone_2nd_surrogate.json": .refuse(.loneSurrogate),
        "i_string_1st_surrogate_but_2nd_missing.json": .refuse(.loneSurrogate),
        "i_string_1st_valid_surrogate_2nd_invalid.json": .refuse(.loneSurrogate),
        "i_string_UTF-16LE_with_BOM.json": .refuse(.byteOrderMark),
        "i_string_UTF-8_invalid_sequence.json": .refuse(.invalidUTF8),
        "i_string_UTF8_surrogate_U+D800.json": .refuse(.invalidUTF8),
        "i_string_incomplete_surrogate_and_escape_valid.json": .refuse(.loneSurrogate),
        "i_string_incomplete_surrogate_pair.json": .refuse(.loneSurrogate),
        "i_string_incomplete_surrogates_escape_valid.json": .refuse(.loneSurrogate),
        "i_string_invalid_lonely_surrogate.json": .refuse(.loneSurrogate),
        "i_string_invalid_surrogate.json": .refuse(.loneSurrogate),
        "i_string_invalid_utf-8.json": .refuse(.invalidUTF8),
        "i_string_inverted_surrogates_U+1D11E.json": .refuse(.loneSurrogate),
        "i_string_iso_latin_1.json": .refuse(.invalidUTF8),
        "i_string_lone_second_surrogate.json": .refuse(.loneSurrogate),
        "i_string_lone_utf8_continuation_byte.json": .refuse(.invalidUTF8),
        "i_string_not_in_unicode_range.json": .refuse(.invalidUTF8),
        "i_string_overlong_sequence_2_bytes.json": .refuse(.invalidUTF8),
        "i_string_overlong_sequence_6_bytes.json": .refuse(.invalidUTF8),
        "i_string_overlong_sequence_6_bytes_null.json": .refuse(.invalidUTF8),
        "i_string_truncated-utf-8.json": .refuse(.invalidUTF8),
        "i_string_utf16BE_no_BOM.json": .refuse(.unexpectedByte),
        "i_string_utf16LE_no_BOM.json": .refuse(.unexpectedByte),
        "i_structure_500_nested_arrays.json": .refuse(.tooDeep),
        "i_structure_UTF-8_BOM_empty_object.json": .refuse(.byteOrderMark),
    ]
}
