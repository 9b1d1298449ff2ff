#include "CConsole.h"

/* Written by scripts/console-files: do not edit. The files of /Console stand in the binary, so that one file is all there
   is to install. #embed is of C23, which this compiler knows in every version of the language and warns of. */
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char app_css[] = {
#embed "../../../Console/app.css"
};
static const unsigned char app_js[] = {
#embed "../../../Console/app.js"
};
static const unsigned char icon_svg[] = {
#embed "../../../Console/icon.svg"
};
static const unsigned char icons_svg[] = {
#embed "../../../Console/icons.svg"
};
static const unsigned char index_html[] = {
#embed "../../../Console/index.html"
};
static const unsigned char lib_api_js[] = {
#embed "../../../Console/lib/api.js"
};
static const unsigned char lib_chart_js[] = {
#embed "../../../Console/lib/chart.js"
};
static const unsigned char lib_decision_js[] = {
#embed "../../../Console/lib/decision.js"
};
static const unsigned char lib_difference_js[] = {
#embed "../../../Console/lib/difference.js"
};
static const unsigned char lib_document_js[] = {
#embed "../../../Console/lib/document.js"
};
static const unsigned char lib_dom_js[] = {
#embed "../../../Console/lib/dom.js"
};
static const unsigned char lib_format_js[] = {
#embed "../../../Console/lib/format.js"
};
static const unsigned char lib_json_editor_js[] = {
#embed "../../../Console/lib/json-editor.js"
};
static const unsigned char lib_json_js[] = {
#embed "../../../Console/lib/json.js"
};
static const unsigned char lib_live_js[] = {
#embed "../../../Console/lib/live.js"
};
static const unsigned char lib_names_js[] = {
#embed "../../../Console/lib/names.js"
};
static const unsigned char lib_operations_js[] = {
#embed "../../../Console/lib/operations.js"
};
static const unsigned char lib_palette_js[] = {
#embed "../../../Console/lib/palette.js"
};
static const unsigned char lib_policy_js[] = {
#embed "../../../Console/lib/policy.js"
};
static const unsigned char lib_register_js[] = {
#embed "../../../Console/lib/register.js"
};
static const unsigned char lib_router_js[] = {
#embed "../../../Console/lib/router.js"
};
static const unsigned char lib_rules_js[] = {
#embed "../../../Console/lib/rules.js"
};
static const unsigned char lib_session_js[] = {
#embed "../../../Console/lib/session.js"
};
static const unsigned char lib_shell_js[] = {
#embed "../../../Console/lib/shell.js"
};
static const unsigned char lib_theme_js[] = {
#embed "../../../Console/lib/theme.js"
};
static const unsigned char lib_tools_js[] = {
#embed "../../../Console/lib/tools.js"
};
static const unsigned char lib_trial_js[] = {
#embed "../../../Console/lib/trial.js"
};
static const unsigned char lib_ui_js[] = {
#embed "../../../Console/lib/ui.js"
};
static const unsigned char lib_view_js[] = {
#embed "../../../Console/lib/view.js"
};
static const unsigned char screens_css[] = {
#embed "../../../Console/screens.css"
};
static const unsigned char texts_js[] = {
#embed "../../../Console/texts.js"
};
static const unsigned char views_account_js[] = {
#embed "../../../Console/views/account.js"
};
static const unsigned char views_approvals_js[] = {
#embed "../../../Console/views/approvals.js"
};
static const unsigned char views_audit_js[] = {
#embed "../../../Console/views/audit.js"
};
static const unsigned char views_catalogue_js[] = {
#embed "../../../Console/views/catalogue.js"
};
static const unsigned char views_decisions_js[] = {
#embed "../../../Console/views/decisions.js"
};
static const unsigned char views_grants_js[] = {
#embed "../../../Console/views/grants.js"
};
static const unsigned char views_members_js[] = {
#embed "../../../Console/views/members.js"
};
static const unsigned char views_missing_js[] = {
#embed "../../../Console/views/missing.js"
};
static const unsigned char views_overview_js[] = {
#embed "../../../Console/views/overview.js"
};
static const unsigned char views_policies_js[] = {
#embed "../../../Console/views/policies.js"
};
static const unsigned char views_policy_js[] = {
#embed "../../../Console/views/policy.js"
};
static const unsigned char views_server_js[] = {
#embed "../../../Console/views/server.js"
};
static const unsigned char views_servers_js[] = {
#embed "../../../Console/views/servers.js"
};
static const unsigned char views_settings_js[] = {
#embed "../../../Console/views/settings.js"
};
static const unsigned char views_sign_in_js[] = {
#embed "../../../Console/views/sign-in.js"
};
static const unsigned char views_stack_js[] = {
#embed "../../../Console/views/stack.js"
};

#define FILE_AT(path, bytes) {path, bytes, sizeof bytes}

static const struct toolgate_console_file files[] = {
    FILE_AT("/app.css", app_css),
    FILE_AT("/app.js", app_js),
    FILE_AT("/icon.svg", icon_svg),
    FILE_AT("/icons.svg", icons_svg),
    FILE_AT("/index.html", index_html),
    FILE_AT("/lib/api.js", lib_api_js),
    FILE_AT("/lib/chart.js", lib_chart_js),
    FILE_AT("/lib/decision.js", lib_decision_js),
    FILE_AT("/lib/difference.js", lib_difference_js),
    FILE_AT("/lib/document.js", lib_document_js),
    FILE_AT("/lib/dom.js", lib_dom_js),
    FILE_AT("/lib/format.js", lib_format_js),
    FILE_AT("/lib/json-editor.js", lib_json_editor_js),
    FILE_AT("/lib/json.js", lib_json_js),
    FILE_AT("/lib/live.js", lib_live_js),
    FILE_AT("/lib/names.js", lib_names_js),
    FILE_AT("/lib/operations.js", lib_operations_js),
    FILE_AT("/lib/palette.js", lib_palette_js),
    FILE_AT("/lib/policy.js", lib_policy_js),
    FILE_AT("/lib/register.js", lib_register_js),
    FILE_AT("/lib/router.js", lib_router_js),
    FILE_AT("/lib/rules.js", lib_rules_js),
    FILE_AT("/lib/session.js", lib_session_js),
    FILE_AT("/lib/shell.js", lib_shell_js),
    FILE_AT("/lib/theme.js", lib_theme_js),
    FILE_AT("/lib/tools.js", lib_tools_js),
    FILE_AT("/lib/trial.js", lib_trial_js),
    FILE_AT("/lib/ui.js", lib_ui_js),
    FILE_AT("/lib/view.js", lib_view_js),
    FILE_AT("/screens.css", screens_css),
    FILE_AT("/texts.js", texts_js),
    FILE_AT("/views/account.js", views_account_js),
    FILE_AT("/views/approvals.js", views_approvals_js),
    FILE_AT("/views/audit.js", views_audit_js),
    FILE_AT("/views/catalogue.js", views_catalogue_js),
    FILE_AT("/views/decisions.js", views_decisions_js),
    FILE_AT("/views/grants.js", views_grants_js),
    FILE_AT("/views/members.js", views_members_js),
    FILE_AT("/views/missing.js", views_missing_js),
    FILE_AT("/views/overview.js", views_overview_js),
    FILE_AT("/views/policies.js", views_policies_js),
    FILE_AT("/views/policy.js", views_policy_js),
    FILE_AT("/views/server.js", views_server_js),
    FILE_AT("/views/servers.js", views_servers_js),
    FILE_AT("/views/settings.js", views_settings_js),
    FILE_AT("/views/sign-in.js", views_sign_in_js),
    FILE_AT("/views/stack.js", views_stack_js),
};

const struct toolgate_console_file *toolgate_console_files(size_t *count) {
    *count = sizeof files / sizeof files[0];
    return files;
}
