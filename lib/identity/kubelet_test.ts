import { assertEquals } from "@std/assert";
import { makeCertificates } from "../testing/certificates.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { askKubelet, type KubeletOptions } from "./kubelet.ts";
import type { Listing } from "./names.ts";

const TOKEN = "secret-of-the-account";
const PODS = {
  kind: "PodList",
  items: [{
    metadata: { name: "chat-7f", namespace: "shop", uid: "u1" },
    status: { containerStatuses: [{ name: "chat", containerID: "containerd://c1" }] },
  }],
};

/** As a kubelet answers: /pods for who has a token that may. */
function kubelet(tokens: string[], answer: () => Response = () => Response.json(PODS)): Deno.ServeHandler {
  return (request) => {
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    tokens.push(token);
    if (new URL(request.url).pathname !== "/pods") return new Response(null, { status: 404 });
    if (token === "") return new Response("Unauthorized", { status: 401 });
    return token === TOKEN ? answer() : new Response("Forbidden", { status: 403 });
  };
}

const listen = { port: 0, hostname: "127.0.0.1", onListen() {} } as const;
const names = (answer: Listing | string) => typeof answer === "string" ? answer : answer.containers.get("c1")?.pod;

testUnless(
  await missingTool("openssl", "apt-get install openssl"),
  "a kubelet over HTTPS: token, authority, name",
  async () => {
    using made = await makeCertificates(["node"]);
    const pair = made.of("node");
    const [cert, key] = [Deno.readTextFileSync(pair.cert), Deno.readTextFileSync(pair.key)];
    const tokens: string[] = [];
    await using server = Deno.serve({ ...listen, cert, key }, kubelet(tokens));
    const ask = (change: Partial<KubeletOptions> = {}) =>
      askKubelet({
        url: `https://127.0.0.1:${server.addr.port}`,
        ca: [Deno.readTextFileSync(made.ca)],
        insecure: false,
        token: () => TOKEN,
        ...change,
      });
    assertEquals(names(await ask()), "chat-7f");
    assertEquals(names(await ask({ serverName: "localhost" })), "chat-7f");
    assertEquals(names(await ask({ token: () => undefined })), "it takes no token of ours (401)");
    assertEquals(names(await ask({ token: () => "another" })), "our service account may not read nodes/proxy (403)");
    const before = tokens.length;
    assertEquals(names(await ask({ ca: [] })), "its certificate is not one we trust");
    assertEquals(names(await ask({ serverName: "somebody-else" })), "its certificate is not one we trust");
    assertEquals(tokens.length, before, "the token went nowhere");
    assertEquals(names(await ask({ ca: [], insecure: true })), "chat-7f");
  },
);

Deno.test("a kubelet's read-only port: no token is sent, and every bad answer has its words", async () => {
  const tokens: string[] = [];
  let answer = () => Response.json(PODS);
  await using server = Deno.serve(listen, (request) => {
    tokens.push(request.headers.get("authorization") ?? "");
    return answer();
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const ask = (change: Partial<KubeletOptions> = {}) =>
    askKubelet({ url, ca: [], insecure: false, token: () => TOKEN, timeoutMs: 300, ...change });
  assertEquals(names(await ask()), "chat-7f");
  assertEquals(tokens, [""]);
  const rows: [() => Response, string][] = [
    [() => new Response(null, { status: 500 }), "it answered 500"],
    [() => new Response("<html>"), "its answer is not JSON"],
    [() => Response.json({ kind: "Status" }), "its answer is no list of pods"],
    [() => new Response(new ReadableStream({ start() {} })), "it did not answer in time"],
  ];
  for (const [bad, words] of rows) {
    answer = bad;
    assertEquals(names(await ask()), words);
  }
  const port = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const free = (port.addr as Deno.NetAddr).port;
  port.close();
  assertEquals(names(await ask({ url: `http://127.0.0.1:${free}` })), "nobody listens there");
});
