/** Files that are imported as text, so that the single executable carries them. */
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.svg" {
  const text: string;
  export default text;
}
declare module "*.js" {
  const text: string;
  export default text;
}
