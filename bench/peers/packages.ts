/**
 * Packages that only the benchmarks have (bench/package.json). The name is not a literal, so that the compiler, which
 * checks this folder in checkouts where they are not installed, doesn't look for them; each adapter says which part of
 * a package it uses.
 */
export async function load<T>(name: string): Promise<T> {
  return (await import(name)) as T
}
