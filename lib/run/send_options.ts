/** From the configuration to where things are sent; nothing is opened here. */
import type { ToolkitConfig } from "../config/mod.ts";
import type { OtlpDestination } from "../export/otlp_exporter.ts";
import type { WebhookDestination } from "../export/webhook_sender.ts";
import { UsageError } from "../model/errors.ts";

export interface SendOptions {
  /** undefined: nothing goes there. */
  readonly otlp: OtlpDestination | undefined;
  readonly webhook: WebhookDestination | undefined;
  /** Where what cannot be sent yet is kept; undefined: in memory. */
  readonly spool: string | undefined;
  readonly spoolBytes: number;
}

export const SEND_NOTHING: SendOptions = { otlp: undefined, webhook: undefined, spool: undefined, spoolBytes: 0 };

/**
 * @param webhookNamed the caller typed a webhook's address: that enables it whatever the file says
 * @throws UsageError for headers that are none
 */
export function sendOptions(config: ToolkitConfig, webhookNamed = false): SendOptions {
  const { otlp, webhook, spool } = config;
  const ca = otlp.ca_file === "" ? {} : { caFile: otlp.ca_file };
  return {
    otlp: otlp.endpoint === "" ? undefined : {
      endpoint: otlp.endpoint,
      timeoutMs: otlp.timeout_ms,
      headers: readHeaders(otlp.headers),
      compression: otlp.compression,
      ...ca,
      ...(otlp.client_cert_file === "" ? {} : { certFile: otlp.client_cert_file }),
      ...(otlp.client_key_file === "" ? {} : { keyFile: otlp.client_key_file }),
    },
    webhook: webhook.url === "" || !(webhook.enabled || webhookNamed) ? undefined : {
      url: webhook.url,
      secret: webhook.secret,
      format: webhook.format,
      timeoutMs: webhook.timeout_ms,
      ...ca,
    },
    spool: spool.directory === "" ? undefined : spool.directory,
    spoolBytes: spool.max_mb * 1024 * 1024,
  };
}

/** Where a receiver of this machine listens. */
const USUAL_ENDPOINT = "http://127.0.0.1:4318";

/** Of an agent: `--output otlp` has a receiver even where none was named. @throws UsageError */
export function agentSendOptions(
  config: ToolkitConfig,
  output: string | undefined,
  webhookNamed: boolean,
): SendOptions {
  const endpoint = config.otlp.endpoint === "" && output === "otlp" ? USUAL_ENDPOINT : config.otlp.endpoint;
  return sendOptions({ ...config, otlp: { ...config.otlp, endpoint } }, webhookNamed);
}

/** `name=value,name=value`, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has it. The text is a secret and is not repeated. */
function readHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of text.split(/[,\n]/).map((part) => part.trim()).filter((part) => part !== "")) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*)$/.exec(part) ?? [];
    if (name === undefined) {
      throw new UsageError(
        'Cannot use "otlp.headers": it is not name=value,name=value',
        "Write authorization=Bearer%20...",
      );
    }
    headers[name.toLowerCase()] = percentDecoded(value!);
  }
  return headers;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
