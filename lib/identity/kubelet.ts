/** Asks the kubelet of this node for its pods: HTTPS with the service account's token, or its read-only port. */
import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Listing } from "./names.ts";
import { parsePodList } from "./pod_list.ts";

export interface KubeletOptions {
  /** `https://10.0.0.7:10250` */
  readonly url: string;
  /** Name its certificate is for, where the address is none: the node's. */
  readonly serverName?: string;
  /** PEM texts of authorities that may have signed it. */
  readonly ca: readonly string[];
  /** Take any certificate. The token then goes to whoever answers. */
  readonly insecure: boolean;
  /** Read at every request, for tokens are renewed in place. */
  readonly token: () => string | undefined;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 2000;
/** A pod's document is some 10 KB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The listing, or why there is none, in a few words. */
export async function askKubelet(options: KubeletOptions): Promise<Listing | string> {
  let answer: { readonly status: number; readonly body: string };
  try {
    answer = await get(options);
  } catch (error) {
    return wordsOf(error as Error);
  }
  if (answer.status === 401) return "it takes no token of ours (401)";
  if (answer.status === 403) return "our service account may not read nodes/proxy (403)";
  if (answer.status !== 200) return `it answered ${answer.status}`;
  try {
    return parsePodList(JSON.parse(answer.body)) ?? "its answer is no list of pods";
  } catch {
    return "its answer is not JSON";
  }
}

function get(options: KubeletOptions): Promise<{ status: number; body: string }> {
  const { url, serverName, ca, insecure, token, timeoutMs = TIMEOUT_MS } = options;
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === "https:";
  const bearer = secure ? token() : undefined; // never in the clear
  const common = {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port,
    path: "/pods",
    agent: false as const,
    headers: { accept: "application/json", ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
  };
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage) => {
      const parts: Uint8Array[] = [];
      let size = 0;
      response.on("data", (part: Uint8Array) => {
        size += part.length;
        if (size > MOST_BYTES) request.destroy(new Error("its answer is over 64 MiB"));
        else parts.push(part);
      });
      response.on("end", async () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body: await new Blob(parts as BlobPart[]).text() });
      });
      response.on("error", reject);
    };
    const request = secure
      ? overHttps({
        ...common,
        ca: [...ca],
        rejectUnauthorized: !insecure,
        ...(serverName === undefined ? {} : { servername: serverName }),
      }, take)
      : overHttp(common, take);
    const timer = setTimeout(() => request.destroy(new Error("it did not answer in time")), timeoutMs);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end();
  });
}

function wordsOf({ message }: Error): string {
  if (/certificate|UnknownIssuer|NotValidForName|self.signed|unable to verify|CERT_/i.test(message)) {
    return "its certificate is not one we trust";
  }
  if (/ECONNREFUSED|refused/i.test(message)) return "nobody listens there";
  if (/ENOTFOUND|EAI_AGAIN|dns|lookup/i.test(message)) return "its name cannot be resolved";
  return message.startsWith("it") ? message : `no answer (${message.split("\n")[0]})`;
}
