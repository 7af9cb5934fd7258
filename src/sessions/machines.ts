/** A machine's name and a session's secret, as `cookieOf` joins them. Neither has a dot, or anything that means something in a header. */
const machineAndSecret = /^([A-Za-z0-9-]{1,63})\.[\w-]{43}$/;

/**
 * The value of a session's cookie: `MACHINE.SECRET`, or the secret alone where the machine has no name.
 *
 * @param machine - as the setting MACHINE_ID allows it
 * @param secret - 43 characters of base64url
 */
export function cookieOf(machine: string | undefined, secret: string): string {
  return machine === undefined ? secret : `${machine}.${secret}`;
}

/**
 * The machine that a session's cookie names; undefined where it names none. Whoever sent the cookie chose it, so it says
 * where to ask and proves nothing: letters, digits and `-`, at most 63 of them, whatever was sent.
 */
export function machineOf(cookie: string): string | undefined {
  return machineAndSecret.exec(cookie)?.[1];
}
