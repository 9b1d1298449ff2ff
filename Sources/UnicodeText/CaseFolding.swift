internal import CICU

/// Unicode's toNFKC_Casefold: the one folding of the policy language and of near-miss keys (DerivedNormalizationProps,
/// section 3.13 of the Unicode Standard).
///
/// Each scalar is mapped, default ignorable ones are dropped, the result is in NFC. Safe on any thread: ICU's
/// normaliser is one immutable instance.
public enum CaseFolding {
    /// The folded form of valid UTF-8, as UTF-8; invalid UTF-8 comes back as it was.
    ///
    /// O(`utf8.count`), but O(n log n) in runs of combining marks. Text that is all ASCII never reaches ICU.
    public static func folded(_ utf8: [UInt8]) -> [UInt8] {
        folded(utf8, longestRun: 64)
    }

    /// Whether two texts fold to the same bytes.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left == right || folded(left) == folded(right)
    }

    /// Folds with `longestRun` as the longest run without a boundary that ICU is trusted with.
    ///
    /// ICU puts combining marks in order by insertion, which is quadratic in the run (measured: 640 KB of alternating
    /// marks, 130 s). Texts with a longer run are mapped and ordered here first, so that ICU finds them in order.
    static func folded(_ utf8: [UInt8], longestRun: Int) -> [UInt8] {
        if utf8.allSatisfy({ $0 < 0x80 }) {
            return utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        }
        // LIMIT: 64 MiB of text keep every length below Int32; no request is that large.
        guard utf8.count <= 64 << 20, let text = String(validating: utf8, as: UTF8.self),
            let normaliser = CasefoldNormaliser()
        else {
            return utf8
        }
        var units = Array(text.utf16)
        if normaliser.hasRun(longerThan: longestRun, in: text.unicodeScalars) {
            guard let ordered = normaliser.mappedAndOrdered(text.unicodeScalars) else {
                return utf8
            }
            units = ordered
        }
        guard let normalised = normaliser.normalised(units) else {
            return utf8
        }
        return Array(String(decoding: normalised, as: UTF16.self).utf8)
    }
}

/// ICU's normaliser for toNFKC_Casefold.
@safe private struct CasefoldNormaliser {
    private let handle: OpaquePointer

    init?() {
        var status = U_ZERO_ERROR
        // SAFETY: the instance is a singleton of the library, immutable and never freed.
        guard let handle = unsafe toolgate_icu_casefold_normaliser(&status), status.isSuccess else {
            return nil
        }
        unsafe self.handle = handle
    }

    func normalised(_ units: [UInt16]) -> [UInt16]? {
        // SAFETY: ICU reads and writes within the buffers and lengths given.
        unsafe ICUBuffer.filled(capacity: units.count + 16, zero: UInt16(0)) { output, status in
            unsafe units.withUnsafeBufferPointer { input in
                unsafe toolgate_icu_normalise(
                    handle,
                    input.baseAddress,
                    Int32(input.count),
                    output.baseAddress,
                    Int32(output.count),
                    &status
                )
            }
        }
    }

    /// Whether more than `limit` scalars follow each other without a boundary of normalisation between them.
    func hasRun(longerThan limit: Int, in scalars: String.UnicodeScalarView) -> Bool {
        var run = 0
        for scalar in scalars {
            // SAFETY: a lookup in immutable data.
            if unsafe scalar.isASCII || toolgate_icu_has_boundary_before(handle, UChar32(scalar.value)) {
                run = 0
            }
            run += 1
            if run > limit {
                return true
            }
        }
        return false
    }

    /// Every scalar's full mapping, with combining marks in canonical order; `nil` when ICU fails.
    func mappedAndOrdered(_ scalars: String.UnicodeScalarView) -> [UInt16]? {
        var output: [UInt16] = []
        var marks: [(order: Int, scalar: Unicode.Scalar)] = []
        for scalar in scalars {
            guard let mapping = mapping(of: scalar) else {
                return nil
            }
            for mapped in mapping.unicodeScalars {
                let combiningClass = toolgate_icu_combining_class(UChar32(mapped.value))
                if combiningClass == 0 {
                    Self.flush(&marks, to: &output)
                    output.append(contentsOf: mapped.utf16)
                } else {
                    // The position makes the order total, so marks of one class keep theirs.
                    marks.append((Int(combiningClass) << 40 | marks.count, mapped))
                }
            }
        }
        Self.flush(&marks, to: &output)
        return output
    }

    private static func flush(_ marks: inout [(order: Int, scalar: Unicode.Scalar)], to output: inout [UInt16]) {
        marks.sort { $0.order < $1.order }
        for mark in marks {
            output.append(contentsOf: mark.scalar.utf16)
        }
        marks.removeAll(keepingCapacity: true)
    }

    private func mapping(of scalar: Unicode.Scalar) -> String? {
        var status = U_ZERO_ERROR
        var mapped = [UInt16](repeating: 0, count: 64)
        // SAFETY: ICU writes at most 64 units; the longest mapping in Unicode has 18.
        let length = unsafe mapped.withUnsafeMutableBufferPointer { buffer in
            unsafe toolgate_icu_mapping(handle, UChar32(scalar.value), buffer.baseAddress, 64, &status)
        }
        guard status.isSuccess, length <= 64 else {
            return nil
        }
        return length < 0 ? String(scalar) : String(decoding: mapped[..<Int(length)], as: UTF16.self)
    }
}
