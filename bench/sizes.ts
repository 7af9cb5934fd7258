/** How many secrets the views have whose speed is compared; 50 is the usual one. */
export const sizes = [0, 1, 10, 50, 100, 500, 2000] as const;
