/** Flags of every command that sends something on. Their values come through toolkit.yaml's precedence. */
import type { Flag } from "./command.ts";

export const OTLP_FLAGS: readonly Flag[] = [
  {
    name: "otlp-endpoint",
    type: "string",
    placeholder: "URL",
    help: "where OTLP goes; without a path v1/<signal> is added",
  },
  { name: "otlp-timeout-ms", type: "integer", placeholder: "N", help: "patience with it; default 10000" },
];

export const SPOOL_FLAG: Flag = {
  name: "spool",
  type: "string",
  placeholder: "DIR",
  help: "keep there what cannot be sent yet, over a restart; default: in memory",
};

export const WEBHOOK_FLAGS: readonly Flag[] = [
  { name: "webhook-url", type: "string", placeholder: "URL", help: "where incidents go" },
  {
    name: "webhook-secret",
    type: "string",
    placeholder: "TEXT",
    help: "signs what is sent, or is the receiver's key; better: SLOCTL_WEBHOOK_SECRET_FILE, or webhook.secret_file",
  },
  {
    name: "webhook-format",
    type: "string",
    values: ["generic", "pagerduty", "opsgenie"],
    help: "shape of the message; default generic",
  },
  { name: "webhook-timeout-ms", type: "integer", placeholder: "N", help: "patience with it; default 5000" },
];
