/** An incident as each kind of receiver wants it, when it opens and when it is over. Pure but for the signature's key, which the caller brings. */
import { createHash, createHmac } from "node:crypto";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { toJson } from "../model/json.ts";
import type { PostOptions } from "../net/poster.ts";

export const WEBHOOK_FORMATS = ["generic", "pagerduty", "opsgenie"] as const;
export type WebhookFormat = typeof WEBHOOK_FORMATS[number];

export interface WebhookMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Where below the receiver's address it goes; absent: to the address itself. */
  readonly below?: NonNullable<PostOptions["below"]>;
}

/** Bounds of the receivers' own documentation, in characters. */
const PAGERDUTY = { summary: 1024, dedupKey: 255 };
const OPSGENIE = { message: 130, alias: 512, entity: 512, description: 15_000 };
/** Ids that travel in a message for people; the generic one has them all. */
const FEW_IDS = 10;

/**
 * What makes an incident the same one: receivers drop a second message with it, so does this sender. Short enough for every receiver
 * and safe in a header or a file name, whatever the id is.
 */
export function incidentKey({ incident_id: id }: IncidentAttribution): string {
  return /^[\w.:-]{1,200}$/.test(id) ? id : `sha256-${createHash("sha256").update(id).digest("hex")}`;
}

/** The message's own: an incident is told when it opens, and once more when it is over. */
export function messageKey(incident: IncidentAttribution): string {
  return `${incidentKey(incident)}${isClosed(incident) ? CLOSED : ""}`;
}

/** Of the message that opened what this one closes; null: it closes nothing. */
export function openingKey(incident: IncidentAttribution): string | null {
  return isClosed(incident) ? incidentKey(incident) : null;
}

export function closingKey(incident: IncidentAttribution): string {
  return `${incidentKey(incident)}${CLOSED}`;
}

const CLOSED = ".closed";

function isClosed({ state }: IncidentAttribution): boolean {
  return state === "closed";
}

/**
 * Whether such a receiver is to hear of it. An alert that a person was woken by ends only when the service is well again: where nobody
 * asks any more, or the new level has become the normal one, it stays until that person has looked.
 */
export function isTold(incident: IncidentAttribution, format: WebhookFormat): boolean {
  return !isClosed(incident) || format === "generic" || incident.closed_because === "recovered";
}

/**
 * @param secret generic: signs the body; PagerDuty: the routing key of the service; Opsgenie: the API key
 */
export function webhookMessage(incident: IncidentAttribution, format: WebhookFormat, secret: string): WebhookMessage {
  switch (format) {
    case "generic":
      return generic(incident, secret);
    case "pagerduty":
      return json(pagerduty(incident, secret));
    case "opsgenie":
      return opsgenie(incident, { authorization: `GenieKey ${secret}` });
  }
}

/** The document itself. The receiver computes the HMAC over the bytes of the body and compares. */
function generic(incident: IncidentAttribution, secret: string): WebhookMessage {
  const message = json(incident, { "idempotency-key": messageKey(incident) });
  if (secret === "") return message;
  return { ...message, headers: { ...message.headers, "x-webhook-signature": signature(message.body, secret) } };
}

/** `sha256=` and the HMAC-SHA256 of the body, in hex. */
export function signature(body: Uint8Array, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function pagerduty(incident: IncidentAttribution, routingKey: string): unknown {
  const dedupKey = incidentKey(incident).slice(0, PAGERDUTY.dedupKey);
  if (isClosed(incident)) return { routing_key: routingKey, event_action: "resolve", dedup_key: dedupKey };
  return {
    routing_key: routingKey,
    event_action: "trigger",
    dedup_key: dedupKey,
    client: "sloctl",
    payload: {
      summary: sentence(incident).slice(0, PAGERDUTY.summary),
      source: plain(incident.service) || "unknown",
      severity: urgency(incident).severity,
      timestamp: incident.timestamp,
      component: plain(incident.service),
      group: [incident.cluster, incident.namespace ?? ""].map(plain).filter((part) => part !== "").join("/"),
      class: incident.predicted_fault_domain,
      custom_details: details(incident),
    },
  };
}

function opsgenie(incident: IncidentAttribution, headers: Readonly<Record<string, string>>): WebhookMessage {
  const alias = incidentKey(incident).slice(0, OPSGENIE.alias);
  if (!isClosed(incident)) return json(opsgenieAlert(incident, alias), headers);
  return {
    ...json({ source: "sloctl", note: `over since ${incident.closed_at ?? "now"}` }, headers),
    below: { segments: [alias, "close"], query: { identifierType: "alias" } },
  };
}

function opsgenieAlert(incident: IncidentAttribution, alias: string): unknown {
  return {
    message: sentence(incident).slice(0, OPSGENIE.message),
    alias,
    description: evidenceLines(incident).slice(0, OPSGENIE.description),
    entity: plain(incident.service).slice(0, OPSGENIE.entity),
    source: "sloctl",
    priority: urgency(incident).priority,
    tags: ["sloctl", incident.predicted_fault_domain],
    details: Object.fromEntries(Object.entries(details(incident)).map(([key, value]) => [key, String(value)])),
  };
}

/** One line that says what, where and how bad. */
export function sentence(incident: IncidentAttribution): string {
  const { service, predicted_fault_domain: domain, confidence, slo_impact: impact } = incident;
  const who = plain(service) || "a service without a name";
  const made = incident.synthetic ? "[synthetic] " : incident.replay ? "[replay] " : "";
  const pace = `${impact.burn_rate.toFixed(1)} times as fast as its budget allows, over ${impact.window_minutes} min`;
  const cause = `${domain}, confidence ${confidence.toFixed(2)}`;
  if (incident.alert !== undefined) {
    return `${made}${who}: the objective ${plain(impact.sli)} burns ${pace}${domain === "unknown" ? "" : `; ${cause}`}`;
  }
  const rate = `burn rate ${impact.burn_rate.toFixed(1)} over ${impact.window_minutes} min`;
  return `${made}${who}: ${plain(impact.sli)} out of its baseline, ${rate}; ${cause}`;
}

function details(incident: IncidentAttribution): Record<string, unknown> {
  return {
    incident_id: plain(incident.incident_id),
    predicted_fault_domain: incident.predicted_fault_domain,
    ...(incident.sub_cause === undefined ? {} : { sub_cause: plain(incident.sub_cause) }),
    confidence: incident.confidence,
    sli: plain(incident.slo_impact.sli),
    burn_rate: incident.slo_impact.burn_rate,
    evidence: evidenceLines(incident),
    trace_ids: (incident.trace_ids ?? []).slice(0, FEW_IDS).map(plain).join(" "),
    ...(incident.synthetic ? { synthetic: true } : {}),
    ...(incident.replay ? { replay: true } : {}),
  };
}

function evidenceLines({ evidence }: IncidentAttribution): string {
  return evidence.map(({ signal, value, source }) => `${plain(signal)} ${Number(value.toPrecision(4))} (${source})`)
    .join("\n");
}

/** The burn rates at which a month's budget lasts two days, five days, a month: the usual borders of page and ticket. */
function urgency({ slo_impact: { burn_rate: rate } }: IncidentAttribution): { severity: string; priority: string } {
  if (rate >= 14.4) return { severity: "critical", priority: "P1" };
  if (rate >= 6) return { severity: "error", priority: "P2" };
  if (rate >= 1) return { severity: "warning", priority: "P3" };
  return { severity: "info", priority: "P4" };
}

/** Texts of spans are shown to people: control characters and marks that turn the writing direction do not travel. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
}

function json(document: unknown, headers: Readonly<Record<string, string>> = {}): WebhookMessage {
  const body = new Uint8Array(new TextEncoder().encode(toJson(document)));
  return { headers: { "content-type": "application/json", ...headers }, body };
}
