/** Whether a path is the API's: faults there are answered as problems and not as pages. */
export function isApi(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}
