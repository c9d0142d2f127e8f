// Bytes of files that the library writes.

/**
 * Bytes with a buffer of their own, as `Blob`, `fetch` and `writeFile` take them: `Uint8Array<ArrayBuffer>`, and plain `Uint8Array` for
 * compilers before TypeScript 5.7, where it takes no argument.
 */
export type Bytes = ReturnType<typeof Uint8Array.of>;
