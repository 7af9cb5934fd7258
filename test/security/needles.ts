/** What a secret looks like where it may be found. */
export interface Needle {
  encoding: string;
  needle: Buffer;
}

/** The base64 of bytes is another one at each of three offsets; the characters at the ends belong to the neighbours too. */
function base64Variants(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replaceAll("=", "");
    return text.slice(offset === 0 ? 0 : offset + 1, -2);
  });
}

/** Bytes in every encoding. A part is a finding too: half of a key is no secret any more. */
export function needlesOf(bytes: Buffer): Needle[] {
  const base64 = base64Variants(bytes);
  const hex = bytes.toString("hex");
  const texts = [
    ...base64.map((text) => ["base64", text]),
    ...base64.map((text) => ["base64url", text.replaceAll("+", "-").replaceAll("/", "_")]),
    ["hex", hex],
    ["upper-case hex", hex.toUpperCase()],
  ];
  const utf16 = Buffer.from(bytes.toString("latin1"), "utf16le");
  const half = Math.floor(bytes.length / 2);
  return [
    { encoding: "its first half", needle: bytes.subarray(0, half) },
    { encoding: "its second half", needle: bytes.subarray(half) },
    { encoding: "UTF-16LE", needle: utf16 },
    { encoding: "UTF-16BE", needle: Buffer.from(utf16).swap16() },
    ...texts.map(([encoding = "", text = ""]) => ({ encoding, needle: Buffer.from(text) })),
  ];
}
