import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CliError } from "../../src/cli/cli-error.ts";
import { visible, visibleLines } from "../../src/cli/output.ts";
import { LineReader } from "../../src/cli/prompt-line.ts";
import { getSecret } from "../../src/cli/secrets-read-action.ts";
import { setSecrets } from "../../src/cli/secrets-write-action.ts";
import { type CommandServer, startCommandServer } from "./commands-harness.ts";
import { readUntil } from "./harness.ts";
import { worstValues } from "./worst-values.ts";

let server: CommandServer;

beforeAll(async () => {
  server = await startCommandServer();
});

describe("secrets set and get", () => {
  test("any text given as NAME=VALUE is what apps get, and what list tells", async () => {
    const assignments = Object.entries(worstValues).map(([name, value]) => `${name}=${value}`);
    const set = await server.run(["secrets", "set", "--literal", ...assignments]);
    expect(set).toMatchObject({ stderr: "", exitCode: 0 });
    expect(await server.values()).toMatchObject(worstValues);

    const list = await server.run(["secrets", "list", "--values", "--json"], { rights: "read" });
    const told = JSON.parse(list.stdout) as { name: string; value: string }[];
    expect(Object.fromEntries(told.map(({ name, value }) => [name, value]))).toEqual(await server.values());
  });

  test("1 MiB goes through stdin and stdout byte for byte", async () => {
    const value = `\r\n"'$\`\\#é\u{1f511}\n`.repeat(100_000).slice(0, 700_000);
    const big = value + "x".repeat(1024 * 1024 - Buffer.byteLength(value));
    const set = await server.run(["secrets", "set", "BIG", "--keep-newline", "--literal"], { stdin: big });
    expect(set).toEqual({ stdout: "created BIG\n", stderr: "", exitCode: 0 });
    const got = await server.run(["secrets", "get", "BIG", "--plain"]);
    expect(got.stdout === big).toBe(true);
  });

  test("one line break at the end of stdin is left away, unless it is to be kept", async () => {
    await server.run(["secrets", "set", "LINE"], { stdin: "a\n\r\n" });
    expect((await server.values()).LINE).toBe("a\n");
    await server.run(["secrets", "set", "LINE", "--keep-newline"], { stdin: "a\n\r\n" });
    expect((await server.values()).LINE).toBe("a\n\r\n");
  });

  test.each([
    ["a NUL character", "a\0b", "the value of EMPTIED holds a NUL character"],
    ["no value at all", "", "no value was given (EMPTIED= sets an empty one)"],
    ["what is not UTF-8", new Uint8Array([0xff]), "stdin is not text in UTF-8"],
  ])("%s on stdin is refused, and the secret stays", async (_, stdin, message) => {
    await server.save("api", { EMPTIED: "before" });
    const { stderr, exitCode } = await server.run(["secrets", "set", "EMPTIED"], { stdin });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
    expect((await server.values()).EMPTIED).toBe("before");
  });

  test("what became of each is told", async () => {
    await server.save("api", { OLD: "1", SAME: "1" });
    const json = await server.run(["secrets", "set", "--json", "NEW=1", "OLD=2", "SAME=1"]);
    expect(JSON.parse(json.stdout)).toEqual([
      { id: expect.any(Number), name: "NEW", version: 1, outcome: "created" },
      { id: expect.any(Number), name: "OLD", version: 2, outcome: "changed" },
      { id: expect.any(Number), name: "SAME", version: 1, outcome: "unchanged" },
    ]);
    const note = ["secrets", "set", "--note", "a reason", "OLD=2"];
    expect((await server.run(note)).stdout).toBe("changed OLD\n");
    expect((await server.run(note)).stdout).toBe("unchanged OLD\n");
  });

  test("all are set or none", async () => {
    const { stderr, exitCode } = await server.run(["secrets", "set", "ONE=1", "TWO=${NOT_THERE}"]);
    expect(stderr).toContain("TWO refers to ${NOT_THERE}");
    expect(exitCode).toBe(1);
    expect(await server.values()).not.toHaveProperty("ONE");
  });

  test.each([
    ["what is no name", ["A=1", "hunter2!"], "argument 2 is neither NAME nor NAME=VALUE"],
    ["two without a value", ["PASSWORD", "hunter2"], "only one secret's value can be read from stdin"],
    ["a name twice", ["A=hunter2", "A=1"], "A is there twice"],
    ["a token for a name", ["sfly_abc_hunter2"], "argument 1 is neither NAME nor NAME=VALUE"],
  ])("%s is refused before anything is sent, and no argument is repeated", async (_, args, message) => {
    const error = await setSecrets(args, {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
    expect(error).not.toMatchObject({ message: expect.stringContaining("hunter2") });
  });

  test.each(["a/b", "1A", "", "sfly_abc_hunter2"])(
    "%p, which no secret is called, is not asked for",
    async (name) => {
      const error = await getSecret(name, {}).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ exitCode: 2, message: expect.not.stringContaining("hunter2") });
    },
  );

  test("a note for several is refused", async () => {
    const note = setSecrets(["A=1", "B=2"], { note: "why" });
    expect(await note.catch((error: unknown) => error)).toMatchObject({
      message: "--note is for one secret",
    });
  });

  test("stdin that holds the token holds no value", async () => {
    const env = { SECRETSFLY_TOKEN_FILE: "-", SECRETSFLY_TOKEN: "" };
    const { stderr, exitCode } = await server.run(["secrets", "set", "A"], {
      env,
      stdin: server.tokens.write,
    });
    expect(stderr).toContain("stdin cannot be read twice");
    expect(exitCode).toBe(2);
  });

  test("a secret that is not there is named, with one that is nearly called so", async () => {
    await server.save("shop", { DATABASE_URL: "canary-value" });
    const { stdout, stderr, exitCode } = await server.run(["secrets", "get", "DATABSE_URL"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toBe("secretsfly: there is no secret DATABSE_URL here; did you mean DATABASE_URL?\n");
  });

  test("get says the version, too", async () => {
    await server.save("api", { VERSIONED: "a\n" });
    const [json, text] = await Promise.all([
      server.run(["secrets", "get", "VERSIONED", "--json"]),
      server.run(["secrets", "get", "VERSIONED"]),
    ]);
    const id = expect.any(Number);
    expect(JSON.parse(json.stdout)).toEqual({ id, name: "VERSIONED", value: "a\n", version: 1 });
    expect(text.stdout).toBe("a\n\n");
  });
});

describe("secrets list", () => {
  test("is names, one a line; values are aligned and hold nothing that a terminal obeys", async () => {
    const other = await startCommandServer();
    await other.save("shop", { LONG_NAME: "a\n\u001b[2Jb", A: "1" });
    const [names, values, json] = await Promise.all([
      other.run(["secrets", "list"]),
      other.run(["secrets", "list", "--values"]),
      other.run(["secrets", "list", "--json"]),
    ]);
    expect(names.stdout).toBe("A\nLONG_NAME\n");
    expect(values.stdout).toBe("A          1\nLONG_NAME  a␊␛[2Jb\n");
    expect(JSON.parse(json.stdout)).toEqual([
      { id: expect.any(Number), name: "A" },
      { id: expect.any(Number), name: "LONG_NAME" },
    ]);
  });

  test("control characters, and what hides or turns text around, are made visible", () => {
    expect(visible("a\0\t\u007f\u0085\u202e\u200b\u2028é\u{1f511}")).toBe(
      "a␀␉␡<U+0085><U+202E><U+200B><U+2028>é\u{1f511}",
    );
    expect(visibleLines("a\n\tb\r\u001b")).toBe("a\n\tb␍␛");
  });
});

describe("secrets delete", () => {
  test("without a terminal wants --yes, and deletes all or none", async () => {
    await server.save("api", { GONE: "1", GONE_TOO: "1" });
    const unsure = await server.run(["secrets", "delete", "GONE"]);
    expect(unsure).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--yes is needed") });
    const one = await server.run(["secrets", "delete", "--yes", "GONE", "NEVER"]);
    expect(one).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("NEVER") });
    expect(await server.values()).toHaveProperty("GONE");
    const both = await server.run(["secrets", "delete", "--yes", "GONE", "GONE_TOO", "GONE"]);
    expect(both).toEqual({ stdout: "deleted GONE\ndeleted GONE_TOO\n", stderr: "", exitCode: 0 });
    expect(await server.values()).not.toHaveProperty("GONE");
  });

  test("a read token writes nothing", async () => {
    const { stderr, exitCode } = await server.run(["secrets", "set", "A=1"], { rights: "read" });
    expect(stderr).toContain("may not do this");
    expect(exitCode).toBe(1);
  });
});

const hasScript = process.platform === "linux" && Bun.which("script") !== null;

describe.skipIf(!hasScript)("on a terminal (skipped without util-linux's script)", () => {
  /** Runs a command in a terminal of its own; what is written to stdin is typed there. */
  function startInTerminal(args: readonly string[]) {
    const { cmd, cwd, env } = server.commandLine(args);
    // The settings of the terminal afterwards tell whether it shows what is typed.
    const line = `${cmd.map((word) => `'${word}'`).join(" ")}; echo "exit $?."; stty -a`;
    const terminal = Bun.spawn(["script", "-qec", line, "/dev/null"], {
      ...{ cwd, env: { ...env, TERM: "xterm" } },
      ...({ stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const),
    });
    const reader = terminal.stdout.getReader();
    return {
      type: async (text: string) => {
        terminal.stdin.write(text);
        await terminal.stdin.flush();
      },
      until: (text: string) => readUntil(reader, text),
    };
  }

  test("a value is asked for and not shown; a paste may have several lines", async () => {
    const { type, until } = startInTerminal(["secrets", "set", "TYPED"]);
    await until("Value of TYPED (not shown): ");
    await type("hunter\u007f\u001b[200~2\r\nof two\u001b[201~\r");
    const shown = await until(" iexten");
    expect(shown).toMatch(/created TYPED\r\nexit 0\..* icanon.* echo /s);
    expect(shown).not.toContain("hunte");
    expect((await server.values()).TYPED).toBe("hunte2\nof two");
  });

  test("Ctrl-C leaves everything as it was, the terminal too", async () => {
    const { type, until } = startInTerminal(["secrets", "set", "CANCELLED"]);
    await until("(not shown): ");
    await type("abc\u0003");
    expect(await until(" iexten")).toMatch(/nothing was changed\r\nexit 130\..* icanon.* echo /s);
    expect(await server.values()).not.toHaveProperty("CANCELLED");
  });

  test.each([
    ["y", "y\r", "deleted ASKED\r\nexit 0.", false],
    ["no", "no\r", "\nsecretsfly: nothing was deleted\r\nexit 1.", true],
    ["Ctrl-D", "\u0004", "\nsecretsfly: nothing was deleted\r\nexit 1.", true],
  ])("a deletion is asked about: %s", async (_, keys, ending, isThere) => {
    await server.save("api", { ASKED: "1" });
    const { type, until } = startInTerminal(["secrets", "delete", "ASKED"]);
    await until("Delete ASKED of api, prod? [y/N] ");
    await type(keys);
    await until(ending);
    expect("ASKED" in (await server.values())).toBe(isThere);
  });
});

describe("what is typed without being shown", () => {
  test("is the same however it arrives", () => {
    const typed = fc.array(
      fc.oneof(
        fc.stringMatching(/^[ -~é\u{1f511}]{1,8}$/u).map((text) => [text, text]),
        fc
          .string({ unit: fc.constantFrom("a", "[", "2", "\r", "\n", "\t", "\u001b"), maxLength: 8 })
          .map((text) => [`\u001b[200~${text}\u001b[201~`, text.replace(/\r\n?/g, "\n")]),
        fc.constantFrom("\u001b[A", "\u001b[3~", "\u001bOP", "\u001bx").map((key) => [key, ""]),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(typed, fc.array(fc.nat(6)), (pieces, sizes) => {
        const keys = `${pieces.map(([keys]) => keys).join("")}\r`;
        const reader = new LineReader();
        let line: string | undefined;
        for (let at = 0, index = 0; at < keys.length; index++) {
          const size = 1 + (sizes[index % sizes.length] ?? 6);
          line = reader.read(keys.slice(at, at + size));
          at += size;
        }
        expect(line).toBe(pieces.map(([, text]) => text).join(""));
      }),
    );
  });

  test("can be taken back", () => {
    expect(new LineReader().read("abc\u0015x\u{1f511}y\u007f\u007f\b\bz\r")).toBe("z");
  });

  test.each([
    ["Ctrl-C", "abc\u0003", 130],
    ["Ctrl-D on an empty line", "\u0004", 1],
    ["text behind the end, which a shell would run", "line one\rline two\r", 2],
  ])("%s ends it", (_, keys, exitCode) => {
    const read = () => new LineReader().read(keys);
    expect(read).toThrow(CliError);
    expect(read).toThrow(expect.objectContaining({ exitCode }));
  });
});
