import { expect, test } from "bun:test";
import { readOptions } from "../../bench/options.ts";

test("nothing is needed, and everything has a default", () => {
  const { isQuick, only, executable, generator, out, commit, url, token } = readOptions([], {});
  expect({ isQuick, only, executable, generator, commit, url, token }).toEqual({
    ...{ isQuick: false, only: "", executable: undefined, generator: undefined },
    ...{ commit: undefined, url: undefined, token: undefined },
  });
  expect(out).toEndWith("/bench/results");
});

test("the token and the commit are taken from the environment, and from an argument before that", () => {
  const env = { SECRETSFLY_TOKEN: "of the environment", COMMIT: "abc1234" };
  expect(readOptions([], env)).toMatchObject({ token: "of the environment", commit: "abc1234" });
  const args = ["--token", "-", "--commit", "def5678"];
  expect(readOptions(args, env)).toMatchObject({ token: "-", commit: "def5678" });
});

test("of a deployment's address only the origin counts", () => {
  const { url } = readOptions(["--url", "https://secrets.example.com/api/"], {});
  expect(url).toBe("https://secrets.example.com");
  expect(() => readOptions(["--url", "secrets.example.com"], {})).toThrow("--url");
});

test("what it does not know is refused", () => {
  expect(() => readOptions(["--generator", "ab"], {})).toThrow("wrk or autocannon");
  expect(() => readOptions(["--fast"], {})).toThrow("--fast");
});
