// An address that names nothing.

import t from "../texts.js";
import { fill } from "../lib/dom.js";
import { empty, linkButton, pageHead } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

class MissingView extends View {
  title = t.missing.title;
  start() {
    fill(this, pageHead(t.missing.title), empty("search", t.missing.text, "", linkButton(t.missing.back, "#/overview", { kind: "primary" })));
  }
}

export default define("tg-missing", MissingView);
