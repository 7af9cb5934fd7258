import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SecretsflyError } from "../../src/errors.ts";
import { isAllowedIp, parseAllowedIps } from "../../src/vault/addresses.ts";

const isAllowed = (list: string, address: string) => isAllowedIp(parseAllowedIps(list), address);

describe("a list of addresses", () => {
  test("is separated by commas, blanks and line breaks, and stored one a line", () => {
    expect(parseAllowedIps(" 10.0.0.1, 10.1.0.0/16\r\n2001:db8::/32\t::1,,")).toBe(
      "10.0.0.1\n10.1.0.0/16\n2001:db8::/32\n::1",
    );
    expect(parseAllowedIps("")).toBe("");
    expect(parseAllowedIps(" ,\n, ")).toBe("");
  });

  test("comes back from what is stored", () => {
    const entry = fc.oneof(
      fc.ipV4Extended().filter((ip) => /^\d+(\.\d+){3}$/.test(ip)),
      fc.ipV6(),
    );
    const property = fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      let stored: string;
      try {
        stored = parseAllowedIps(entries.join(","));
      } catch (error) {
        expect(error).toBeInstanceOf(SecretsflyError);
        return;
      }
      expect(parseAllowedIps(stored)).toBe(stored);
      for (const address of entries) expect(isAllowedIp(stored, address)).toBe(true);
    });
    fc.assert(property);
  });

  test.each([
    "localhost",
    "example.com",
    "10.0.0",
    "10.0.0.1.2",
    "10.0.0.256",
    "010.0.0.1",
    "0x0a.0.0.1",
    "167772161",
    "10.0.0.1/",
    "10.0.0.1/33",
    "10.0.0.1/-1",
    "10.0.0.1/8.0",
    "10.0.0.1/ 8",
    "10.0.0.1/8/8",
    "10.0.0.1/255.0.0.0",
    "10.0.0.1/1e1",
    "10.0.0.1:443",
    "10.0.0.*",
    "10.0.0.1-10.0.0.9",
    "2001:db8::/129",
    "2001:db8:::1",
    "[::1]",
    "::1/",
    "/8",
    "fe80::1%eth0",
    "*",
    "<script>",
  ])("may not hold %p", (entry) => {
    const parse = () => parseAllowedIps(`10.0.0.1, ${entry}`);
    expect(parse).toThrow(SecretsflyError);
    try {
      parse();
    } catch (error) {
      expect(error).toMatchObject({
        code: "invalid",
        fields: { allowedIps: expect.stringContaining("is no IP") },
      });
    }
  });

  test("names the entry that is at fault, not more than a line of it", () => {
    expect(() => parseAllowedIps("10.0.0.1 nonsense ::1")).toThrow('"nonsense" is no IP address');
    expect(() => parseAllowedIps("10.0.0.1/33 ::1 nowhere")).toThrow(
      /^"10.0.0.1\/33" .* from 0 to 32\. "nowhere" is no IP address or CIDR range\.$/,
    );
    expect(() => parseAllowedIps("a b c d e f g")).toThrow(/"e" is no IP .*\. There are more like these\.$/);
    expect(() => parseAllowedIps("x".repeat(10_000))).toThrow(/^.{0,100}$/);
  });
});

describe("an address is allowed", () => {
  test("everywhere, where the list is empty", () => {
    expect(isAllowed("", "203.0.113.9")).toBe(true);
    expect(isAllowed("", "unknown")).toBe(true);
  });

  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.0/8", "10.255.255.255"],
    ["10.9.8.7/8", "10.0.0.0"],
    ["192.168.0.0/23", "192.168.1.255"],
    ["203.0.113.4/31", "203.0.113.5"],
    ["203.0.113.4/32", "203.0.113.4"],
    ["0.0.0.0/0", "203.0.113.9"],
    ["2001:db8::/32", "2001:db8:ffff::1"],
    ["2001:db8::/63", "2001:db8:0:1::"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["2001:DB8::A", "2001:db8::a"],
    ["::/0", "2001:db8::1"],
    ["192.0.2.1, 10.0.0.0/8, ::1", "10.1.2.3"],
  ])("by %p: %s", (list, address) => expect(isAllowed(list, address)).toBe(true));

  test.each([
    ["10.0.0.1", "::ffff:10.0.0.1"],
    ["10.0.0.0/8", "::FFFF:10.1.2.3"],
    ["10.0.0.1", "::ffff:a00:1"],
    ["10.0.0.1", "0:0:0:0:0:ffff:10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.0/104", "10.1.2.3"],
  ])("by %p in whichever way its IPv4 is written: %s", (list, address) => {
    expect(isAllowed(list, address)).toBe(true);
  });
});

describe("an address is not allowed", () => {
  test.each([
    ["10.0.0.1", "10.0.0.2"],
    ["10.0.0.0/8", "11.0.0.0"],
    ["192.168.0.0/23", "192.168.2.0"],
    ["203.0.113.4/31", "203.0.113.6"],
    ["0.0.0.0/0", "2001:db8::1"],
    ["2001:db8::/32", "2001:db9::"],
    ["2001:db8::/64", "2001:db8:0:1::"],
    ["::1", "::2"],
    ["::1", "127.0.0.1"],
    ["10.0.0.0/8", "::ffff:11.0.0.1"],
    ["10.0.0.0/8", "::10.0.0.1"],
    ["10.0.0.0/8", "64:ff9b::10.0.0.1"],
  ])("by %p: %s", (list, address) => expect(isAllowed(list, address)).toBe(false));

  test.each([
    "",
    "unknown",
    "localhost",
    "10.0.0.1, 10.0.0.2",
    "10.0.0.1:443",
    "10.0.0",
    " 10.0.0.1",
    "::ffff:",
  ])("where it is none: %p", (address) => expect(isAllowed("0.0.0.0/0, ::/0", address)).toBe(false));
});
