import { isIP } from "node:net";

/**
 * What one network connection has: an IPv4 address, or the /64 of an IPv6 address, of which any device picks addresses
 * at will. IPv4 written as IPv6 (`::ffff:192.0.2.1`) is the same as IPv4. A text that is no address stands for itself.
 */
export function addressBlock(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  if (isIP(plain) !== 6) return plain;
  // The last four groups may be written as an IPv4 address; of these none is looked at.
  const [head = "", tail] = (plain.split("%")[0] ?? "").toLowerCase().split("::");
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  const groups = text === "" ? [] : text.split(":");
  // Four bytes are two groups.
  return groups.flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
