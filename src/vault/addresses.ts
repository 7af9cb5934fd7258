import { BlockList, isIP } from "node:net";
import { invalid } from "../errors.ts";

/**
 * A list of addresses and CIDR ranges (v4 and v6), separated by commas or white space → the same, one a
 * line. Empty: any address. Throws SecretsflyError `invalid` for `allowedIps`, naming the entry.
 */
export function parseAllowedIps(text: string): string {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  for (const entry of entries) {
    const [address = "", bits, ...rest] = entry.split("/");
    const family = isIP(address);
    const max = family === 6 ? 128 : 32;
    const valid =
      family !== 0 &&
      rest.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max));
    if (!valid)
      throw invalid("allowedIps", `${JSON.stringify(entry.slice(0, 60))} is no IP address or CIDR range.`);
  }
  return entries.join("\n");
}

/** Whether an address is in a list as `parseAllowedIps` returns it. An address that is none is in no list. */
export function isAllowedIp(allowedIps: string, address: string): boolean {
  if (allowedIps === "") return true;
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  const family = isIP(plain);
  if (family === 0) return false;
  const list = new BlockList();
  for (const entry of allowedIps.split("\n")) {
    const [range = "", bits] = entry.split("/");
    const type = isIP(range) === 6 ? "ipv6" : "ipv4";
    list.addSubnet(range, Number(bits ?? (type === "ipv6" ? 128 : 32)), type);
  }
  return list.check(plain, family === 6 ? "ipv6" : "ipv4");
}
