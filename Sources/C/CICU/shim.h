#ifndef TOOLGATE_CICU_SHIM_H
#define TOOLGATE_CICU_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>

// ICU's functions are macros that add the version to the name, which Swift does not import: one plain wrapper for each.
// Lengths returned by ICU are what would have been needed; `status` says whether it fitted.

/// Appends nothing, allocates nothing: the shared, immutable normaliser of toNFKC_Casefold.
static inline const UNormalizer2 *toolgate_icu_casefold_normaliser(UErrorCode *status) {
    return unorm2_getNFKCCasefoldInstance(status);
}

static inline int32_t toolgate_icu_normalise(
    const UNormalizer2 *normaliser, const UChar *text, int32_t length, UChar *output, int32_t capacity,
    UErrorCode *status
) {
    return unorm2_normalize(normaliser, text, length, output, capacity, status);
}

/// Whether nothing before `scalar` takes part in its normalisation.
static inline bool toolgate_icu_has_boundary_before(const UNormalizer2 *normaliser, UChar32 scalar) {
    return unorm2_hasBoundaryBefore(normaliser, scalar);
}

/// The full mapping of `scalar`, decomposed; negative when it maps to itself.
static inline int32_t toolgate_icu_mapping(
    const UNormalizer2 *normaliser, UChar32 scalar, UChar *output, int32_t capacity, UErrorCode *status
) {
    return unorm2_getDecomposition(normaliser, scalar, output, capacity, status);
}

static inline uint8_t toolgate_icu_combining_class(UChar32 scalar) { return u_getCombiningClass(scalar); }

/// Whether `zone` (UTF-16) is one of ICU's own identifiers; false for custom ones such as `GMT+3` and unknown ones.
static inline bool toolgate_icu_is_system_zone(const UChar *zone, int32_t length) {
    UChar canonical[128];
    UBool is_system = false;
    UErrorCode status = U_ZERO_ERROR;
    ucal_getCanonicalTimeZoneID(zone, length, canonical, 128, &is_system, &status);
    return status <= U_ZERO_ERROR && is_system;
}

static inline UCalendar *toolgate_icu_calendar_open(const UChar *zone, int32_t length, UErrorCode *status) {
    return ucal_open(zone, length, "en_US_POSIX", UCAL_GREGORIAN, status);
}

static inline void toolgate_icu_calendar_close(UCalendar *calendar) { ucal_close(calendar); }

/// Milliseconds east of UTC at `time` (milliseconds since the epoch), daylight saving included.
static inline int32_t toolgate_icu_offset(UCalendar *calendar, int64_t time, UErrorCode *status) {
    ucal_setMillis(calendar, (UDate)time, status);
    return ucal_get(calendar, UCAL_ZONE_OFFSET, status) + ucal_get(calendar, UCAL_DST_OFFSET, status);
}

/// The first change of the zone's rules after the calendar's present time; false when there is none.
/// All transitions are whole milliseconds, which a double holds exactly.
static inline bool toolgate_icu_next_transition(const UCalendar *calendar, int64_t *time, UErrorCode *status) {
    UDate date = 0;
    const bool found = ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &date, status);
    *time = found && date < 9e15 ? (int64_t)date : INT64_MAX;
    return found;
}

/// UTS #46, non-transitional, checking bidi and joiners; the instance is immutable.
static inline UIDNA *toolgate_icu_idna_open(UErrorCode *status) {
    return uidna_openUTS46(
        UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
        status
    );
}

/// ToASCII of a UTF-8 domain. `errors` gets what UTS #46 found wrong, without the checks that WHATWG's "domain to
/// ASCII" leaves off: hyphens, lengths, empty labels.
static inline int32_t toolgate_icu_domain_to_ascii(
    const UIDNA *idna, const uint8_t *name, int32_t length, uint8_t *output, int32_t capacity, uint32_t *errors,
    UErrorCode *status
) {
    const uint32_t ignored = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG
        | UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    const int32_t needed =
        uidna_nameToASCII_UTF8(idna, (const char *)name, length, (char *)output, capacity, &info, status);
    *errors = info.errors & ~ignored;
    return needed;
}
#endif
