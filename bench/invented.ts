/** Secrets for a project: names and values of 32 characters, the same for the same project each time. */
export function secretsOf(project: number, count: number): [name: string, value: string][] {
  return Array.from({ length: count }, (_, i) => {
    const number = String(i).padStart(4, "0");
    return [`P${project}_SECRET_${number}`, `value of ${number} in ${project} `.padEnd(32, "x")];
  });
}
