/** A write token's way in: what is asked of it over HTTP. Throws for an answer that is none of 200 and 201. */
export class Writer {
  #count = 0;

  constructor(
    /** Of the server, without a path. */
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Writes one secret, each time another value. How long that took, in milliseconds. */
  async writeOne(name = "WRITTEN"): Promise<number> {
    const value = `written the ${this.#count++}th time`.padEnd(32, "x");
    return this.#send("PUT", `/${name}`, { value });
  }

  /** Sets many secrets at once. How long that took, in milliseconds. */
  async setAll(set: Record<string, string>): Promise<number> {
    return this.#send("PATCH", "", { set });
  }

  async #send(method: string, path: string, body: unknown): Promise<number> {
    const began = performance.now();
    const response = await fetch(`${this.url}/api/secrets${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    const took = performance.now() - began;
    if (response.status !== 200 && response.status !== 201)
      throw new Error(`a write was answered with ${response.status}`);
    return took;
  }
}
