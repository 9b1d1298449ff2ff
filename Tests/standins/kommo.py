"""A stand-in for Kommo's API v4 (crm-servers.md, 3 and 5.1): stateful, strict, as slow to forgive as the original."""

import json
import re

from standin import Answer, Standin, brackets, main

HAL, PROBLEM = "application/hal+json", "application/problem+json"
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 422: "Unprocessable Entity"}
TOKENS = {
    "kommo-long-lived-token": "good",
    "kommo-token-readonly": "readonly",
    "kommo-token-unpaid": "unpaid",
    "kommo-token-noadmin": "noadmin",
}
WON, LOST = 142, 143


def problem(status, detail, **more):
    body = {
        "title": TITLES[status],
        "type": f"https://httpstatus.es/{status}",
        "status": status,
        "detail": detail,
        **more,
    }
    return Answer(status, body, PROBLEM)


def invalid(code, path, detail="", request_id="0"):
    error = {"code": code, "path": path, "detail": detail}
    validation = [{"request_id": request_id, "errors": [error]}]
    return problem(400, "Request validation failed", **{"validation-errors": validation})


class Kommo(Standin):
    """Kommo API v4 on loopback."""

    name = "kommo"
    defaults = {
        "missing": 204,  # a single lead, contact, company or task that is not there: 204 or 404
        "missing_reason": 404,
        "missing_owner": 404,  # a note on what is not there: 400 or 404
        "over_limit": "422",  # or "clamp"
        "retry_after": False,
        "throttle": 7,
        "block_after": 20,
        "leads": None,  # so many leads instead of the seed's
    }

    def begin(self):
        state = self.state
        self.sent, self.violations, self.blocked = [], 0, False
        self.launches = []
        common = {"created_by": 501, "updated_by": 501, "group_id": 0, "account_id": state["account"]["id"]}
        if self.options["leads"] is not None:
            state["leads"] = [
                {"id": 1001 + k, "name": f"Lead {k}", "price": 10, "status_id": 71001, "pipeline_id": 7001,
                 "responsible_user_id": 501, "created_at": self.now - 60 * k, "closed_at": None, "loss_reason_id": None}
                for k in range(self.options["leads"])
            ]
        for lead in state["leads"]:
            self.fill(lead, "leads", {**common, "updated_at": lead["created_at"], "closest_task_at": None,
                                      "is_deleted": False, "custom_fields_values": None, "score": None,
                                      "labor_cost": None, "is_price_computed": False,
                                      "_embedded": {"tags": [], "companies": []}})
        for kind in ("contacts", "companies", "tasks", "notes"):
            for one in state[kind]:
                self.fill(one, kind, {**common, "created_at": self.now - 86400, "updated_at": self.now - 3600,
                                      "responsible_user_id": 501})
        for task in state["tasks"]:
            task.setdefault("duration", 0)
            task.setdefault("result", [])
        for place, user in enumerate(state["users"]):
            right = {key: "A" for key in ("view", "edit", "add", "delete", "export")}
            user.update(lang="pt", rights={"leads": right, "contacts": right, "companies": right,
                                           "tasks": {"edit": "A", "delete": "A"}, "mail_access": True,
                                           "catalog_access": True, "is_admin": place == 0, "is_free": False,
                                           "is_active": True, "group_id": None, "role_id": None})
        for pipeline in state["pipelines"]:
            pipeline.update(is_unsorted_on=True, account_id=state["account"]["id"])
            for status in pipeline["_embedded"]["statuses"]:
                status.update(color="#99ccff", account_id=state["account"]["id"])
        for reason in state["loss_reasons"]:
            reason.update(created_at=self.now - 9_000_000, updated_at=self.now - 9_000_000)
        state["account"].update(created_at=1700000000, created_by=0, updated_at=1700000000, updated_by=0,
                                current_user_id=501, customers_mode="unavailable", is_unsorted_on=True,
                                mobile_feature_version=0, is_loss_reason_enabled=True, is_helpbot_enabled=False,
                                is_technical_account=False, contact_name_display_order=1)

    def fill(self, one, kind, defaults):
        for key, value in defaults.items():
            one.setdefault(key, json.loads(json.dumps(value)))
        one["_links"] = {"self": {"href": f"http://127.0.0.1:{getattr(self, 'port', 0)}/api/v4/{kind}/{one['id']}"}}
        return one

    # Frame

    def handle(self, method, path, query, raw, headers):
        self.admit()
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        who = TOKENS.get(token)
        if who is None:
            raise problem(401, "Invalid user name or password")
        if method != "GET" and who == "readonly":
            raise problem(403, "Access denied")
        if method != "GET" and who == "unpaid":
            raise Answer(402, "Payment Required", "text/plain")
        if not path.startswith("/api/v4/"):
            raise problem(404, "Not found")
        parts = path.removeprefix("/api/v4/").split("/")
        if parts == ["users"] and who == "noadmin":
            raise problem(403, "Access denied")
        self.host = f"http://127.0.0.1:{self.port}"
        given = brackets(query)
        body = None
        if raw:
            try:
                body = json.loads(raw)
            except ValueError:
                raise problem(400, "Malformed JSON") from None
        return self.route(method, parts, given, body)

    def admit(self):
        """Seven in any second; who goes on is shut out with a page of HTML."""
        limit = self.options["throttle"]
        if not limit:
            return
        if self.blocked:
            raise Answer(403, "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>", "text/html")
        now = self.clock()
        self.sent = [one for one in self.sent if now - one < 1]
        if len(self.sent) >= limit:
            self.violations += 1
            self.blocked = self.violations > self.options["block_after"]
            raise Answer(429, "Too many requests", "text/plain", {"Retry-After": "1"} if self.options["retry_after"] else {})
        self.sent.append(now)

    def route(self, method, parts, query, body):
        routes = [
            ("GET", "account", self.account),
            ("GET", "(leads|contacts|companies|tasks)", self.listing),
            ("GET", "(leads|contacts|companies|tasks)/(\\d+)", self.single),
            ("POST", "leads", self.create_leads),
            ("PATCH", "leads/(\\d+)", self.patch_lead),
            ("GET", "leads/pipelines", lambda q, b: self.listed("pipelines", self.state["pipelines"], q, total=True)),
            ("GET", "leads/pipelines/(\\d+)", self.pipeline),
            ("GET", "leads/pipelines/(\\d+)/statuses", self.statuses),
            ("GET", "leads/loss_reasons", lambda q, b: self.listed("loss_reasons", self.state["loss_reasons"], q)),
            ("GET", "leads/loss_reasons/(\\d+)", self.reason),
            ("POST", "tasks", self.create_tasks),
            ("GET", "users", lambda q, b: self.listed("users", self.state["users"], q, total=True)),
            ("GET", "(leads|contacts|companies)/(\\d+)/notes", self.notes),
            ("POST", "(leads|contacts|companies)/(\\d+)/notes", self.create_notes),
            ("POST", "(leads|contacts|companies)/notes/(\\d+)/(pin|unpin)", self.pin),
            ("POST", "bots/run", self.run_bots),
            ("POST", "bots/(\\d+)/stop", self.stop_bot),
        ]
        path = "/".join(parts)
        for verb, pattern, handler in routes:
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return handler(*found.groups(), query, body)
        raise problem(404, "Not found")

    # Reading

    def account(self, query, body):
        answer = dict(self.state["account"])
        if "datetime_settings" in str(query.get("with", "")).split(","):
            answer["_embedded"] = {"datetime_settings": {"timezone": self.state["timezone"], "date_format": "d.m.Y"}}
        return Answer(200, answer, HAL)

    def listed(self, kind, items, query, total=False):
        page, limit = int(query.get("page", 1)), int(query.get("limit", 50))
        if limit > 250 or limit < 1:
            if self.options["over_limit"] != "clamp":
                raise problem(422, "limit must be between 1 and 250")
            limit = min(max(limit, 1), 250)
        start = (page - 1) * limit
        shown = items[start : start + limit]
        if not shown:
            return Answer(204)
        link = f"{self.host}/api/v4/{kind}?page=%d&limit={limit}"
        links = {"self": {"href": link % page}}
        if start + limit < len(items):
            links["next"] = {"href": link % (page + 1)}
        if page > 1:
            links["first"], links["prev"] = {"href": link % 1}, {"href": link % (page - 1)}
        answer = {"_page": page, "_links": links, "_embedded": {kind: shown}}
        if total:
            answer["_total_items"] = len(items)
        return Answer(200, answer, HAL)

    def listing(self, kind, query, body):
        items = self.state[kind]
        words = query.get("query")
        if words:
            items = [one for one in items if words.lower() in (one.get("name") or one.get("text") or "").lower()]
        filters = query.get("filter")
        if isinstance(filters, dict):
            items = [one for one in items if self.passes(one, filters)]
        order = query.get("order")
        if isinstance(order, dict):
            for key, direction in order.items():
                items = sorted(items, key=lambda one: one.get(key) or 0, reverse=direction == "desc")
        return self.listed(kind, items, query)

    @staticmethod
    def passes(one, filters):
        for key, wanted in filters.items():
            if key == "statuses":
                pairs = [(int(each["pipeline_id"]), int(each["status_id"])) for each in wanted]
                if (one.get("pipeline_id"), one.get("status_id")) not in pairs:
                    return False
            elif isinstance(wanted, dict):
                value = one.get(key)
                if value is None or value < int(wanted.get("from", 0)) or value > int(wanted.get("to", 1 << 40)):
                    return False
            else:
                allowed = wanted if isinstance(wanted, list) else [wanted]
                own = one.get(key)
                own = str(int(own)) if isinstance(own, bool) else str(own)
                if own not in allowed:
                    return False
        return True

    def find(self, kind, identity):
        return next((one for one in self.state[kind] if one["id"] == int(identity)), None)

    def single(self, kind, identity, query, body):
        found = self.find(kind, identity)
        if found is None:
            if self.options["missing"] == 204:
                return Answer(204)
            raise problem(404, "Not found")
        return Answer(200, found, HAL)

    def pipeline(self, identity, query, body):
        found = self.find("pipelines", identity)
        if found is None:
            raise problem(404, "Pipeline not found")
        return Answer(200, found, HAL)

    def statuses(self, identity, query, body):
        found = self.pipeline(identity, query, body).body["_embedded"]["statuses"]
        return Answer(200, {"_total_items": len(found), "_links": {}, "_embedded": {"statuses": found}}, HAL)

    def reason(self, identity, query, body):
        found = self.find("loss_reasons", identity)
        if found is None:
            if self.options["missing_reason"] == 204:
                return Answer(204)
            raise problem(404, "Loss reason not found")
        return Answer(200, found, HAL)

    # Writing

    def array(self, body):
        if not isinstance(body, list) or not body:
            raise problem(400, "Request body must be an array")
        if len(body) > 250:
            raise problem(422, "Too many entities in one request")
        return body

    def check_lead(self, lead, request_id):
        kinds = {"name": str, "price": int, "status_id": int, "pipeline_id": int, "responsible_user_id": int}
        for key, kind in kinds.items():
            value = lead.get(key)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise invalid("InvalidType", key, "This value should be of another type.", request_id)
        if (lead.get("price") or 0) < 0:
            raise invalid("TooLow", "price", "This value should be positive.", request_id)
        if lead.get("loss_reason_id") is not None and self.find("loss_reasons", lead["loss_reason_id"]) is None:
            raise invalid("NotSupportedChoice", "loss_reason_id", "", request_id)

    def place(self, pipeline_id, status_id, request_id):
        pipeline = self.find("pipelines", pipeline_id)
        if pipeline is None:
            raise invalid("NotSupportedChoice", "pipeline_id", "", request_id)
        statuses = pipeline["_embedded"]["statuses"]
        if status_id is None:
            return next(one["id"] for one in statuses if one["is_editable"])
        if status_id not in [one["id"] for one in statuses]:
            raise invalid("NotSupportedChoice", "status_id", "The value you selected is not a valid choice.", request_id)
        return status_id

    def new_id(self, kind):
        return max([one["id"] for one in self.state[kind]], default=1000) + 1

    def create_leads(self, query, body):
        leads = []
        for index, given in enumerate(self.array(body)):
            request_id = str(given.get("request_id", index))
            self.check_lead(given, request_id)
            main = next(one["id"] for one in self.state["pipelines"] if one["is_main"])
            pipeline = given.get("pipeline_id") or main
            status = self.place(pipeline, given.get("status_id"), request_id)
            leads.append((request_id, given, pipeline, status))
        made = []
        for request_id, given, pipeline, status in leads:
            identity = self.new_id("leads")
            kept = {key: value for key, value in given.items() if key not in ("request_id", "id", "_embedded", "_links")}
            lead = {"price": 0, "responsible_user_id": 501, **kept, "id": identity, "pipeline_id": pipeline,
                    "status_id": status, "created_at": self.now, "closed_at": None, "loss_reason_id": None}
            lead["name"] = given.get("name") or f"Lead #{identity}"
            lead["closed_at"] = self.now if status in (WON, LOST) else None
            self.state["leads"].append(self.fill(lead, "leads", {"updated_at": self.now, "is_deleted": False,
                                                                 "account_id": self.state["account"]["id"]}))
            made.append({"id": identity, "request_id": request_id, "_links": lead["_links"]})
        return Answer(200, {"_links": {}, "_embedded": {"leads": made}}, HAL)

    def patch_lead(self, identity, query, body):
        lead = self.find("leads", identity)
        if not isinstance(body, dict):
            raise problem(400, "Request body must be an object")
        if lead is None:
            raise problem(404, "Not found")
        self.check_lead(body, "0")
        if "pipeline_id" in body or "status_id" in body:
            pipeline = body.get("pipeline_id") or lead["pipeline_id"]
            moves = pipeline != lead["pipeline_id"] and body.get("status_id") is None
            status = self.place(pipeline, None if moves else body.get("status_id") or lead["status_id"], "0")
            if status in (WON, LOST) and lead["status_id"] not in (WON, LOST):
                lead["closed_at"] = self.now
            elif status not in (WON, LOST):
                lead["closed_at"] = lead["loss_reason_id"] = None
            lead["pipeline_id"], lead["status_id"] = pipeline, status
        for key, value in body.items():
            if key not in ("id", "pipeline_id", "status_id", "tags_to_add", "tags_to_delete", "_embedded"):
                lead[key] = value
        lead["updated_at"] = self.now
        return Answer(200, {"id": lead["id"], "updated_at": self.now, "_links": lead["_links"]}, HAL)

    def create_tasks(self, query, body):
        for index, given in enumerate(self.array(body)):
            for key in ("text", "complete_till"):
                if not given.get(key):
                    raise invalid("NotBlank", key, "This value should not be blank.", str(index))
        made = []
        for index, given in enumerate(body):
            task = {"responsible_user_id": 501, "is_completed": False, "task_type_id": 1, **given, "id": self.new_id("tasks")}
            self.state["tasks"].append(self.fill(task, "tasks", {"created_at": self.now, "updated_at": self.now}))
            made.append({"id": task["id"], "request_id": str(given.get("request_id", index)), "_links": task["_links"]})
        return Answer(200, {"_links": {}, "_embedded": {"tasks": made}}, HAL)

    def notes(self, kind, identity, query, body):
        own = [
            {key: value for key, value in one.items() if key != "entity_type"}
            for one in self.state["notes"]
            if one["entity_type"] == kind and one["entity_id"] == int(identity)
        ]
        return self.listed("notes", own, query)

    def create_notes(self, kind, identity, query, body):
        if self.find(kind, identity) is None:
            raise problem(self.options["missing_owner"], "Entity not found")
        for index, given in enumerate(self.array(body)):
            if given.get("note_type") == "common" and not (given.get("params") or {}).get("text"):
                raise invalid("NotBlank", "params.text", "This value should not be blank.", str(index))
        made = []
        for index, given in enumerate(body):
            note = {**given, "id": self.new_id("notes"), "entity_id": int(identity), "entity_type": kind, "is_pinned": False}
            self.state["notes"].append(self.fill(note, "notes", {"created_at": self.now, "updated_at": self.now}))
            made.append({"id": note["id"], "entity_id": int(identity), "request_id": str(index), "_links": note["_links"]})
        return Answer(200, {"_links": {}, "_embedded": {"notes": made}}, HAL)

    def pin(self, kind, identity, what, query, body):
        note = self.find("notes", identity)
        if note is None or note["entity_type"] != kind:
            raise problem(404, "Note not found")
        note["is_pinned"] = what == "pin"
        return Answer(204)

    def run_bots(self, query, body):
        if not isinstance(body, list) or not 1 <= len(body) <= 100:
            raise problem(400, "Request body must be an array of 1 to 100 launches")
        for launch in body:
            if not all(isinstance(launch.get(key), int) and launch[key] > 0 for key in ("bot_id", "entity_id")):
                raise invalid("TooLow", "bot_id", "This value should be positive.")
            if launch.get("entity_type") not in ("leads", "contacts"):
                raise invalid("NotSupportedChoice", "entity_type")
            if self.find("bots", launch["bot_id"]) is None:
                raise problem(404, "Salesbot with the ID is not found")
        self.launches += body
        return Answer(202, "", "text/html")

    def stop_bot(self, identity, query, body):
        if self.find("bots", identity) is None:
            raise problem(404, "Salesbot with the ID is not found")
        if not isinstance(body, dict) or not body.get("entity_id") or body.get("entity_type") != "leads":
            raise problem(400, "entity_id and entity_type are required")
        return Answer(202, "", "text/html")


if __name__ == "__main__":
    main(Kommo)
