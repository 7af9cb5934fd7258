import { X509Certificate } from "node:crypto";
import { CliError } from "./cli-error.ts";
import { errorCode } from "./error-code.ts";
import { exitCodes } from "./exit-codes.ts";

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Reads certificates in PEM. They are looked at here because the TLS library takes anything, and then says no
 * more than that there is no connection.
 *
 * @param variable what named the file, for the message
 * @returns the certificates without what stood around them
 * @throws CliError when the file cannot be read, or holds no certificate or a broken one
 */
export async function readCertificates(file: string, variable: string): Promise<string> {
  const blocks = (await read(file, variable)).match(pemBlock) ?? [];
  if (blocks.length === 0) throw refuse(`${variable} names a file without a certificate in PEM: ${file}`);
  for (const [index, block] of blocks.entries()) {
    if (!isCertificate(block)) {
      throw refuse(`${variable} names a file whose certificate ${index + 1} cannot be read: ${file}`);
    }
  }
  return `${blocks.join("\n")}\n`;
}

async function read(file: string, variable: string): Promise<string> {
  try {
    return await Bun.file(file).text();
  } catch (error) {
    const code = errorCode(error);
    throw refuse(`${variable} names a file that cannot be read (${code}): ${file}`);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function refuse(message: string): CliError {
  return new CliError(message, exitCodes.usage);
}
