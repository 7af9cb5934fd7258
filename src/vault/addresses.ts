import { BlockList, isIP } from "node:net";
import { invalid } from "../errors.ts";

/**
 * A list of addresses and CIDR ranges (v4 and v6), separated by commas or white space → the same, one a
 * line. Empty: any address. Throws SecretsflyError `invalid` for `allowedIps`, naming the entries.
 */
export function parseAllowedIps(text: string): string {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  const faults = entries.flatMap((entry) => faultOf(entry) ?? []);
  if (faults.length > maxFaults) faults.splice(maxFaults, faults.length, "There are more like these.");
  if (faults.length > 0) throw invalid("allowedIps", faults.join(" "));
  return entries.join("\n");
}

/** As many as can be read at once. */
const maxFaults = 5;

/** What is wrong with an entry; undefined for an address or a range. */
function faultOf(entry: string): string | undefined {
  const shown = JSON.stringify(entry.slice(0, 60));
  const [address = "", bits, ...rest] = entry.split("/");
  const family = isIP(address);
  // Node takes an address with a zone for one, but a zone means something on one machine only.
  if (family === 0 || rest.length > 0 || address.includes("%"))
    return `${shown} is no IP address or CIDR range.`;
  const max = family === 6 ? 128 : 32;
  if (bits === undefined || (/^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= max)) return undefined;
  return `${shown} is no IP address or CIDR range: after the slash there must be a number from 0 to ${max}.`;
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
