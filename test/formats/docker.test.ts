import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";
import { readAsDocker } from "./readers.ts";

const print = (value: string, name = "A") => printSecrets("docker", [{ name, value }], "shop-prod").body;

describe("a Docker env file", () => {
  test("holds the raw value after the first equals sign", () => {
    expect(print(` "it's" $HOME # = \\ `)).toBe(`A= "it's" $HOME # = \\ \n`);
    expect(print("")).toBe("A=\n");
  });

  test.each(["secret-part\n", "secret\r-part", "secret-part\0", "x".repeat(65_534), "secret-part\udc00"])(
    "refuses what a line cannot hold, naming the secret only",
    (value) => {
      expect(() => print(value)).toThrow(UnprintableSecretError);
      expect(() => print(value)).toThrow(/^A: /);
      expect(() => print(value)).not.toThrow(/secret/);
    },
  );

  test("allows a line of exactly 65,535 bytes, counted in UTF-8", () => {
    expect(print("x".repeat(65_533))).toHaveLength(65_536);
    expect(() => print("é".repeat(32_767))).toThrow(UnprintableSecretError);
  });

  test.each(["#A", "A B", "A=B", ""])("refuses %j as a name", (name) => {
    expect(() => print("x", name)).toThrow(UnprintableSecretError);
  });

  test("is read back exactly, or refused", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const sayable = !/[\r\n\0]/.test(value) && Buffer.byteLength(value) <= 65_533;
        if (sayable) expect(readAsDocker(print(value))).toEqual([`A=${value}`]);
        else expect(() => print(value)).toThrow(UnprintableSecretError);
      }),
      { numRuns: 2000 },
    );
  });

  const testWithDocker = Bun.which("docker") ? test : test.skip;
  testWithDocker("is read back exactly by the docker command itself", async () => {
    const values = [
      ...fc.sample(anyValue, 300),
      " leading",
      "#",
      "'a'",
      '"b"',
      "\u00a0",
      "\ufeff",
      "x".repeat(65_000),
    ];
    const secrets = values
      .filter((value) => !/[\r\n\0]/.test(value) && Buffer.byteLength(value) < 65_500)
      .map((value, index) => ({ name: `N_${index}`, value }));
    const created: string[][] = [];
    const daemon = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        if (request.url.endsWith("/_ping")) return new Response("OK", { headers: { "Api-Version": "1.44" } });
        const { Env } = (await request.json()) as { Env: string[] };
        created.push(Env);
        return Response.json({ Id: "created", Warnings: [] }, { status: 201 });
      },
    });
    try {
      const docker = Bun.spawn(["docker", "create", "--env-file", "/dev/stdin", "image"], {
        stdin: Buffer.from(printSecrets("docker", secrets, "shop-prod").body),
        stderr: "pipe",
        env: { PATH: process.env.PATH, DOCKER_HOST: `tcp://127.0.0.1:${daemon.port}` },
      });
      expect({ code: await docker.exited, noise: await new Response(docker.stderr).text() }).toEqual({
        code: 0,
        noise: "",
      });
    } finally {
      await daemon.stop(true);
    }
    expect(created).toEqual([secrets.map(({ name, value }) => `${name}=${value}`)]);
  });
});
