"""A stand-in for Bitrix24's classic REST (crm-servers.md, 4 and 5.2): stateful, with its texts for numbers and its empty error codes."""

import json
import re
import time
import urllib.parse

from standin import Answer, Standin, brackets, main

WEBHOOKS = {
    "1/good0code": "good",
    "1/expired0code": "expired",
    "1/notelephony0code": "notelephony",
    "1/free0code": "free",
    "2/readonly0code": "readonly",
}
OPERATORS = (">=", "<=", "!@", "=%", "%=", "!%", "!=", ">", "<", "@", "%", "=", "!")
OWNERS = {"1": "leads", "2": "deals", "3": "contacts", "lead": "leads", "deal": "deals", "contact": "contacts"}
FINAL = {"CONVERTED": "S", "JUNK": "F"}


def error(status, code, description):
    return Answer(status, {"error": code, "error_description": description})


def text(value):
    """How classic methods give values back."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value) if isinstance(value, (int, float)) else value


class Bitrix24(Standin):
    """Bitrix24's classic REST on loopback."""

    name = "bitrix24"
    defaults = {"capacity": 50, "drain": 2, "throttle": True, "operating_limit": None}

    def begin(self):
        self.level, self.level_at = 0.0, None
        self.operating = {}
        for lead in self.state["leads"]:
            lead["HAS_PHONE"] = "Y" if lead.get("PHONE") else "N"

    # Frame

    def handle(self, method, path, query, raw, headers):
        found = re.fullmatch(r"/rest/(\d+)/([^/]+)/([A-Za-z0-9_.]+?)(?:\.json)?", path)
        if not found:
            raise error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        self.admit()
        who = WEBHOOKS.get(f"{found[1]}/{found[2]}")
        if who is None:
            raise error(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if who == "expired":
            raise error(401, "expired_token", "The access token provided has expired")
        if who == "free":
            raise error(403, "ACCESS_DENIED", "REST API is available only on commercial plans")
        given = brackets(query)
        if raw:
            if "json" in (headers.get("Content-Type") or ""):
                try:
                    given = {**given, **json.loads(raw)}
                except (ValueError, TypeError):
                    raise error(400, "INVALID_REQUEST", "Malformed JSON") from None
            else:
                given = {**given, **brackets(urllib.parse.parse_qsl(raw.decode(), True))}
        return Answer(200, self.call(found[3], given, who, isolated=False))

    def admit(self):
        """A bucket per portal and address: one in for each request, two out a second."""
        if not self.options["throttle"]:
            return
        now = self.clock()
        if self.level_at is not None:
            self.level = max(0.0, self.level - (now - self.level_at) * self.options["drain"])
        self.level_at = now
        if self.level + 1 > self.options["capacity"]:
            raise error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self.level += 1

    def call(self, method, given, who, isolated):
        scope = "telephony" if method.startswith("voximplant.") else None
        if scope and who == "notelephony":
            raise error(
                403, "insufficient_scope", "The request requires higher privileges than provided by the webhook token"
            )
        if who == "readonly" and re.search(r"\.(add|update)$", method):
            raise error(400, "", "Access denied.")
        limit = self.options["operating_limit"]
        used = self.operating.get(method, 0.0)
        if limit is not None and used >= limit:
            raise error(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")
        started = time.time()
        if method == "batch":
            if isolated:
                raise error(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
            answer = {"result": self.batch(given, who)}
        else:
            name = "do_" + method.replace(".", "_")
            if not hasattr(self, name):
                raise error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
            answer = getattr(self, name)(given)
        self.operating[method] = used + 1
        answer["time"] = {
            "start": started, "finish": started + 0.01, "duration": 0.01, "processing": 0.005,
            "date_start": "2026-07-15T18:00:00+03:00", "date_finish": "2026-07-15T18:00:00+03:00",
            "operating_reset_at": self.now + 20, "operating": self.operating[method],
        }
        return answer

    # Lists

    def listing(self, kind, given, picks_multi=True, page=True):
        given = {key.lower(): value for key, value in given.items()}
        items = [one for one in self.state[kind] if self.passes(one, given.get("filter") or {})]
        order = given.get("order") or {}
        for key, direction in reversed(list(order.items() if isinstance(order, dict) else [])):
            items = sorted(items, key=lambda one: str(one.get(key) or "").zfill(20), reverse=str(direction).upper() == "DESC")
        start = int(given.get("start") or 0)
        total = len(items)
        shown = items[max(start, 0) : max(start, 0) + 50] if page else items
        answer = {"result": [self.selected(one, given.get("select"), picks_multi) for one in shown]}
        if start >= 0:
            answer["total"] = total
            if page and start + 50 < total:
                answer["next"] = start + 50
        return answer

    @staticmethod
    def selected(one, select, picks_multi):
        if not picks_multi:
            return one
        select = select or ["*"]
        multi = {"PHONE", "EMAIL"}
        if "*" in select:
            return {
                key: value
                for key, value in one.items()
                if (key in select if key in multi else not key.startswith("UF_") or "UF_*" in select or key in select)
            }
        return {key: value for key, value in one.items() if key in select}

    @staticmethod
    def passes(one, filters):
        for written, wanted in (filters.items() if isinstance(filters, dict) else []):
            operator = next((each for each in OPERATORS if written.startswith(each)), "=")
            key = written[len(operator) :] if written.startswith(operator) else written
            own = one.get(key, one.get(key.lower()))
            own = own if isinstance(own, list) else text(own)
            values = [text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
            first = values[0] if values else ""

            def number(value):
                try:
                    return float(value)
                except (TypeError, ValueError):
                    return value if value is not None else ""

            left, right = number(own), number(first)
            if type(left) is not type(right):
                left, right = str(own or ""), str(first or "")
            if "DATE" in key and isinstance(left, str):
                left, right = (Standin.parse(each) if each else 0 for each in (left, right))
            holds = {
                ">=": lambda: left >= right, "<=": lambda: left <= right, ">": lambda: left > right,
                "<": lambda: left < right, "@": lambda: own in values, "!@": lambda: own not in values,
                "%": lambda: str(first).lower() in str(own or "").lower(),
                "=%": lambda: str(first).strip("%").lower() in str(own or "").lower(),
                "%=": lambda: str(first).strip("%").lower() in str(own or "").lower(),
                "!%": lambda: str(first).lower() not in str(own or "").lower(),
                "=": lambda: own in values or left == right,
                "!=": lambda: own not in values, "!": lambda: own not in values,
            }[operator]()
            if not holds:
                return False
        return True

    def find(self, kind, identity, missing="Not found"):
        if identity is None or not re.fullmatch(r"[1-9]\d*", str(identity)):
            raise error(400, "", "ID is not defined or invalid")
        found = next((one for one in self.state[kind] if str(one.get("ID", one.get("id"))) == str(identity)), None)
        if found is None:
            raise error(400, "", missing)
        return found

    def fields(self, given):
        fields = given.get("fields")
        if not isinstance(fields, dict):
            raise error(400, "", "Parameter 'fields' must be array.")
        return fields

    def new_id(self, kind, floor):
        return max([int(one["ID"]) for one in self.state[kind]], default=floor) + 1

    # Leads, deals, contacts

    def multi(self, one, key, values):
        """A value with the ID of its record changes it, one without is added."""
        records = one.setdefault(key, [])
        for given in values:
            record = next((each for each in records if each["ID"] == str(given.get("ID"))), None)
            if record is None:
                identity = 1 + max([int(each["ID"]) for kind in ("leads", "contacts") for other in self.state[kind]
                                    for each in other.get("PHONE", []) + other.get("EMAIL", [])], default=50)
                records.append({"ID": str(identity), "VALUE_TYPE": given.get("VALUE_TYPE", "WORK"),
                                "VALUE": given["VALUE"], "TYPE_ID": key})
            elif given.get("VALUE") == "":
                records.remove(record)
            else:
                record.update(VALUE=given["VALUE"], VALUE_TYPE=given.get("VALUE_TYPE", record["VALUE_TYPE"]))

    KNOWN = {"TITLE", "NAME", "LAST_NAME", "STATUS_ID", "SOURCE_ID", "STAGE_ID", "CATEGORY_ID", "OPPORTUNITY",
             "CURRENCY_ID", "CONTACT_ID", "COMPANY_ID", "ASSIGNED_BY_ID", "COMMENTS"}

    def write(self, one, fields, without=()):
        for key, value in fields.items():
            if key in ("PHONE", "EMAIL"):
                self.multi(one, key, value)
            elif key == "OPPORTUNITY":
                one[key] = f"{float(value):.2f}"
            elif (key in self.KNOWN or key.startswith("UF_")) and key not in without:
                one[key] = text(value)
        one["DATE_MODIFY"] = "2026-07-15T18:00:00+03:00"

    def add(self, kind, floor, given, defaults):
        one = {"ID": str(self.new_id(kind, floor)), **defaults, "DATE_CREATE": "2026-07-15T18:00:00+03:00"}
        fields = self.fields(given)
        self.write(one, fields)
        self.state[kind].append(one)
        return one

    def do_crm_lead_add(self, given):
        one = self.add("leads", 4, given, {"STATUS_ID": "NEW", "SOURCE_ID": "", "ASSIGNED_BY_ID": "1", "COMMENTS": ""})
        one["HAS_PHONE"] = "Y" if one.get("PHONE") else "N"
        return {"result": int(one["ID"])}

    def do_crm_lead_update(self, given):
        one = self.find("leads", given.get("id"))
        self.write(one, self.fields(given))
        one["HAS_PHONE"] = "Y" if one.get("PHONE") else "N"
        if one.get("STATUS_ID") in FINAL:
            one["STATUS_SEMANTIC_ID"], one["DATE_CLOSED"] = FINAL[one["STATUS_ID"]], "2026-07-15T18:00:00+03:00"
        return {"result": True}

    def do_crm_lead_get(self, given):
        return {"result": self.find("leads", given.get("id"))}

    def do_crm_lead_list(self, given):
        return self.listing("leads", given)

    def do_crm_deal_add(self, given):
        defaults = {"STAGE_ID": "NEW", "CATEGORY_ID": "0", "OPPORTUNITY": "0.00", "CURRENCY_ID": "RUB", "CONTACT_ID": None,
                    "COMPANY_ID": None, "ASSIGNED_BY_ID": "1", "COMMENTS": "", "CLOSED": "N"}
        return {"result": int(self.add("deals", 20, given, defaults)["ID"])}

    def do_crm_deal_update(self, given):
        self.write(self.find("deals", given.get("id")), self.fields(given), without=("CATEGORY_ID",))
        return {"result": True}

    def do_crm_deal_get(self, given):
        return {"result": self.find("deals", given.get("id"))}

    def do_crm_deal_list(self, given):
        return self.listing("deals", given)

    def do_crm_item_update(self, given):
        if str(given.get("entityTypeId")) != "2":
            raise error(400, "NOT_FOUND", "Entity type is not found")
        one = self.find("deals", given.get("id"))
        names = {"title": "TITLE", "categoryId": "CATEGORY_ID", "stageId": "STAGE_ID", "opportunity": "OPPORTUNITY",
                 "currencyId": "CURRENCY_ID", "contactId": "CONTACT_ID", "companyId": "COMPANY_ID",
                 "assignedById": "ASSIGNED_BY_ID"}
        fields = {names[key]: value for key, value in self.fields(given).items() if key in names}
        self.write(one, fields)
        item = {"id": int(one["ID"]), "title": one["TITLE"], "categoryId": int(one["CATEGORY_ID"]), "stageId": one["STAGE_ID"]}
        return {"result": {"item": item}}

    def do_crm_contact_get(self, given):
        return {"result": self.find("contacts", given.get("id"))}

    def do_crm_contact_list(self, given):
        return self.listing("contacts", given)

    def do_crm_status_list(self, given):
        return self.listing("statuses", given, picks_multi=False, page=False)

    def do_crm_category_list(self, given):
        if str(given.get("entityTypeId")) != "2":
            raise error(400, "NOT_FOUND", "Entity type is not found")
        return {"result": {"categories": self.state["categories"]}, "total": len(self.state["categories"])}

    # Activities and comments

    def do_crm_activity_list(self, given):
        return self.listing("activities", given, picks_multi=False)

    def do_crm_activity_get(self, given):
        return {"result": self.find("activities", given.get("id"), "Activity is not found")}

    def do_crm_activity_add(self, given):
        fields = self.fields(given)
        for key in ("OWNER_TYPE_ID", "OWNER_ID", "TYPE_ID", "SUBJECT", "RESPONSIBLE_ID", "COMMUNICATIONS"):
            if not fields.get(key):
                raise error(400, "", f"The field {key} is not defined or empty")
        if str(fields["TYPE_ID"]) in ("1", "2") and len(fields["COMMUNICATIONS"]) > 1:
            raise error(400, "", "The only one communication is allowed for activity of specified type")
        if str(fields["TYPE_ID"]) in ("2", "4") and not fields["COMMUNICATIONS"][0].get("VALUE"):
            raise error(400, "", "The field COMMUNICATIONS is not defined or empty")
        one = {"ID": str(self.new_id("activities", 60)), "COMPLETED": "N", "CREATED": "2026-07-15T18:00:00+03:00",
               "DESCRIPTION": "", **{key: text(value) for key, value in fields.items()}}
        self.state["activities"].append(one)
        return {"result": int(one["ID"])}

    def do_crm_activity_update(self, given):
        one = self.find("activities", given.get("id"), "Activity is not found")
        one.update({key: text(value) for key, value in self.fields(given).items()})
        return {"result": True}

    def do_crm_timeline_comment_add(self, given):
        fields = given.get("fields")
        if not isinstance(fields, dict) or not fields.get("ENTITY_ID") or not fields.get("ENTITY_TYPE"):
            raise error(400, "100", "Could not find value for parameter")
        if not fields.get("COMMENT"):
            raise error(400, "INVALID_ARG_VALUE", "Empty comment message")
        kind = OWNERS.get(str(fields["ENTITY_TYPE"]).lower())
        if kind is None or not any(one["ID"] == str(fields["ENTITY_ID"]) for one in self.state[kind]):
            raise error(400, "OWNER_NOT_FOUND", "Owner was not found")
        one = {"ID": str(self.new_id("comments", 70)), **fields}
        self.state["comments"].append(one)
        return {"result": int(one["ID"])}

    # The rest of the portal

    def do_user_search(self, given):
        return self.listing("users", given, picks_multi=False)

    def do_user_get(self, given):
        lower = {key.lower(): value for key, value in given.items()}
        filters = {"ID": lower["id"]} if "id" in lower else lower.get("filter") or {}
        return self.listing("users", {"filter": filters}, picks_multi=False)

    def do_tasks_task_list(self, given):
        answer = self.listing("tasks", given, picks_multi=False)
        answer["result"] = {"tasks": answer["result"]}
        return answer

    def do_voximplant_statistic_get(self, given):
        return self.listing("calls", given, picks_multi=False)

    def do_disk_file_get(self, given):
        identity = str(given.get("id") or "")
        if not identity.isdigit():
            raise error(400, "ERROR_ARGUMENT", "Invalid value of parameter")
        found = next((one for one in self.state["files"] if one["ID"] == identity), None)
        if found is None:
            raise error(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{identity}`.")
        return {"result": found}

    def do_profile(self, given):
        return {"result": self.state["profile"]}

    # Batch

    def batch(self, given, who):
        commands = given.get("cmd") or {}
        if isinstance(commands, list):
            commands = {str(index): value for index, value in enumerate(commands)}
        if len(commands) > 50:
            raise error(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        parts = {name: {} for name in ("result", "result_error", "result_total", "result_next", "result_time")}
        for key, command in commands.items():
            method, _, query = command.partition("?")
            query = re.sub(r"\$result\[(\w+)\](?:\[(\w+)\])?", lambda m: self.reference(parts["result"], m), query)
            try:
                answer = self.call(method, brackets(urllib.parse.parse_qsl(query, True)), who, isolated=True)
            except Answer as failed:
                parts["result_error"][key] = failed.body
                if str(given.get("halt")) in ("1", "True", "true"):
                    break
                continue
            parts["result"][key] = answer["result"]
            parts["result_time"][key] = answer["time"]
            for name in ("total", "next"):
                if name in answer:
                    parts[f"result_{name}"][key] = answer[name]
        # PHP writes an empty map as an empty list.
        return {name: value or [] for name, value in parts.items()}

    @staticmethod
    def reference(results, match):
        value = results.get(match[1])
        if match[2] is not None:
            value = value.get(match[2]) if isinstance(value, dict) else value[int(match[2])] if isinstance(value, list) else None
        return str(value if value is not None else "")


if __name__ == "__main__":
    main(Bitrix24)
