/// The sandbox's tools as its clients see them.
///
/// What each does stands in `SandboxTools`.
enum SandboxToolTable {
    /// One tool: its definition as JSON, and which action it is.
    static let definitions: [(action: SandboxAction, json: StaticString)] = [
        (
            .listLeads,
            """
            {"name":"list_leads","title":"List leads","description":"List leads, optionally only those whose name \
            contains a text or that stand in one status.","inputSchema":{"type":"object","properties":{"query":{"type":\
            "string","maxLength":200,"description":"Part of the name"},"status_id":{"type":"integer","minimum":1},\
            "limit":{"type":"integer","minimum":1,"maximum":250,"default":50}},"additionalProperties":false},\
            "outputSchema":{"type":"object","properties":{"leads":{"type":"array","items":{"type":"object"}},"total":\
            {"type":"integer"}},"required":["leads","total"]},"annotations":{"readOnlyHint":true,"openWorldHint":false}}
            """
        ),
        (
            .getLead,
            """
            {"name":"get_lead","title":"Get a lead","description":"Everything known about one lead, with its notes.",\
            "inputSchema":{"type":"object","properties":{"lead_id":{"type":"integer","minimum":1}},"required":\
            ["lead_id"],"additionalProperties":false},"annotations":{"readOnlyHint":true,"openWorldHint":false}}
            """
        ),
        (
            .createLead,
            """
            {"name":"create_lead","title":"Create a lead","description":"Create a lead in a pipeline, by default in the \
            first status of Sales.","inputSchema":{"type":"object","properties":{"name":{"type":"string","minLength":1,\
            "maxLength":200},"price":{"type":"integer","minimum":0,"maximum":1000000000,"default":0},"pipeline_id":\
            {"type":"integer","minimum":1},"status_id":{"type":"integer","minimum":1},"tags":{"type":"array","items":\
            {"type":"string","maxLength":50},"maxItems":20},"contact":{"type":"object","properties":{"name":{"type":\
            "string","maxLength":200},"email":{"type":"string","maxLength":200}},"additionalProperties":false}},\
            "required":["name"],"additionalProperties":false},"annotations":{"readOnlyHint":false,"destructiveHint":\
            false,"openWorldHint":false}}
            """
        ),
        (
            .updateLead,
            """
            {"name":"update_lead","title":"Update a lead","description":"Change the name, price or tags of a lead.",\
            "inputSchema":{"type":"object","properties":{"lead_id":{"type":"integer","minimum":1},"name":{"type":\
            "string","minLength":1,"maxLength":200},"price":{"type":"integer","minimum":0,"maximum":1000000000},"tags":\
            {"type":"array","items":{"type":"string","maxLength":50},"maxItems":20}},"required":["lead_id"],\
            "additionalProperties":false},"annotations":{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":\
            true,"openWorldHint":false}}
            """
        ),
        (
            .moveLead,
            """
            {"name":"move_lead","title":"Move a lead","description":"Move a lead to another status or pipeline. Status \
            143 loses it and needs a loss_reason_id.","inputSchema":{"type":"object","properties":{"lead_id":{"type":\
            "integer","minimum":1},"status_id":{"type":"integer","minimum":1},"pipeline_id":{"type":"integer","minimum":\
            1},"loss_reason_id":{"type":"integer","minimum":1}},"required":["lead_id","status_id"],\
            "additionalProperties":false},"annotations":{"readOnlyHint":false,"destructiveHint":false,"idempotentHint":\
            true,"openWorldHint":false}}
            """
        ),
        (
            .deleteLead,
            """
            {"name":"delete_lead","title":"Delete a lead","description":"Delete a lead and its notes for good.",\
            "inputSchema":{"type":"object","properties":{"lead_id":{"type":"integer","minimum":1}},"required":\
            ["lead_id"],"additionalProperties":false},"annotations":{"readOnlyHint":false,"destructiveHint":true,\
            "idempotentHint":true,"openWorldHint":false}}
            """
        ),
        (
            .addNote,
            """
            {"name":"add_note","title":"Add a note","description":"Leave a note on a lead.","inputSchema":{"type":\
            "object","properties":{"lead_id":{"type":"integer","minimum":1},"text":{"type":"string","minLength":1,\
            "maxLength":4000}},"required":["lead_id","text"],"additionalProperties":false},"annotations":\
            {"readOnlyHint":false,"destructiveHint":false,"openWorldHint":false}}
            """
        ),
        (
            .listNotes,
            """
            {"name":"list_notes","title":"List notes","description":"The notes of a lead, oldest first.","inputSchema":\
            {"type":"object","properties":{"lead_id":{"type":"integer","minimum":1}},"required":["lead_id"],\
            "additionalProperties":false},"annotations":{"readOnlyHint":true,"openWorldHint":false}}
            """
        ),
        (
            .listPipelines,
            """
            {"name":"list_pipelines","title":"List pipelines","description":"The pipelines and their statuses.",\
            "inputSchema":{"type":"object","properties":{},"additionalProperties":false},"annotations":{"readOnlyHint":\
            true,"openWorldHint":false}}
            """
        ),
        (
            .getLossReasons,
            """
            {"name":"get_loss_reasons","title":"Get loss reasons","description":"The reasons a lead can be lost for.",\
            "inputSchema":{"type":"object","properties":{},"additionalProperties":false},"annotations":{"readOnlyHint":\
            true,"openWorldHint":false}}
            """
        ),
        (
            .listSalesbots,
            """
            {"name":"list_salesbots","title":"List salesbots","description":"The bots that can be run on a lead.",\
            "inputSchema":{"type":"object","properties":{},"additionalProperties":false},"annotations":{"readOnlyHint":\
            true,"openWorldHint":false}}
            """
        ),
        (
            .runSalesbot,
            """
            {"name":"run_salesbot","title":"Run a salesbot","description":"Run a salesbot on a lead; it leaves a note.",\
            "inputSchema":{"type":"object","properties":{"bot_id":{"type":"integer","minimum":1},"entity_id":{"type":\
            "integer","minimum":1},"entity_type":{"type":"string","enum":["leads"],"default":"leads"}},"required":\
            ["bot_id","entity_id"],"additionalProperties":false},"annotations":{"readOnlyHint":false,\
            "destructiveHint":false,"openWorldHint":true}}
            """
        ),
    ]
}

/// What the sandbox can do.
enum SandboxAction: Sendable {
    case listLeads
    case getLead
    case createLead
    case updateLead
    case moveLead
    case deleteLead
    case addNote
    case listNotes
    case listPipelines
    case getLossReasons
    case listSalesbots
    case runSalesbot
}
