// The stream of decisions. Browsers open few connections to one host, so all tabs of the console share one stream: the
// tab that holds the lock reads it and tells the others.

import { api } from "./api.js";

const listeners = new Set();
const watchers = new Set();
const channel = "BroadcastChannel" in self ? new BroadcastChannel("toolgate-decisions") : null;
let begun = false;
let state = "off";
let release;

function tell(message) {
  if (message.kind === "decision") for (const listener of listeners) listener(message.decision);
  if (message.kind === "state" && state !== message.state) {
    state = message.state;
    for (const watcher of watchers) watcher(state);
  }
  if (message.kind === "gap") for (const watcher of watchers) watcher("gap");
}

function say(message) {
  tell(message);
  channel?.postMessage(message);
}

function read() {
  return new Promise((resolve) => {
    const stream = api.stream("/decisions/stream");
    stream.addEventListener("open", () => say({ kind: "state", state: "on" }));
    stream.addEventListener("error", () => say({ kind: "state", state: "broken" }));
    stream.addEventListener("gap", () => say({ kind: "gap" }));
    stream.addEventListener("decision", (event) => {
      try {
        say({ kind: "decision", decision: JSON.parse(event.data) });
      } catch {
        // A line that is not JSON is none of ours.
      }
    });
    release = () => {
      stream.close();
      say({ kind: "state", state: "off" });
      resolve();
    };
  });
}

function begin() {
  if (begun) return;
  begun = true;
  channel?.addEventListener("message", (event) => {
    if (event.data?.kind === "ask" && release) channel.postMessage({ kind: "state", state });
    else tell(event.data ?? {});
  });
  channel?.postMessage({ kind: "ask" });
  if (navigator.locks) navigator.locks.request("toolgate-decisions", read).catch(() => undefined);
  else read();
}

document.addEventListener("toolgate:signed-out", () => {
  release?.();
  release = undefined;
  begun = false;
});

export const live = {
  /** Calls `listener` with each decision as it is made; gives back what ends that. */
  follow(listener) {
    begin();
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Calls `watcher` with "on", "broken", "off", and "gap" when decisions were left out. */
  watch(watcher) {
    watchers.add(watcher);
    watcher(state);
    return () => watchers.delete(watcher);
  },
};
