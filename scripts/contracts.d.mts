/** Compiles every source. Returns the text of each artefact by file name; throws with the compiler's messages. */
export function compileContracts(): Record<string, string>
