/** Masks as files to send. */

/** The file to send of a mask: one that was painted here, or that of an earlier job. */
export async function fileOf(url: string, name: string): Promise<File> {
  if (!url.startsWith("data:")) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error("A mask of the earlier picture is gone. Paint it again.");
    return new File([await answer.blob()], name, { type: "image/png" });
  }
  const bytes = atob(url.slice(url.indexOf(",") + 1));
  return new File([Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))], name, { type: "image/png" });
}
