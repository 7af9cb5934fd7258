/** The part of autocannon that the bench uses; it has no types of its own. */
declare module "autocannon" {
  export interface Request {
    headers?: Record<string, string>;
  }

  interface Options {
    url: string;
    headers: Record<string, string>;
    connections: number;
    /** Seconds. */
    duration: number;
    /** Seconds. */
    timeout: number;
    requests?: { setupRequest(request: Request): Request }[];
  }

  interface Run extends Promise<{ errors: number; timeouts: number }> {
    on(
      event: "response",
      heard: (client: unknown, statusCode: number, bytes: number, milliseconds: number) => void,
    ): void;
  }

  export default function autocannon(options: Options): Run;
}
