// Who is signed in, and what they may do. The API decides; this only keeps from showing doors that will not open.

import { api } from "./api.js";
import { operations } from "./operations.js";

const ladder = ["viewer", "policy_manager", "admin"];

export const session = {
  /** What `GET /session` said, or null. */
  current: null,
  /** The address somebody wanted before they signed in. */
  wanted: "",
  async load() {
    [this.current] = await Promise.all([api.get("/session"), operations.load()]);
    return this.current;
  },
  get role() {
    return this.current?.member?.role ?? this.current?.role ?? "viewer";
  },
  get label() {
    return this.current?.member?.label ?? this.current?.label ?? this.current?.member ?? "";
  },
  get email() {
    return this.current?.member?.email ?? this.current?.email ?? "";
  },
  get organisation() {
    const organisation = this.current?.organisation;
    return organisation?.name ?? organisation?.label ?? organisation ?? "";
  },
  /** Whether the API says that something is there. */
  has(feature) {
    const features = this.current?.features;
    return Array.isArray(features) ? features.includes(feature) : Boolean(features?.[feature]);
  },
  may: (role) => ladder.indexOf(session.role) >= ladder.indexOf(role),
  get manages() {
    return this.may("policy_manager");
  },
  get administers() {
    return this.may("admin");
  },
};
