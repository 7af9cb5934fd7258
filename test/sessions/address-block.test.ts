/** Which addresses are one network connection. */

import { describe, expect, test } from "bun:test";
import { BlockList } from "node:net";
import fc from "fast-check";
import { addressBlock } from "../../src/sessions/address-block.ts";

describe("the block of an address", () => {
  const blocks: [address: string, block: string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:0DB8:0000:0000:1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["::", "0:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["1::", "1:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.33", "64:ff9b:0:0::/64"],
    ["1:2:3:4:5:6:192.0.2.33", "1:2:3:4::/64"],
    ["unknown", "unknown"],
    ["", ""],
  ];
  for (const [address, block] of blocks) {
    test(`${address || "(nothing)"}: ${block || "(nothing)"}`, () => {
      expect(addressBlock(address)).toBe(block);
    });
  }

  test("is one for two addresses of IPv6 exactly where they are in one /64", () => {
    // Those that are IPv4 in another writing have their rows above.
    const address = fc.ipV6().filter((text) => !/^::ffff:\d+\./i.test(text));
    fc.assert(
      fc.property(address, address, (a, b) => {
        const network = new BlockList();
        network.addSubnet(a, 64, "ipv6");
        expect(addressBlock(a) === addressBlock(b)).toBe(network.check(b, "ipv6"));
        expect(network.check(addressBlock(a).replace("/64", "1"), "ipv6")).toBe(true);
      }),
    );
  });
});
