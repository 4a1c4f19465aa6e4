/** A process of its own: connects to itself and hangs up, one connection after the other, for argument 1 ms; prints how many. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const accepting = (async () => {
  for await (const conn of listener) conn.close();
})();
const until = performance.now() + Number(Deno.args[0]);
let connects = 0;
while (performance.now() < until) {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  await conn.read(new Uint8Array(1));
  connects++;
}
listener.close();
await accepting;
await Deno.stdout.write(new TextEncoder().encode(`${connects}\n`));
